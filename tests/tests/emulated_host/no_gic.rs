//! A host whose KVM offers guests no interrupt controller.

use crate::hosts::{boot, json, register, run};
use dtoolkit::fdt::Fdt;
use dtoolkit::model::DeviceTree;
use idreg_tests::artifacts::{Artifacts, Kernel};
use idreg_tests::machine::{Machine, Options};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Boots a host without the GIC's maintenance interrupt, which KVM's GICs need (Linux 7.2,
/// `drivers/irqchip/irq-gic-v3.c`, `gic_of_setup_kvm_info`). KVM itself works without them
/// (`arch/arm64/kvm/arm.c`, `init_subsystems`).
fn host_without_a_guests_gic(directory: &Path) -> &'static Machine {
    let tree = directory.join("host.dtb");
    write_device_tree(&tree);
    let full = fs::read(&tree).expect("a file");
    let mut bare = DeviceTree::from_fdt(&Fdt::new(&full).expect("a tree"));
    let gic = bare.root.child_mut("intc@8000000").expect("a GIC");
    gic.remove_property("interrupts")
        .expect("a maintenance interrupt");
    fs::write(&tree, bare.to_dtb()).expect("a file");
    boot(&Options {
        machine: vec![format!("dtb={}", tree.display())],
        ..Options::emulated("max", Kernel::Latest)
    })
}

/// Writes QEMU's device tree of a host of default size.
fn write_device_tree(path: &Path) {
    let artifacts = Artifacts::from_environment().expect("an emulated host");
    let qemu = &artifacts.emulation().expect("an emulated host").qemu;
    let Options { smp, memory, .. } = Options::default();
    let dump = format!(
        "virt,virtualization=on,gic-version=3,dumpdtb={}",
        path.display()
    );
    let output = Command::new(qemu)
        .args([
            "-M",
            &dump,
            "-cpu",
            "max",
            "-smp",
            &smp.to_string(),
            "-m",
            &memory,
        ])
        .args(["-nic", "none", "-display", "none"])
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn linux_guests_are_refused_without_a_gic_and_the_built_in_guest_runs() {
    let directory = tempfile::tempdir().expect("a directory");
    let machine = host_without_a_guests_gic(directory.path());
    machine.put_linux(None).expect("a kernel");
    let refused = run(
        machine,
        &["run", "--kernel", "Image", "--report", "report.json"],
    );
    assert_eq!((refused.code, refused.stdout().as_ref()), (3, ""));
    let said = refused.stderr();
    assert!(
        said.contains("KVM on this host offers neither a GICv3 nor a GICv2"),
        "{said}"
    );
    assert!(machine.get("report.json").is_err(), "no guest ran");

    let report = json(machine, &["run", "--json"]);
    let pfr0 = register(&report, "guest", "ID_AA64PFR0_EL1");
    // ID_AA64PFR0_EL1.GIC.
    assert_eq!(pfr0 >> 24 & 0xf, 0);
    let host = json(machine, &["dump"]);
    assert_eq!(host["vcpu"]["gic"], Value::Null);
}
