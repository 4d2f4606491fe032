//! Models that lower fields, by property and by feature, and models that are rejected.

use crate::hosts::{guest_fields, host, json, register, registers, run};
use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use serde_json::Value;

const WITHOUT_DP: &str = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0";

/// Checks that the guest sees the field as 0, that one register was written, and that all others
/// are as on the host.
fn lowers_one_field(machine: &Machine, property: &str, register_name: &str) {
    let model = format!("host,{property}=0");
    let report = json(machine, &["run", "--json", "--cpu", &model]);
    let field = idreg_runtime::regs::DESCRIPTION
        .property(property)
        .expect("a property")
        .field;
    let old = register(&report, "host", register_name);
    let new = field.insert(old, 0);
    assert_ne!(old, new, "the host has the field");

    let writes = report["writes"].as_array().expect("a list");
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(writes[0]["register"], register_name);
    assert_eq!(writes[0]["old"], format!("{old:#018x}"));
    assert_eq!(writes[0]["new"], format!("{new:#018x}"));

    for (name, on_host) in registers(&report, "host") {
        let expected = if name == register_name { new } else { on_host };
        assert_eq!(register(&report, "guest", &name), expected, "{name}");
    }
}

#[test]
fn guest_on_latest_max_sees_no_dot_product() {
    lowers_one_field(
        host("max", Kernel::Latest),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_latest_neoverse_n1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-n1", Kernel::Latest),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_latest_neoverse_v1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-v1", Kernel::Latest),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_lts_max_sees_no_dot_product() {
    lowers_one_field(host("max", Kernel::Lts), Dp::PROPERTY, IdAa64isar0El1::NAME);
}

#[test]
fn guest_on_lts_neoverse_n1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-n1", Kernel::Lts),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_lts_neoverse_v1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-v1", Kernel::Lts),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

/// The A64FX has no dot product, so that override needs no write. It has CRC32.
#[test]
fn guest_on_a64fx_sees_no_crc32() {
    for kernel in [Kernel::Latest, Kernel::Lts] {
        let machine = host("a64fx", kernel);
        let report = json(machine, &["run", "--json", "--cpu", WITHOUT_DP]);
        assert_eq!(report["writes"], Value::Array(Vec::new()));
        assert_eq!(register(&report, "guest", "ID_AA64ISAR0_EL1") & Dp::MASK, 0);
        lowers_one_field(
            machine,
            "SYSREG_ID_AA64ISAR0_EL1_CRC32",
            IdAa64isar0El1::NAME,
        );
    }
}

#[test]
fn several_fields_and_vcpus() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,SYSREG_ID_AA64ISAR1_EL1_DPB=0x0";
    let output = run(
        host("max", Kernel::Latest),
        &["run", "--smp", "3", "--cpu", model],
    );
    let shown = output.stdout();
    assert_eq!(output.code, 0, "{shown}{}", output.stderr());
    let row = |field: &str| {
        let row = shown
            .lines()
            .find(|line| line.split_whitespace().any(|word| word == field));
        row.expect("a row for the field")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("DP"), "47:44 DP 0x1 (IMP) 0x0 (NI) 0x0 (NI)");
    assert_eq!(row("DPB"), "3:0 DPB 0x2 (DPB2) 0x0 (NI) 0x0 (NI)");
    assert!(
        shown.contains("48 of 48 registers as planned: 46 as on the host, 2 changed"),
        "{shown}"
    );
}

#[test]
fn read_that_traps_is_absent() {
    let report = json(host("neoverse-n1", Kernel::Latest), &["run", "--json"]);
    assert_eq!(report["writes"], Value::Array(Vec::new()));
    let absent = report["absent"].as_array().expect("a list");
    assert!(absent.contains(&Value::from("SMIDR_EL1")), "{absent:?}");
    let seen = registers(&report, "guest").len();
    assert_eq!(
        seen + absent.len(),
        idreg_runtime::regs::DESCRIPTION.registers.len()
    );
}

