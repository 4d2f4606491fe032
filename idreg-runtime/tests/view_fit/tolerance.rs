//! Fields that may differ from the guest's, because they are tolerated.

use crate::hosts::host;
use crate::{all_vcpus, changed, complete, refused, view_of, warnings};
use idreg_runtime::description::RegisterField;
use idreg_runtime::firmware::FirmwareRegister::{PsciVersion, Workaround1, Workaround3};
use idreg_runtime::plan::Plan;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::regs::id_aa64isar0_el1::Dp;
use idreg_runtime::regs::id_aa64mmfr2_el1::{Evt, Fwb};
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::View;

fn field(name: &str) -> RegisterField {
    DESCRIPTION.property(name).expect("a field")
}

/// The view of a guest on the complete host with other values of two fields that KVM fixes and that
/// only a hypervisor can act on.
fn seen_by_hypervisors() -> View {
    changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Evt::NI);
            vcpu.values.set_field(Fwb::NI);
        });
    })
}

const FOR_HYPERVISORS: [&str; 2] = [
    "SYSREG_ID_AA64MMFR2_EL1_EVT: the guest has 0x0 (NI) and this host 0x2 (TTLBxS), whose kernel \
     7.2.12+deb14-cloud-arm64 does not allow changes of ID_AA64MMFR2_EL1.EVT",
    "SYSREG_ID_AA64MMFR2_EL1_FWB: the guest has 0x0 (NI) and this host 0x1 (IMP), whose kernel \
     7.2.12+deb14-cloud-arm64 does not allow changes of ID_AA64MMFR2_EL1.FWB",
];

#[test]
fn reasons_that_can_be_tolerated_say_how() {
    let error = refused(&host(&complete()), &seen_by_hypervisors());
    assert_eq!(
        error.to_string(),
        format!(
            "the guest cannot run on this host, for 2 reasons:\n  {}\n  a guest without EL2 has \
             no use for these fields: `--tolerate el2` or `--tolerate \
             SYSREG_ID_AA64MMFR2_EL1_EVT,SYSREG_ID_AA64MMFR2_EL1_FWB` would do",
            FOR_HYPERVISORS.join("\n  ")
        )
    );
    assert_eq!(error.tolerable(), [Evt::FIELD, Fwb::FIELD]);
}

#[test]
fn tolerance_is_no_remedy_beside_another_reason() {
    let mut view = seen_by_hypervisors();
    let mut info = view.info().clone();
    info.timer_frequency += 1;
    view = View::new(info, vec![view.vcpu(0).expect("a vCPU")]).unwrap();
    let error = refused(&host(&complete()), &view);
    assert!(!error.to_string().contains("--tolerate"), "{error}");
    assert_eq!(error.tolerable().len(), 2);
}

/// A newer PSCI is no obstacle for a guest that starts with an older one.
#[test]
fn tolerance_beside_a_newer_firmware_register_says_what_to_start_with() {
    let mut view = seen_by_hypervisors();
    let mut info = view.info().clone();
    info.firmware.set(PsciVersion, 0x1_0003);
    view = View::new(info, vec![view.vcpu(0).expect("a vCPU")]).unwrap();
    let error = refused(&host(&complete()), &view);
    assert_eq!(
        error.remedy().as_deref(),
        Some(
            "a guest without EL2 has no use for these fields: `--tolerate el2` or `--tolerate \
             SYSREG_ID_AA64MMFR2_EL1_EVT,SYSREG_ID_AA64MMFR2_EL1_FWB` would do; that is for a \
             guest that starts with `--firmware KVM_REG_ARM_PSCI_VERSION=1.1`"
        )
    );
}

/// The reason itself says what the guest must start with.
#[test]
fn newer_firmware_register_alone_has_no_tolerance() {
    let view = changed(|info, _| info.firmware.set(PsciVersion, 0x1_0003));
    let error = refused(&host(&complete()), &view);
    assert_eq!((error.reasons.len(), error.remedy()), (1, None));
}

#[test]
fn guest_with_el2_tolerates_no_audience() {
    let view = changed(|info, vcpus| {
        info.vcpu.el2 = true;
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Evt::NI);
        });
    });
    let host = host(&complete().replacen("\"el2\": false", "\"el2\": true", 2));
    let mut tolerance = Tolerance::none();
    tolerance.allow_el2();
    let error = Plan::for_view_with(&host, &view, &tolerance).unwrap_err();
    assert_eq!(error.reasons.len(), 1);
    assert!(error.tolerable().is_empty() && error.has_el2);
    tolerance.allow(Evt::FIELD);
    assert!(Plan::for_view_with(&host, &view, &tolerance).is_ok());
}

#[test]
fn tolerated_fields_keep_the_value_of_the_host_and_are_named() {
    let host = host(&complete());
    let mut tolerance = Tolerance::none();
    tolerance.allow_el2();
    let plan = Plan::for_view_with(&host, &seen_by_hypervisors(), &tolerance).unwrap();
    assert!(plan.writes().is_empty() && plan.changes().is_empty());
    assert_eq!(plan.expected(), host.values());
    assert_eq!(
        warnings(&plan),
        [
            "the guest sees fields change, as tolerated: SYSREG_ID_AA64MMFR2_EL1_EVT from 0x0 (NI) \
             to 0x2 (TTLBxS), SYSREG_ID_AA64MMFR2_EL1_FWB from 0x0 (NI) to 0x1 (IMP)"
        ]
    );
    assert_eq!(plan.warnings()[0].name(), "tolerated");
}

