//! Features of the architecture in a model, and the rules between them.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_12, MAX_7_2, edited, host, with, without};
use idreg_runtime::plan::{Plan, PlanError, Warning};
use idreg_runtime::regs::DESCRIPTION;

fn plan(file: &str, model: &str) -> Result<Plan, PlanError> {
    Plan::new(&host(file), &model.parse().expect("`host` and overrides"))
}

fn changes(file: &str, model: &str) -> Vec<String> {
    let plan = plan(file, model).expect("a model that is possible");
    let changes = plan.changes().iter();
    changes
        .map(|change| format!("{}={:#x}", change.field, change.new))
        .collect()
}

fn warnings(model: &str) -> Vec<String> {
    let plan = plan(MAX_7_2, model).expect("a model that is possible");
    plan.warnings().iter().map(Warning::to_string).collect()
}

#[track_caller]
fn refused(model: &str, expected: &str) {
    let text = plan(MAX_7_2, model)
        .expect_err("a model that is not possible")
        .to_string();
    let reasons: Vec<&str> = text.lines().skip(1).map(str::trim).collect();
    assert_eq!(reasons, [expected]);
}

#[test]
fn feature_that_is_off_leaves_the_next_lower_named_value() {
    for (feature, change) in [
        ("FEAT_SHA512", "SYSREG_ID_AA64ISAR0_EL1_SHA2=0x1"),
        ("FEAT_LSE", "SYSREG_ID_AA64ISAR0_EL1_ATOMIC=0x0"),
        ("FEAT_FlagM2", "SYSREG_ID_AA64ISAR0_EL1_TS=0x1"),
    ] {
        assert_eq!(changes(MAX_7_2, &format!("host,{feature}=off")), [change]);
    }
}

#[test]
fn all_fields_of_a_feature_change_together() {
    assert_eq!(
        changes(MAX_7_2, "host,FEAT_CRC32=off"),
        [
            "SYSREG_ID_AA64ISAR0_EL1_CRC32=0x0",
            "SYSREG_ID_ISAR5_EL1_CRC32=0x0"
        ]
    );
}

#[test]
fn aarch32_fields_do_not_count_without_aarch32() {
    assert_eq!(
        changes(A64FX_7_2, "host,FEAT_CRC32=off"),
        ["SYSREG_ID_AA64ISAR0_EL1_CRC32=0x0"]
    );
}

#[test]
fn feature_that_is_there_may_be_on_and_changes_nothing() {
    assert!(changes(MAX_7_2, "host,FEAT_SHA512=on,FEAT_SHA256=on").is_empty());
    assert!(changes(A64FX_7_2, "host,FEAT_DotProd=off").is_empty());
}

#[test]
fn feature_that_the_host_lacks_cannot_be_on() {
    let text = plan(A64FX_7_2, "host,FEAT_DotProd=on")
        .unwrap_err()
        .to_string();
    assert!(
        text.ends_with(
            "FEAT_DotProd=on, which is SYSREG_ID_AA64ISAR0_EL1_DP=0x1 (IMP): above the host's \
             value 0x0 (NI); no other value is allowed"
        ),
        "{text}"
    );
}

/// TGRAN4 is above the minimum and fixed, so only TGRAN16 is in the way.
#[test]
fn fixed_field_above_the_minimum_meets_a_definition() {
    let (four, sixteen) = (
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN4",
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN16",
    );
    let fixed = DESCRIPTION.property(four).expect(four).field.mask();
    let file = with(&[(four, 2), (sixteen, 1)]);
    let file = edited(&file, "ID_AA64MMFR0_EL1", "writable", |mask| mask & !fixed);
    let on = changes(&file, "host,FEAT_LPA2=on");
    assert_eq!(on, [format!("{sixteen}=0x0")]);
}

#[test]
fn feature_of_an_option_names_it() {
    refused(
        "host,FEAT_SVE=off",
        "FEAT_SVE=off, which is SYSREG_ID_AA64PFR0_EL1_SVE=0x0 (NI): the option sve sets this \
         field; use sve=off",
    );
}

