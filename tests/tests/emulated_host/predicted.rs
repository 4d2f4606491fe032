//! KVM's behaviour compared with the predictions, value by value and at random.

use crate::hosts::{host, host_with_everything, json, json_of};
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use idreg_tests::program::Program;

/// KVM accepts exactly the allowed values of each field, except where idreg itself rejects values.
#[test]
fn kvm_accepts_the_allowed_values_of_props() {
    for (cpu, kernel) in [
        ("max", Kernel::Latest),
        ("max", Kernel::Lts),
        ("neoverse-v1", Kernel::Latest),
        ("a64fx", Kernel::Latest),
    ] {
        let report = json(host(cpu, kernel), &["props", "--json", "--all", "--try"]);
        let properties = report["properties"].as_array().expect("a list");
        let mut writable = 0;
        for property in properties.iter().filter(|one| one["writable"] == true) {
            // Only fields of up to four bits are tried value by value.
            let of = property["property"]
                .as_str()
                .and_then(|name| idreg_runtime::regs::DESCRIPTION.property(name));
            let of = of.expect("a property");
            if of.field.width() > 4
                || of.field.rule().owner.is_some()
                || !of.field.rule().refused.is_empty()
            {
                continue;
            }
            writable += 1;
            assert_eq!(
                property["taken"], property["allowed"],
                "{cpu} {kernel} {of}"
            );
        }
        assert!(writable > 30, "{cpu} {kernel}: {writable}");
    }
}

/// Each machine covers other rules of KVM.
#[test]
fn kvm_does_what_is_predicted() {
    for (cpu, kernel) in [
        ("max", Kernel::Latest),
        ("max", Kernel::Lts),
        ("neoverse-v1", Kernel::Latest),
        ("neoverse-n1", Kernel::Lts),
        ("a64fx", Kernel::Latest),
        ("a64fx", Kernel::Lts),
        ("neoverse-n2", Kernel::Latest),
        ("cortex-a57", Kernel::Lts),
    ] {
        agrees(host(cpu, kernel), "host", 600);
    }
}

fn agrees(machine: &Machine, model: &str, count: u32) {
    let tries = count.to_string();
    let arguments = ["--count", &tries, "--seed", "4", "--cpu", model, "--json"];
    let report = json_of(Program::Conformance, machine, &arguments);
    assert_eq!(report["tried"], count, "{model}");
    assert_eq!(
        (&report["disagree"], &report["agree"]),
        (&0.into(), &count.into()),
        "{} {model}: {}",
        machine.release(),
        report["examples"]
    );
}

#[test]
fn kvm_does_what_is_predicted_with_other_options() {
    let plain = host("max", Kernel::Latest);
    let full = host_with_everything();
    for (machine, model, count) in [
        (plain, "host,sve=off,pauth=off,pmu=off", 600),
        (plain, "host,sve256=on", 600),
        (full, "host,mte=on", 600),
        // The emulated host takes a second to create a VM for guest hypervisors.
        (full, "host,el2=on", 60),
    ] {
        agrees(machine, model, count);
    }
}

/// The kernel counts no more ioctls for the library than for the bare ioctls.
#[test]
fn no_ioctl_is_made_twice() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,midr=0x413fd0c1";
    for kernel in [Kernel::Latest, Kernel::Lts] {
        let machine = host("neoverse-n1", kernel);
        let model = if kernel == Kernel::Lts { "host" } else { model };
        let arguments = ["--count", "2", "--json", "--cpu", model];
        let report = json_of(Program::Overhead, machine, &arguments);
        let ioctls = &report["ioctls"];
        assert!(ioctls["library"].as_u64() > Some(100), "{ioctls}");
        assert_eq!(ioctls["library"], ioctls["minimum"], "{ioctls}");
    }
}