#[test]
fn implementation_register_can_be_changed_on_latest() {
    let model = "host,SYSREG_MIDR_EL1_PartNum=0xd0c";
    let report = json(
        host("max", Kernel::Latest),
        &["run", "--json", "--cpu", model],
    );
    assert_eq!(register(&report, "guest", "MIDR_EL1") >> 4 & 0xfff, 0xd0c);
}

#[test]
fn four_bad_overrides_are_four_rejections() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DPP=0,SYSREG_ID_AA64ISAR0_EL1_DP=0x1f,\
                 SYSREG_ID_AA64PFR0_EL1_FP=0xf,SYSREG_ID_AA64ISAR0_EL1_DP=0";
    let output = run(
        host("max", Kernel::Latest),
        &["run", "--json", "--cpu", model],
    );
    assert_eq!(output.code, 1);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let rejections = report["rejections"].as_array().expect("a list");
    let reasons: Vec<_> = rejections
        .iter()
        .map(|one| one["reason"].as_str())
        .collect();
    let expected = ["unknown-property", "too-wide", "not-writable", "duplicate"].map(Some);
    assert_eq!(reasons, expected);
    assert_eq!(output.stderr().lines().count(), 5, "{}", output.stderr());
}

#[test]
fn value_above_the_host_s_is_rejected_before_kvm_is_asked() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_RNDR=0xf";
    let output = run(host("max", Kernel::Lts), &["run", "--cpu", model]);
    assert_eq!((output.code, output.stdout().as_ref()), (1, ""));
    assert_eq!(
        output.stderr(),
        "error: 1 override is not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_RNDR=0xf: above the host's value 0x1 (IMP); allowed: 0x0-0x1\n"
    );
}

#[test]
fn features_lower_all_their_fields() {
    let report = json(
        host("max", Kernel::Latest),
        &[
            "run",
            "--json",
            "--cpu",
            "host,FEAT_CRC32=off,FEAT_SHA512=off",
        ],
    );
    let properties = [
        "SYSREG_ID_AA64ISAR0_EL1_CRC32",
        "SYSREG_ID_ISAR5_EL1_CRC32",
        "SYSREG_ID_AA64ISAR0_EL1_SHA2",
    ];
    assert_eq!(guest_fields(&report, &properties), [0, 0, 1]);
    let warnings = report["warnings"].as_array().expect("a list");
    let text = warnings
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(text.contains("SHA3 needs SHA512"), "{text}");
}

#[test]
fn enforce_turns_a_warning_into_a_rejection() {
    let machine = host("neoverse-v1", Kernel::Latest);
    let model = "host,FEAT_SHA512=off";
    let warned = run(machine, &["check", "--try", "--cpu", model]);
    assert_eq!(warned.code, 0, "{}", warned.stderr());
    assert!(
        warned.stderr().starts_with("warning: SHA3 needs SHA512: "),
        "{}",
        warned.stderr()
    );
    let refused = run(
        machine,
        &["check", "--try", "--cpu", &format!("{model},enforce")],
    );
    assert_eq!((refused.code, refused.stdout().as_ref()), (1, ""));
    assert!(
        refused.stderr().contains("\n  SHA3 needs SHA512: "),
        "{}",
        refused.stderr()
    );
}

#[test]
fn old_kernel_runs_host_and_rejects_overrides() {
    let machine = host("max", Kernel::Old);
    let report = json(machine, &["run", "--json", "--cpu", "host"]);
    assert_eq!(
        register(&report, "guest", "ID_AA64ISAR0_EL1") & Dp::MASK,
        Dp::IMP.bits() << Dp::SHIFT
    );

    let output = run(machine, &["run", "--cpu", WITHOUT_DP]);
    assert_eq!((output.code, output.stdout().as_ref()), (3, ""));
    let text = output.stderr();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("has no writable ID registers, which need Linux 6.7 or newer"),
        "{text}"
    );
}