/// One definition is of a register that the host lacks, so the option does not decide alone.
#[test]
fn other_obstacles_than_an_option_are_all_named() {
    let error = plan(&without("ID_AA64ISAR2_EL1"), "host,FEAT_EPAC=on").unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 override is not possible on this host; nothing was written:\n  \
         FEAT_EPAC=on: none of its definitions is possible here; \
         SYSREG_ID_AA64ISAR1_EL1_APA=0x2 (EPAC): the option pauth sets this field, on this host to \
         0x0 (NI); SYSREG_ID_AA64ISAR1_EL1_API=0x2 (EPAC): the option pauth sets this field, on \
         this host to 0x5 (FPACCOMBINE); SYSREG_ID_AA64ISAR2_EL1_APA3=0x2 (EPAC): this host's KVM \
         does not have the register"
    );
}

#[test]
fn constraints_on_one_field_are_met_together() {
    assert_eq!(
        changes(MAX_7_2, "host,FEAT_SHA512=off,FEAT_SHA256=off"),
        [
            "SYSREG_ID_AA64ISAR0_EL1_SHA2=0x0",
            "SYSREG_ID_ISAR5_EL1_SHA2=0x0"
        ]
    );
    assert_eq!(
        changes(MAX_7_2, "host,FEAT_SHA512=off,FEAT_SHA256=on"),
        ["SYSREG_ID_AA64ISAR0_EL1_SHA2=0x1"]
    );
    assert_eq!(
        changes(
            MAX_7_2,
            "host,FEAT_SHA512=off,SYSREG_ID_AA64ISAR0_EL1_SHA2=0"
        ),
        ["SYSREG_ID_AA64ISAR0_EL1_SHA2=0x0"]
    );
}

#[test]
fn contradicting_overrides_are_refused() {
    refused(
        "host,FEAT_SHA256=off,FEAT_SHA512=on",
        "FEAT_SHA512=on, which is SYSREG_ID_AA64ISAR0_EL1_SHA2=0x2 (SHA512): contradicts \
         FEAT_SHA256=off; leave one of them out",
    );
    refused(
        "host,SYSREG_ID_AA64ISAR0_EL1_SHA2=2,FEAT_SHA512=off",
        "FEAT_SHA512=off, which is SYSREG_ID_AA64ISAR0_EL1_SHA2=0x1 (SHA256): \
         contradicts SYSREG_ID_AA64ISAR0_EL1_SHA2=0x2; leave one of them out",
    );
    refused(
        "host,midr=0x413fd0c1,SYSREG_MIDR_EL1_PartNum=0xd40",
        "SYSREG_MIDR_EL1_PartNum=0xd40: contradicts midr=0x413fd0c1; leave one of them out",
    );
}

#[test]
fn feature_accepts_on_or_off() {
    refused(
        "host,FEAT_DotProd=0",
        "FEAT_DotProd=0x0: `0` is neither `on` nor `off`",
    );
    refused(
        "host,FEAT_DotProd",
        "FEAT_DotProd: no value given: the form is `FEAT_DotProd=on` or `=off`",
    );
}

#[test]
fn whole_register_is_its_fields() {
    let plan = plan(MAX_7_2, "host,midr=0x413fd0c1,revidr=7").unwrap();
    let written: Vec<_> = plan.writes().iter().map(|write| write.new).collect();
    assert_eq!(written, [0x413f_d0c1, 7]);
    refused(
        "host,midr=0x1413fd0c1",
        "midr=0x1413fd0c1: too wide: the register's other bits are reserved; maximum: 0xffffffff",
    );
}

#[test]
fn value_without_a_name_is_a_warning() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_ATOMIC=1";
    let unnamed = "SYSREG_ID_AA64ISAR0_EL1_ATOMIC=0x1: the value has no name in the description";
    assert!(warnings(model).iter().any(|warning| warning == unnamed));
}

#[test]
fn rule_that_overrides_break_is_a_warning_in_words() {
    assert_eq!(
        warnings("host,FEAT_SHA512=off"),
        [
            "SHA3 needs SHA512: ID_AA64ISAR0_EL1.SHA3=0x1 (IMP) while ID_AA64ISAR0_EL1.SHA2=0x1 \
             (SHA256)"
        ]
    );
}

#[test]
fn enforce_makes_errors_of_broken_rules() {
    let error = plan(MAX_7_2, "host,FEAT_SHA512=off,enforce").unwrap_err();
    assert!(matches!(error, PlanError::Inconsistent(_)));
    let text = error.to_string();
    assert!(text.contains("\n  SHA3 needs SHA512: "), "{text}");
    assert!(
        plan(
            MAX_7_2,
            "host,FEAT_SHA512=off,FEAT_SHA3=off,FEAT_SVE_SHA3=off,enforce"
        )
        .is_ok()
    );
}