#[test]
fn only_named_fields_are_tolerated() {
    let host = host(&complete());
    let mut tolerance = Tolerance::none();
    tolerance.allow(field("SYSREG_ID_AA64MMFR2_EL1_FWB"));
    let error = Plan::for_view_with(&host, &seen_by_hypervisors(), &tolerance).unwrap_err();
    assert_eq!(error.reasons.len(), 1);
    assert_eq!(error.reasons[0].to_string(), FOR_HYPERVISORS[0]);
}

/// A value that the host allows is written, tolerated or not.
#[test]
fn tolerance_changes_no_field_that_can_be_written() {
    let host = host(&complete());
    let view = view_of(&host, "host,FEAT_DotProd=off").unwrap();
    let mut tolerance = Tolerance::none();
    tolerance.allow(Dp::FIELD);
    let plan = Plan::for_view_with(&host, &view, &tolerance).unwrap();
    assert_eq!(plan, Plan::for_view(&host, &view).unwrap());
}

/// The view of a guest on the complete host with higher levels of two mitigations.
fn better_protected() -> View {
    changed(|info, _| {
        info.firmware.set(Workaround1, 2);
        info.firmware.set(Workaround3, 1);
    })
}

#[test]
fn lower_levels_of_mitigations_say_how_they_are_tolerated() {
    let error = refused(&host(&complete()), &better_protected());
    assert_eq!(error.tolerable_mitigations(), [Workaround1, Workaround3]);
    let remedy = "`--tolerate mitigations` or `--tolerate KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1,\
                  KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3` would do, and the guest then counts on \
                  mitigations that this host does not have";
    assert_eq!(error.remedy().as_deref(), Some(remedy));

    let both = changed(|info, vcpus| {
        info.firmware.set(Workaround1, 2);
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Evt::NI);
        });
    });
    let remedy = "a guest without EL2 has no use for these fields, and with `--tolerate \
                  el2,mitigations`, which would do, it counts on mitigations that this host does \
                  not have";
    let error = refused(&host(&complete()), &both);
    assert_eq!(error.remedy().as_deref(), Some(remedy));
    let tolerance = Tolerance::parse(&DESCRIPTION, "el2,mitigations").unwrap();
    assert!(Plan::for_view_with(&host(&complete()), &both, &tolerance).is_ok());

    let newer = changed(|info, _| info.firmware.set(PsciVersion, 0x1_0003));
    let error = refused(&host(&complete()), &newer);
    assert!(error.tolerable_mitigations().is_empty() && error.remedy().is_none());
}

#[test]
fn tolerated_mitigations_are_named_and_not_written() {
    let host = host(&complete());
    let tolerance = Tolerance::parse(&DESCRIPTION, "mitigations").unwrap();
    let plan = Plan::for_view_with(&host, &better_protected(), &tolerance).unwrap();
    assert!(plan.firmware().is_empty());
    assert_eq!(
        warnings(&plan),
        [
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1: the guest has 0x2 and this host 0x1, as \
             tolerated: the guest believes that its CPU needs no mitigation, and on this host it \
             may",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3: the guest has 0x1 and this host none, as \
             tolerated: the guest counts on a call for the mitigation that this host does not \
             offer",
        ]
    );
    assert_eq!(plan.warnings()[0].name(), "tolerated-mitigation");

    let name = "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1";
    let one = Tolerance::parse(&DESCRIPTION, name).unwrap();
    let error = Plan::for_view_with(&host, &better_protected(), &one).unwrap_err();
    assert_eq!(error.tolerable_mitigations(), [Workaround3]);

    let no_level = changed(|info, _| info.firmware.set(Workaround1, 0x10));
    assert!(Plan::for_view_with(&host, &no_level, &tolerance).is_err());
}

#[test]
fn tolerance_shows_the_words_that_it_reads() {
    let field = "SYSREG_ID_AA64MMFR2_EL1_IDS";
    for (text, shown) in [
        (
            format!("mitigations,{field},el2"),
            format!("el2,mitigations,{field}"),
        ),
        (
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2".into(),
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2".into(),
        ),
    ] {
        let tolerance = Tolerance::parse(&DESCRIPTION, &text).unwrap();
        assert_eq!(tolerance.to_string(), shown);
        assert_eq!(Tolerance::parse(&DESCRIPTION, &shown), Ok(tolerance));
    }
    let version = Tolerance::parse(&DESCRIPTION, "KVM_REG_ARM_PSCI_VERSION").unwrap_err();
    assert_eq!(version.word, "KVM_REG_ARM_PSCI_VERSION");
    assert!(Tolerance::parse(&DESCRIPTION, "mitigations").unwrap() != Tolerance::none());
}
