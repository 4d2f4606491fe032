//! Registers and fields of a guest on a host.

use crate::hosts::{edited, host};
use crate::{all_vcpus, changed, check, complete, refused, view_of};
use idreg_runtime::plan::Plan;
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::id_aa64isar1_el1::Api;
use idreg_runtime::regs::id_aa64pfr0_el1::Fp;
use idreg_runtime::regs::{DESCRIPTION, IdAa64isar0El1, SmidrEl1};
use idreg_runtime::values::RegisterValues;

#[test]
fn fixed_field_names_the_kernel() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Fp::IMP);
        });
    });
    check(
        &view,
        &[(
            "not-writable",
            "SYSREG_ID_AA64PFR0_EL1_FP: the guest has 0x0 (IMP) and this host 0x1 (FP16), whose \
             kernel 7.2.12+deb14-cloud-arm64 does not allow changes of ID_AA64PFR0_EL1.FP",
        )],
    );
}

#[test]
fn identification_needs_a_capability() {
    let view = view_of(&host(&complete()), "host,SYSREG_MIDR_EL1_Revision=2").unwrap();
    let fixed = complete().replace(
        "\"writable_implementation_ids\": true",
        "\"writable_implementation_ids\": false",
    );
    let error = refused(&host(&fixed), &view);
    let texts: Vec<String> = error.reasons.iter().map(ToString::to_string).collect();
    let expected = "SYSREG_MIDR_EL1_Revision: the guest has 0x2 and this host 0x0, whose KVM does \
                    not allow changes of the registers that identify the implementation (no \
                    KVM_CAP_ARM_WRITABLE_IMP_ID_REGS)";
    assert_eq!(texts, [expected]);
}

/// Two CPUs with pointer authentication of another level.
#[test]
fn owned_field_can_differ_with_the_same_option() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Api::new(1).expect("four bits"));
        });
    });
    check(
        &view,
        &[(
            "owned",
            "SYSREG_ID_AA64ISAR1_EL1_API: the guest has 0x1 (PAuth) and this host 0x5 \
             (FPACCOMBINE), with the same setting of the option pauth: the CPUs or kernels differ, \
             and kernel 7.2.12+deb14-cloud-arm64 does not allow changes of this field",
        )],
    );
}

#[test]
fn register_of_the_view_alone_must_be_zero() {
    let set = |value| {
        changed(|_, vcpus| {
            all_vcpus(vcpus, |vcpu| vcpu.values.set(SmidrEl1::DESCRIPTION, value));
        })
    };
    assert!(Plan::for_view(&host(&complete()), &set(0)).is_ok());
    let expected = "SMIDR_EL1: the guest has 0x0000000000000001, and this host's KVM does not have \
                    the register";
    check(&set(1), &[("no-register", expected)]);
}

/// An older kernel does not know ID_AA64ISAR0_EL1, so its guest reads zero there.
#[test]
fn register_of_the_host_alone_is_judged_as_zero() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            let mut others = RegisterValues::new(&DESCRIPTION);
            for (register, value) in vcpu.values.iter() {
                if ![IdAa64isar0El1::NAME, "ID_AA64PFR0_EL1"].contains(&register.name) {
                    others.set(register, value);
                }
            }
            vcpu.values = others;
        });
    });
    let error = refused(&host(&complete()), &view);
    let mut registers: Vec<&str> = Vec::new();
    for reason in &error.reasons {
        let field = reason.field().expect("reasons of fields");
        registers.push(field.register.name);
    }
    registers.dedup();
    assert_eq!(
        registers,
        ["ID_AA64PFR0_EL1"],
        "every field of ISAR0 can be zero"
    );
    let values = error.reasons.iter();
    assert!(values.clone().any(|reason| {
        reason
            .to_string()
            .starts_with("SYSREG_ID_AA64PFR0_EL1_EL0: the guest has 0x0 and")
    }));
}

#[test]
fn bits_without_a_field_must_be_equal() {
    let with = edited(&complete(), "ID_AA64MMFR0_EL1", "value", |value| {
        value | 1 << 48
    });
    let view = view_of(&host(&complete()), "host").unwrap();
    let error = refused(&host(&with), &view);
    assert_eq!(error.reasons.len(), 1);
    assert_eq!(error.reasons[0].name(), "other-bits");
    assert_eq!(
        error.reasons[0].to_string(),
        "ID_AA64MMFR0_EL1: the bits that no field has are 0x0000000000000000 in the guest and \
         0x0001000000000000 on this host, and KVM keeps the host's"
    );
}