/// KVM caps and hides fields one by one; no override causes the inconsistencies of the host itself.
#[test]
fn rules_that_the_host_breaks_are_not_reported() {
    for file in [MAX_7_2, A64FX_7_2] {
        assert!(plan(file, "host,enforce").unwrap().warnings().is_empty());
    }
}

#[test]
fn options_keep_the_rules() {
    for option in ["sve=off", "pauth=off", "pmu=off"] {
        let plan = plan(MAX_7_2, &format!("host,{option},enforce"));
        assert!(plan.is_ok(), "{option}: {plan:?}");
    }
}

/// Turning off any feature leaves a guest without it, or is rejected with the reason.
#[test]
fn every_feature_can_be_turned_off_or_is_rejected() {
    let host = host(MAX_7_2);
    for feature in DESCRIPTION.features.iter() {
        match plan(MAX_7_2, &format!("host,{}=off", feature.name())) {
            Ok(plan) => assert!(!plan.expected().has(feature), "{}", feature.name()),
            Err(PlanError::Rejected(rejections)) => {
                assert!(host.values().has(feature), "{}", feature.name());
                assert!(!rejections.is_empty());
            }
            Err(error) => panic!("{}: {error}", feature.name()),
        }
    }
}

/// KVM shows ID_ISAR5_EL1.VCMA as zero on every host.
#[test]
fn aarch64_decides_where_kvm_hides_the_aarch32_field() {
    let host = host(MAX_7_2);
    let feature = DESCRIPTION.feature("FEAT_FCMA").expect("a feature");
    assert!(host.values().has(feature));
    assert!(changes(MAX_7_2, "host,FEAT_FCMA=on").is_empty());
    let off = changes(MAX_7_2, "host,FEAT_FCMA=off");
    assert_eq!(off, ["SYSREG_ID_AA64ISAR1_EL1_FCMA=0x0"]);
}

#[test]
fn aarch32_field_stays_where_the_feature_is_not_there_anyway() {
    assert!(changes(MAX_7_2, "host,FEAT_CSV2_1p1=off").is_empty());
}

#[test]
fn override_of_several_fields_is_reported_once() {
    refused(
        "host,FEAT_PMUv3=off",
        "FEAT_PMUv3=off, which is SYSREG_ID_AA64DFR0_EL1_PMUVer=0x0 (NI): the option pmu sets \
         this field; \
         use pmu=off; allowed: 0x1-0x6",
    );
    let error = plan(MAX_6_12, "host,midr=0x413fd0c1").expect_err("a kernel that fixes MIDR_EL1");
    assert_eq!(
        error.to_string(),
        "1 override is not possible on this host; nothing was written:\n  \
         midr=0x413fd0c1, which is SYSREG_MIDR_EL1_Implementer=0x41: kernel \
         6.12.95+deb12-cloud-arm64 does not allow changes of this field; keep the host's value 0x0"
    );
}

#[test]
fn cpu_has_at_least_one_size_of_pages() {
    let model = "host,SYSREG_ID_AA64MMFR0_EL1_TGRAN4=0xf,SYSREG_ID_AA64MMFR0_EL1_TGRAN16=0,\
                 SYSREG_ID_AA64MMFR0_EL1_TGRAN64=0xf";
    let violated = "at least one of TGran4K, TGran16K or TGran64K must be there: \
                    ID_AA64MMFR0_EL1.TGRAN4=0xf (NI) while ID_AA64MMFR0_EL1.TGRAN16=0x0 (NI) and \
                    ID_AA64MMFR0_EL1.TGRAN64=0xf (NI)";
    assert_eq!(warnings(model), [violated]);
    refused(&format!("{model},enforce"), violated);
    let one = model.replace("TGRAN64=0xf", "TGRAN64=0");
    assert!(plan(MAX_7_2, &format!("{one},enforce")).is_ok());
}

/// A feature of a host has its required features, as far as KVM shows them.
#[test]
fn hosts_are_consistent_but_for_what_kvm_hides() {
    for file in [MAX_7_2, A64FX_7_2] {
        let host = host(file);
        let has = |name: &str| {
            let feature = DESCRIPTION.feature(name).expect("a feature");
            host.values().has(feature)
        };
        assert!(has("FEAT_FP") && has("FEAT_AdvSIMD") && has("FEAT_FCMA") && has("FEAT_CRC32"));
        assert!(has("FEAT_RAS") || !has("FEAT_DoubleFault"));
    }
}
