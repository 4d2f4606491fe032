//! Models against a recorded host: the writes, and every reason of a rejection.

mod hosts;

use hosts::{MAX_6_1, MAX_7_2, host};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::{Plan, PlanError};
use idreg_runtime::regs::{self, IdAa64isar0El1, id_aa64isar0_el1};

fn plan(host_file: &str, model: &str) -> Result<Plan, PlanError> {
    Plan::new(
        &host(host_file),
        &model.parse().expect("`host` and overrides"),
    )
}

/// Checks the whole message of a rejected model.
fn refused(model: &str, expected: &str) {
    let error = plan(MAX_7_2, model).expect_err("a model that is not possible");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn only_registers_that_change_are_written() {
    let plan = plan(
        MAX_7_2,
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_RNDR=0,\
         SYSREG_ID_AA64ISAR1_EL1_DPB=2,SYSREG_ID_AA64PFR0_EL1_FP=1",
    )
    .unwrap();
    let names: Vec<_> = plan
        .writes()
        .iter()
        .map(|write| write.register.name)
        .collect();
    assert_eq!(names, ["ID_AA64ISAR0_EL1"]);
    assert_eq!(
        plan.writes()[0].old ^ plan.writes()[0].new,
        0x1000_1000_0000_0000
    );
    assert_eq!(plan.changes().len(), 2);
    let expected: IdAa64isar0El1 = plan.expected().get_as().unwrap();
    assert_eq!(expected.dp(), id_aa64isar0_el1::Dp::NI);
    assert_eq!(expected.sha2(), id_aa64isar0_el1::Sha2::SHA512);
}

#[test]
fn debug_of_an_error_is_its_message() {
    let error = plan(MAX_7_2, "host,sve=maybe").expect_err("neither on nor off");
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn host_alone_needs_no_write() {
    for file in [MAX_7_2, MAX_6_1] {
        assert!(plan(file, "host").unwrap().writes().is_empty());
    }
}

#[test]
fn writes_are_equal_by_register_and_both_values() {
    let plan = plan(
        MAX_7_2,
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR1_EL1_DPB=0",
    )
    .unwrap();
    let [first, second] = plan.writes() else {
        panic!("{:?}", plan.writes())
    };
    assert_eq!(first, &first.clone());
    let mut other = *first;
    other.register = second.register;
    assert_ne!(first, &other);
    other = *first;
    other.old ^= 1;
    assert_ne!(first, &other);
    other = *first;
    other.new ^= 1;
    assert_ne!(first, &other);
}

#[test]
fn unknown_property_names_the_nearest() {
    refused(
        "host,SYSREG_ID_AA64ISAR0_EL1_dp=0",
        "1 override is not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_dp=0x0: no such property; did you mean \
         SYSREG_ID_AA64ISAR0_EL1_DP?",
    );
    refused(
        "host,pauht=off",
        "1 override is not possible on this host; nothing was written:\n  \
         pauht=off: no such property; did you mean pauth?",
    );
    refused(
        "host,FEAT_DotPrd=off",
        "1 override is not possible on this host; nothing was written:\n  \
         FEAT_DotPrd=off: no such property; did you mean FEAT_DotProd?",
    );
    refused(
        "host,nonsense=off",
        "1 override is not possible on this host; nothing was written:\n  \
         nonsense=off: no such property; the form is SYSREG_<REGISTER>_<FIELD>=<VALUE>, \
         FEAT_<NAME>=on|off or <OPTION>=on|off",
    );
}

#[test]
fn value_too_wide() {
    refused(
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x10",
        "1 override is not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_DP=0x10: too wide: the field has 4 bits; maximum: 0xf; the \
         host's value is 0x1 (IMP)",
    );
}

#[test]
fn field_not_writable() {
    refused(
        "host,SYSREG_ID_AA64PFR0_EL1_FP=0xf",
        "1 override is not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64PFR0_EL1_FP=0xf (NI): kernel 7.2.12+deb14-cloud-arm64 does not allow \
         changes of this field; keep the host's value 0x1 (FP16)",
    );
}

#[test]
fn duplicate_property() {
    refused(
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_DP=1",
        "1 override is not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_DP=0x1: given twice, first as \
         SYSREG_ID_AA64ISAR0_EL1_DP=0x0; give it once",
    );
}

#[test]
fn missing_prefix_is_near() {
    refused(
        "host,ID_AA64ISAR0_EL1_DP=0",
        "1 override is not possible on this host; nothing was written:\n  \
         ID_AA64ISAR0_EL1_DP=0x0: no such property; did you mean SYSREG_ID_AA64ISAR0_EL1_DP?",
    );
}

#[test]
fn empty_override() {
    refused(
        "host,",
        "1 override is not possible on this host; nothing was written:\n  \
         : an override without a property; remove the extra `,`",
    );
}

#[test]
fn invalid_value() {
    refused(
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=IMP,SYSREG_ID_AA64ISAR0_EL1_AES,SYSREG_MIDR_EL1_Variant=",
        "3 overrides are not possible on this host; nothing was written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_DP=IMP: `IMP` is not a number; write decimal digits, or 0x and \
         hexadecimal digits, up to 64 bits; named values are 0x0 (NI), 0x1 (IMP)\n  \
         SYSREG_ID_AA64ISAR0_EL1_AES: no value given: the form is `PROPERTY=VALUE`; named values \
         are 0x0 (NI), 0x1 (AES), 0x2 (PMULL)\n  \
         SYSREG_MIDR_EL1_Variant: no value given: the form is `PROPERTY=VALUE`",
    );
}

#[test]
fn register_that_kvm_does_not_have() {
    refused(
        "host,SYSREG_SMIDR_EL1_AFFINITY=0",
        "1 override is not possible on this host; nothing was written:\n  \
         SYSREG_SMIDR_EL1_AFFINITY=0x0: this host's KVM does not have the register",
    );
}

#[test]
fn implementation_registers_need_their_capability() {
    let model = "host,SYSREG_MIDR_EL1_Revision=5";
    assert_eq!(plan(MAX_7_2, model).unwrap().writes().len(), 1);
    let without = MAX_7_2.replace(
        "\"writable_implementation_ids\": true",
        "\"writable_implementation_ids\": false",
    );
    let revision = regs::DESCRIPTION
        .property("SYSREG_MIDR_EL1_Revision")
        .unwrap();
    assert!(host(MAX_7_2).is_writable(revision) && !host(&without).is_writable(revision));
    let error = plan(&without, model).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 override is not possible on this host; nothing was written:\n  \
         SYSREG_MIDR_EL1_Revision=0x5: this host's KVM does not allow changes of the \
         registers that identify the implementation (no KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, or a VM \
         that has not enabled it); keep the host's value 0x0"
    );
}

#[test]
fn all_rejections_come_at_once_in_the_order_given() {
    let error = plan(
        MAX_7_2,
        "host,SYSREG_ID_AA64ISAR0_EL1_DPP=0,SYSREG_ID_AA64ISAR0_EL1_DP=0x1f,\
         SYSREG_ID_AA64PFR0_EL1_FP=0xf,SYSREG_ID_AA64ISAR0_EL1_DP=0",
    )
    .unwrap_err();
    let PlanError::Rejected(rejections) = error else {
        panic!("{error}")
    };
    let reasons: Vec<_> = rejections
        .iter()
        .map(|rejection| rejection.reason.name())
        .collect();
    assert_eq!(
        reasons,
        ["unknown-property", "too-wide", "not-writable", "duplicate"]
    );
}

#[test]
fn old_kernel_offers_no_override_that_changes_something() {
    let error = plan(MAX_6_1, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0").unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(error, PlanError::NoWritableRegisters { .. }),
        "{text}"
    );
    assert!(text.contains("has no writable ID registers, which need Linux 6.7 or newer"));
    assert!(
        plan(MAX_6_1, "host,SYSREG_ID_AA64ISAR0_EL1_DP=1")
            .unwrap()
            .writes()
            .is_empty()
    );
}

#[test]
fn old_kernel_still_names_mistakes() {
    let error = plan(MAX_6_1, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,x=1").unwrap_err();
    let PlanError::Rejected(rejections) = error else {
        panic!("{error}")
    };
    assert_eq!(rejections.len(), 2);
}

/// A search for the nearest name takes long, and a message has to be read.
#[test]
fn a_few_of_many_unknown_names_get_suggestions() {
    let names: Vec<String> = (0..1000)
        .map(|number| format!("FEAT_DotProd{number}=on"))
        .collect();
    let model: CpuModel = format!("host,{}", names.join(",")).parse().unwrap();
    let error = Plan::new(&host(MAX_7_2), &model).unwrap_err();
    let message = error.to_string();
    assert_eq!(message.matches("did you mean FEAT_DotProd?").count(), 8);
    assert_eq!(message.lines().count(), 102);
    assert!(message.ends_with("\n  and 900 more"), "{message}");
    let PlanError::Rejected(rejections) = error else {
        panic!("{message}")
    };
    assert_eq!(rejections.len(), 1000);
}

#[test]
fn text_of_a_model_stays_on_the_line_of_its_rejection() {
    for (overrides, shown) in [
        ("a\nerror: b=1", r"a\nerror: b=0x1: no such property"),
        ("sve=\u{202e}no", r"sve=\u{202e}no: `\u{202e}no` is neither"),
        ("midr=1\r", r"midr=1\r: `1\r` is not a number"),
        ("a\nb=1,a\nb=1", r"a\nb=0x1: no such property"),
        ("sve=off,sve=\u{7}", r"sve=\u{7}: `\u{7}` is neither"),
    ] {
        let model: CpuModel = format!("host,{overrides}").parse().unwrap();
        let message = Plan::new(&host(MAX_7_2), &model).unwrap_err().to_string();
        assert!(message.contains(shown), "{shown} is not in: {message}");
    }
    let error = "\u{1b}[31m".parse::<CpuModel>().unwrap_err();
    assert!(error.to_string().contains(r"`\u{1b}[31m`"), "{error}");
}
