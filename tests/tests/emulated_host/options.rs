//! Options of the vCPU: the ID fields that they hide from the guest or show it.

use crate::hosts::{guest_fields, host, host_with_everything, json, register, run};
use idreg_runtime::host::Host;
use idreg_tests::artifacts::Kernel;
use serde_json::Value;

#[test]
fn options_hide_their_fields_from_the_guest() {
    let machine = host("max", Kernel::Latest);
    let fields = [
        (
            "sve",
            &["SYSREG_ID_AA64PFR0_EL1_SVE", "SYSREG_ID_AA64ZFR0_EL1_AES"][..],
        ),
        (
            "pauth",
            &["SYSREG_ID_AA64ISAR1_EL1_API", "SYSREG_ID_AA64ISAR1_EL1_GPI"],
        ),
        (
            "pmu",
            &[
                "SYSREG_ID_AA64DFR0_EL1_PMUVer",
                "SYSREG_ID_DFR0_EL1_PerfMon",
            ],
        ),
    ];
    for (option, properties) in fields {
        let with = json(machine, &["run", "--json"]);
        let without = json(
            machine,
            &["run", "--json", "--cpu", &format!("host,{option}=off")],
        );
        let some = guest_fields(&with, properties)
            .iter()
            .any(|value| *value != 0);
        assert!(some, "{option}: {properties:?}");
        assert_eq!(
            guest_fields(&without, properties),
            vec![0; properties.len()],
            "{option}"
        );
        assert_eq!(
            without["writes"],
            Value::Array(Vec::new()),
            "KVM hides them by itself"
        );
    }
}

/// The host derived from a host file without an option equals the host read without this option.
#[test]
fn options_that_are_off_can_be_derived() {
    for (cpu, kernel) in [
        ("max", Kernel::Latest),
        ("max", Kernel::Lts),
        ("neoverse-v1", Kernel::Latest),
    ] {
        let machine = host(cpu, kernel);
        let dumped = |model: &str| -> Host {
            let output = run(machine, &["dump", "--cpu", model]);
            serde_json::from_slice(&output.stdout).expect("a host file")
        };
        let all = dumped("host");
        for model in [
            "host,sve=off",
            "host,pauth=off",
            "host,pmu=off",
            "host,sve=off,pauth=off,pmu=off",
        ] {
            let read = dumped(model);
            let derived = all.reconfigured(read.info().vcpu).expect("a host without");
            assert_eq!(derived, read, "{cpu} {kernel} {model}");
        }
    }
}

#[test]
fn vector_lengths_are_limited_for_every_vcpu() {
    let machine = host("max", Kernel::Latest);
    let report = json(
        machine,
        &[
            "check",
            "--json",
            "--try",
            "--run",
            "--cpu",
            "host,sve256=on",
        ],
    );
    assert_eq!(report["vcpu"]["sve_limit"], 256);
    assert_eq!(report["tried"], "run");
    let output = run(machine, &["run", "--smp", "2", "--cpu", "host,sve512=off"]);
    assert_eq!(output.code, 0, "{}", output.stderr());
    let output = run(machine, &["check", "--try", "--cpu", "host,sve200=on"]);
    assert_eq!(output.code, 1);
    assert!(
        output
            .stderr()
            .contains("sve200=on: the host does not have this vector length; it has 128, 256,")
    );
}

#[test]
fn tagging_is_possible_on_a_machine_that_has_it() {
    let machine = host_with_everything();
    let fields = &["SYSREG_ID_AA64PFR1_EL1_MTE"][..];
    let without = json(machine, &["run", "--json"]);
    assert_eq!(guest_fields(&without, fields), [0]);
    let with = json(machine, &["run", "--json", "--cpu", "host,mte=on"]);
    assert!(guest_fields(&with, fields) >= vec![2], "{with:?}");
    assert_ne!(
        register(&with, "guest", "CLIDR_EL1"),
        register(&without, "guest", "CLIDR_EL1")
    );
}

#[test]
fn tagging_that_is_off_can_be_derived() {
    let machine = host_with_everything();
    let dumped = |model: &str| -> Host {
        let output = run(machine, &["dump", "--cpu", model]);
        serde_json::from_slice(&output.stdout).expect("a host file")
    };
    let (with, without) = (dumped("host,mte=on"), dumped("host"));
    assert_ne!(with.values(), without.values());
    let derived = with
        .reconfigured(without.info().vcpu)
        .expect("a host without");
    assert_eq!(derived, without);
}

/// The guest starts at EL2 and sees all that KVM shows guest hypervisors, which is less in many
/// fields.
#[test]
fn guest_hypervisor_sees_what_is_predicted() {
    let machine = host_with_everything();
    let fields = &["SYSREG_ID_AA64MMFR4_EL1_E2H0", "SYSREG_ID_AA64PFR0_EL1_EL2"][..];
    let report = json(machine, &["run", "--json", "--cpu", "host,el2=on"]);
    assert_eq!(guest_fields(&report, fields), [0xe, 1]);
    let lowered = "host,el2=on,FEAT_DotProd=off";
    let report = json(machine, &["run", "--json", "--cpu", lowered]);
    assert_eq!(guest_fields(&report, &["SYSREG_ID_AA64ISAR0_EL1_DP"]), [0]);
    let refused = run(
        machine,
        &["run", "--cpu", "host,el2=on,SYSREG_ID_AA64PFR0_EL1_EL2=0"],
    );
    assert_eq!(refused.code, 1, "{}", refused.stdout());
}

#[test]
fn guest_in_aarch32_is_applied_and_not_run() {
    let machine = host("cortex-a57", Kernel::Latest);
    let model = "host,aarch64=off,FEAT_CRC32=off";
    let report = json(machine, &["check", "--json", "--try", "--cpu", model]);
    assert_eq!(
        (&report["tried"], &report["vcpu"]["aarch32"]),
        (&"applied".into(), &true.into())
    );
    let output = run(machine, &["run", "--cpu", model]);
    assert_eq!((output.code, output.stdout().as_ref()), (3, ""));
    assert!(
        output
            .stderr()
            .contains("`idreg check --try` applies such a model"),
        "{}",
        output.stderr()
    );
}

#[test]
fn options_that_a_host_lacks_are_rejected_before_a_vm_is_created() {
    let machine = host("a64fx", Kernel::Latest);
    let model = "host,pauth=on,mte=on,el2=on,aarch64=off,sve1024=on";
    let output = run(machine, &["run", "--cpu", model]);
    assert_eq!((output.code, output.stdout().as_ref()), (1, ""));
    let text = output.stderr();
    for expected in [
        "pauth=on: not supported by this host's KVM (no KVM_CAP_ARM_PTRAUTH_ADDRESS)",
        "mte=on: not supported by this host's KVM (no KVM_CAP_ARM_MTE)",
        "el2=on: not supported by this host's KVM (no KVM_CAP_ARM_EL2)",
        "aarch64=off: not supported by this host's KVM (no KVM_CAP_ARM_EL1_32BIT)",
        "sve1024=on: the host does not have this vector length; it has 128, 256 or 512 bits",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
