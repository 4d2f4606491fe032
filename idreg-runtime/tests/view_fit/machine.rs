//! Facts of the machine: address size, timer, interrupt controller and firmware registers.

use crate::hosts::{MAX_7_2, host};
use crate::{all_vcpus, changed, check, complete, incomplete, view_of, warnings};
use idreg_runtime::config::Gic;
use idreg_runtime::firmware::FirmwareRegister;
use idreg_runtime::plan::Plan;
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::id_aa64pfr0_el1;
use idreg_runtime::regs::id_aa64pfr1_el1::Ssbs;

#[test]
fn fewer_address_bits_fit() {
    let view = changed(|info, _| info.physical_address_bits = Some(36));
    assert!(Plan::for_view(&host(&complete()), &view).is_ok());
}

#[test]
fn gic_field_follows_the_interrupt_controller() {
    let view = changed(|_, vcpus| {
        all_vcpus(vcpus, |vcpu| {
            let gic = id_aa64pfr0_el1::Gic::new(3).expect("four bits");
            vcpu.values.set_field(gic);
        });
    });
    let expected = "SYSREG_ID_AA64PFR0_EL1_GIC: the guest has 0x3 (V4P1) and this host 0x1 (IMP), \
                    whose KVM sets this field from the VM's interrupt controller";
    check(&view, &[("owned", expected)]);
}

/// KVM clears the GIC fields at the first run of a guest without a GICv3, so the host's values
/// before it do not count.
#[test]
fn guest_without_a_gic_fits() {
    let without = MAX_7_2.replace("\"gic\": \"v3\"", "\"gic\": null");
    assert_ne!(without, MAX_7_2);
    let host = host(&without);
    let view = view_of(&host, "host").unwrap();
    let shown = view.common().field(id_aa64pfr0_el1::Gic::FIELD);
    assert_eq!(
        (shown, host.values().field(id_aa64pfr0_el1::Gic::FIELD)),
        (Some(0), Some(1))
    );
    let plan = Plan::for_view(&host, &view).unwrap();
    assert!(plan.writes().is_empty());
}

#[test]
fn other_interrupt_controller_is_one_reason() {
    let view = changed(|info, vcpus| {
        info.vcpu.gic = Some(Gic::V2);
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(id_aa64pfr0_el1::Gic::NI);
        });
    });
    let expected = "the guest has a GICv2, and the host was read with a GICv3; read the host with \
                    the guest's, if its KVM has it";
    check(&view, &[("gic", expected)]);
}

#[test]
fn firmware_registers_are_judged() {
    use FirmwareRegister::{PsciVersion, Std, StdHyp, VendorHyp2, Workaround1, Workaround2};
    let set = |register, value| changed(move |info, _| info.firmware.set(register, value));
    for (register, value) in [
        (PsciVersion, 2),
        (Workaround1, 0),
        (Std, 0),
        (VendorHyp2, 3),
    ] {
        let plan = Plan::for_view(&host(&complete()), &set(register, value)).unwrap();
        let written: Vec<_> = plan.firmware().iter().collect();
        assert_eq!(written, [(register, value)]);
    }
    let same = Plan::for_view(&host(&complete()), &changed(|_, _| {})).unwrap();
    assert!(same.firmware().is_empty());
    for (register, value, name, text) in [
        (
            PsciVersion,
            0x1_0003,
            "firmware-newer",
            "KVM_REG_ARM_PSCI_VERSION: the guest has 1.3, and this host's KVM at most 1.1; a guest \
             that starts with `--firmware KVM_REG_ARM_PSCI_VERSION=1.1` fits both",
        ),
        (
            PsciVersion,
            1,
            "firmware-no-version",
            "KVM_REG_ARM_PSCI_VERSION: the guest has 0.1, which no vCPU with PSCI 0.2 or newer has",
        ),
        (
            Workaround1,
            2,
            "firmware-unprotected",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1: the guest has 0x2, and this host 0x1: the guest \
             counts on a protection that this host does not have",
        ),
        (
            Workaround2,
            4,
            "firmware-no-level",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2: the guest has 0x4, which is no level of this \
             workaround",
        ),
        (
            Std,
            5,
            "firmware-services",
            "KVM_REG_ARM_STD_BMAP: the guest has 0x5, of which this host's KVM does not have the \
             services 0x4",
        ),
        (
            StdHyp,
            1,
            "firmware-absent",
            "KVM_REG_ARM_STD_HYP_BMAP: the guest has 0x1, and this host's KVM does not have the \
             register",
        ),
    ] {
        check(&set(register, value), &[(name, text)]);
    }
}

/// KVM derives the level of this workaround from the VM's SSBS, which no new VM shows.
#[test]
fn level_that_depends_on_ssbs_is_not_compared() {
    let view = changed(|info, vcpus| {
        let workaround = FirmwareRegister::Workaround2;
        info.firmware.set(workaround, 3);
        all_vcpus(vcpus, |vcpu| vcpu.values.set_field(Ssbs::NI));
    });
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert_eq!(
        warnings(&plan),
        ["unknown on one side, so not compared: KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2"]
    );
}

#[test]
fn what_one_side_does_not_know_is_said_once() {
    let incomplete = incomplete();
    let mut view = view_of(&incomplete, "host").unwrap();
    let plan = Plan::for_view(&incomplete, &view).unwrap();
    let expected = "unknown on one side, so not compared: the physical address bits, the identity \
                    of the GIC, the firmware registers";
    assert_eq!(warnings(&plan), [expected]);
    assert_eq!(plan.warnings()[0].name(), "not-compared");

    let plan = Plan::for_view(&incomplete, &changed(|_, _| {})).unwrap();
    assert_eq!(warnings(&plan), [expected]);
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert_eq!(warnings(&plan), [expected]);

    view = changed(|info, _| info.timer_frequency = 0);
    let plan = Plan::for_view(&host(&complete()), &view).unwrap();
    assert_eq!(
        warnings(&plan),
        ["unknown on one side, so not compared: the timer's frequency"]
    );
}
