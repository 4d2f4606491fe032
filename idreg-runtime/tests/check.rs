//! Models checked without a host: the rejections that no host can avoid.

use idreg_runtime::plan::check::rejected_everywhere;

/// The overrides that are rejected on every host, each with the name of its reason.
fn rejected(model: &str) -> Vec<(String, &'static str)> {
    let rejections = rejected_everywhere(&model.parse().expect("`host` and overrides"));
    let rejections = rejections.into_iter();
    rejections
        .map(|rejection| (rejection.asked.to_string(), rejection.reason.name()))
        .collect()
}

#[test]
fn every_reason_of_the_model_alone_is_reported() {
    for (overrides, asked, reason) in [
        ("FEAT_Nothing=on", "FEAT_Nothing=on", "unknown-property"),
        ("sve=1", "sve=0x1", "invalid-value"),
        ("enforce=1", "enforce=0x1", "invalid-value"),
        ("midr", "midr", "invalid-value"),
        (
            "SYSREG_ID_AA64ISAR0_EL1_DP=16",
            "SYSREG_ID_AA64ISAR0_EL1_DP=0x10",
            "too-wide",
        ),
        (
            "SYSREG_ID_AA64ISAR0_EL1_DP=2",
            "SYSREG_ID_AA64ISAR0_EL1_DP=0x2",
            "unnamed-value",
        ),
        (
            "SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_DP=1",
            "SYSREG_ID_AA64ISAR0_EL1_DP=0x1",
            "duplicate",
        ),
        (
            "FEAT_SHA512=off,FEAT_SHA512=on",
            "FEAT_SHA512=on",
            "duplicate",
        ),
        ("midr=1,midr=1", "midr=0x1", "duplicate"),
        ("sve=off,sve=on", "sve=on", "duplicate"),
        ("enforce=on,enforce=off", "enforce=off", "duplicate"),
        ("enforce,enforce", "enforce=on", "duplicate"),
        ("enforce=true", "enforce=true", "invalid-value"),
        ("sve=off,sve256=on", "sve256=on", "conflict"),
        ("sve100=on", "sve100=on", "no-vector-length"),
        ("sve4096=off", "sve4096=off", "no-vector-length"),
        ("sve128=off", "sve128=off", "shortest-vector-length"),
    ] {
        let expected = [(asked.to_owned(), reason)];
        assert_eq!(rejected(&format!("host,{overrides}")), expected);
    }
}

#[test]
fn rejections_come_in_the_order_of_the_model() {
    let rejected = rejected("host,SYSREG_ID_AA64ISAR0_EL1_DP=2,mte=5,FEAT_SHA512=off,hots=1");
    let names: Vec<&str> = rejected.iter().map(|(_, reason)| *reason).collect();
    assert_eq!(
        names,
        ["unnamed-value", "invalid-value", "unknown-property"]
    );
}

#[test]
fn a_model_that_only_a_host_can_reject_is_not_rejected() {
    // Not writable on any kernel, owned by an option, not supported by every host, and above the
    // value of most.
    for overrides in [
        "SYSREG_ID_AA64PFR0_EL1_FP=0",
        "SYSREG_ID_AA64PFR0_EL1_SVE=1",
        "el2=on,mte=on,sve2048=on",
        "FEAT_SHA512=on,midr=0x413fd0c1,enforce",
    ] {
        assert_eq!(rejected(&format!("host,{overrides}")), []);
    }
}
