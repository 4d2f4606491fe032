//! VMMs outside the workspace on existing VMs: crates in `tests/outside`, the programs of the
//! library's README, and its examples.
//!
//! The crates depend on the package of the library as it would be published, and are built with the
//! oldest Rust that it supports.

mod package;
mod toolchain;

use crate::hosts::host;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{COMMAND_LIMIT, Machine, Output};
use idreg_tests::program::Executable;
use package::OutsideCrate;
use std::path::Path;

const KERNELS: [Kernel; 2] = [Kernel::Lts, Kernel::Latest];

/// Both kernels let a VMM turn it off on the CPU `max`.
const DOT_PRODUCT_OFF: &str = "SYSREG_ID_AA64ISAR0_EL1_DP: 0x1 -> 0x0\n";

#[test]
fn vmm_with_another_minor_version_of_kvm_ioctls() {
    let outside = OutsideCrate::existing("existing_vm");
    let lock = std::fs::read_to_string("../Cargo.lock").expect("the lock of the workspace");
    let ours = version(&lock, "kvm-ioctls").expect("a dependency");
    let theirs = outside.lock();
    let theirs = version(&theirs, "kvm-ioctls").expect("a dependency");
    assert_ne!(minor(&ours), minor(&theirs));

    changes_and_verifies(&outside.build("existing-vm"));
}

#[test]
fn vmm_that_implements_the_trait_alone() {
    let outside = OutsideCrate::existing("own_kvm");
    for name in ["kvm-ioctls", "kvm-bindings"] {
        assert_eq!(version(&outside.lock(), name), None, "{name}");
    }
    changes_and_verifies(&outside.build("own-kvm"));
}

/// Runs a VMM with models that the host has and does not have.
fn changes_and_verifies(program: &Path) {
    for kernel in KERNELS {
        let machine = host("max", kernel);
        let output = run(machine, program, &[]);
        let shown = shown(&output);
        assert_eq!(output.code, 0, "{shown}");
        assert!(output.stdout().contains(DOT_PRODUCT_OFF), "{shown}");
        assert!(output.stdout().ends_with("verified: 2 vCPUs\n"), "{shown}");

        let output = run(machine, program, &["host,SYSREG_ID_AA64ISAR0_EL1_DP=2"]);
        assert_eq!((output.code, output.stdout().as_ref()), (1, ""));
        assert!(output.stderr().contains("SYSREG_ID_AA64ISAR0_EL1_DP"));
    }
}

/// The first program of the README runs on any machine, the second one needs KVM.
#[test]
fn programs_of_the_librarys_readme() {
    let readme = std::fs::read_to_string("../idreg-runtime/README.md").expect("a README");
    let programs: Vec<_> = rust_blocks(&readme).collect();
    let [first, with_kvm] = programs[..] else {
        panic!("{programs:#?}");
    };

    let my_vmm = OutsideCrate::new("my-vmm", "default-features = false, features = [\"serde\"]");
    my_vmm.write("src/main.rs", first);
    let hosts = "data/hosts/max-latest.json";
    let recorded = std::fs::read_to_string(Path::new("../idreg-runtime").join(hosts));
    my_vmm.write(hosts, &recorded.expect("a host file of the package"));
    let first = my_vmm.build("my-vmm");

    let my_vmm_on_arm = OutsideCrate::new("my-vmm-on-arm", "default-features = true");
    my_vmm_on_arm.write("src/main.rs", with_kvm);
    let with_kvm = my_vmm_on_arm.build("my-vmm-on-arm");

    for kernel in KERNELS {
        let machine = host("max", kernel);
        let output = run(machine, &first, &[]);
        assert_eq!(output.code, 0, "{}", shown(&output));
        for reason in ["SYSREG_ID_AA64ISAR0_EL1_DP", "FEAT_SHA512"] {
            assert!(output.stdout().contains(reason), "{}", shown(&output));
        }
        let output = run(machine, &with_kvm, &[]);
        assert_eq!(output.code, 0, "{}", shown(&output));
        assert!(
            output.stdout().contains(DOT_PRODUCT_OFF),
            "{}",
            shown(&output)
        );
    }
}

#[test]
fn examples_of_the_library_that_use_kvm() {
    for (example, expected) in [
        ("firecracker", DOT_PRODUCT_OFF),
        (
            "cloud_hypervisor",
            "SYSREG_ID_AA64ISAR1_EL1_I8MM: 0x1 -> 0x0\n",
        ),
    ] {
        let program = package::example(example);
        for kernel in KERNELS {
            let output = run(host("max", kernel), &program, &[]);
            assert_eq!(output.code, 0, "{}", shown(&output));
            assert!(output.stdout().contains(expected), "{}", shown(&output));
        }
    }
}

/// Runs a program of this machine's in the host, under its own name.
fn run(machine: &Machine, program: &Path, arguments: &[&str]) -> Output {
    let name = program.file_name().expect("a program");
    let name = name.to_str().expect("a name in UTF-8").to_owned();
    let bytes = std::fs::read(program).expect("a built program");
    machine.put(&name, &bytes).expect("room in the host");
    let running = machine.start(Executable::File(name), arguments);
    let output = running.and_then(|running| running.output(COMMAND_LIMIT));
    output.expect("it runs to its end")
}

fn shown(output: &Output) -> String {
    format!("{}{}", output.stdout(), output.stderr())
}

/// The text of the blocks of Rust code in a README.
fn rust_blocks(readme: &str) -> impl Iterator<Item = &str> {
    let blocks = readme.split("\n```rust").skip(1);
    blocks.filter_map(|block| Some(block.split_once('\n')?.1.split_once("\n```")?.0))
}

/// The version of a package in the text of a lock file.
fn version(lock: &str, package: &str) -> Option<String> {
    let (_, entry) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(entry.split_once('"')?.0.to_owned())
}

fn minor(version: &str) -> Option<&str> {
    Some(version.rsplit_once('.')?.0)
}
