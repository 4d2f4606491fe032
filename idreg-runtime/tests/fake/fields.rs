//! Accepted, refused and stored values of the fields of an ID register.

use crate::{
    REFUSED, case, encoding, field, max, max_6_12, max_but, max_el2, max_with, read, write,
};
use idreg_runtime::fake::{FakeVcpu, FakeVm};
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use serde_json::json;

#[test]
fn a_write_is_compared_with_the_limit_by_the_rule_of_its_field() {
    let higher = [("ID_AA64MMFR1_EL1", 0x0010_1120_1131_2122)];
    let signed = [("ID_AA64DFR0_EL1", 0x0000_0070_1030_560a)];
    let not_there = [("ID_AA64DFR0_EL1", 0x0000_00f0_1030_560a)];
    let aes_half_writable = max_but(&[(
        "registers/ID_AA64ISAR0_EL1/writable",
        json!("0xffffffffffffff3f"),
    )]);
    let physical = [("CTR_EL0", 0xb444_c004)];
    let virtual_index = [("CTR_EL0", 0xb444_8004)];
    let double_lock = "ID_AA64DFR0_EL1_DoubleLock";
    #[rustfmt::skip]
    let cases = [
        case("lower: less", max(), "ID_AA64ISAR0_EL1_AES", 1, Ok(1)),
        case("lower: the limit", max(), "ID_AA64ISAR0_EL1_AES", 2, Ok(2)),
        case("lower: more", max(), "ID_AA64ISAR0_EL1_AES", 3, REFUSED),
        case("signed: less", max_with(&signed), double_lock, 6, Ok(6)),
        case("signed: negative", max_with(&signed), double_lock, 0xf, Ok(0xf)),
        case("signed: above a negative limit", max_with(&not_there), double_lock, 0, REFUSED),
        case("higher: less", max_with(&higher), "ID_AA64MMFR1_EL1_SpecSEI", 0, REFUSED),
        case("higher: more", max_with(&higher), "ID_AA64MMFR1_EL1_SpecSEI", 2, Ok(2)),
        case("exact: the safe value", max(), "ID_AA64MMFR0_EL1_TGRAN4_2", 1, Ok(1)),
        case("exact: less, not safe", max(), "ID_AA64MMFR0_EL1_TGRAN4_2", 0, REFUSED),
        case("exact: more, not safe", max(), "ID_AA64MMFR0_EL1_TGRAN4_2", 4, REFUSED),
        case("CTR_EL0: PIPT to VIPT", max_with(&physical), "CTR_EL0_L1Ip", 2, Ok(2)),
        case("CTR_EL0: VIPT to PIPT", max_with(&virtual_index), "CTR_EL0_L1Ip", 3, REFUSED),
        case("PMUVer: lower in KVM", max(), "ID_AA64DFR0_EL1_PMUVer", 1, Ok(1)),
        case("in the mask, but only the limit", max(), "ID_AA64PFR1_EL1_CSV2_frac", 1, REFUSED),
        case("outside the mask: less", max(), "ID_AA64PFR0_EL1_FP", 0, REFUSED),
        case("outside the mask: the limit", max(), "ID_AA64PFR0_EL1_FP", 1, Ok(1)),
        case("partly inside the mask: less", aes_half_writable, "ID_AA64ISAR0_EL1_AES", 0, REFUSED),
        case("a register without a mask", max(), "ID_AA64SMFR0_EL1_FA64", 1, REFUSED),
        case("CTR_EL0: less", max(), "CTR_EL0_IminLine", 3, Ok(3)),
    ];
    for case in &cases {
        case.check(&FakeVcpu::new(&case.host));
    }
}

#[test]
fn bits_without_a_field_have_to_be_as_in_the_limit() {
    let vcpu = FakeVcpu::new(&max());
    let register = encoding("ID_AA64FPFR0_EL1");
    assert_eq!(vcpu.get(register), Ok(0));
    for bit in [2, 7, 32, 63] {
        assert_eq!(vcpu.set(register, 1 << bit), Err(Errno::EINVAL), "{bit}");
    }
}

#[test]
fn a_lowered_field_can_be_raised_again_before_the_first_run() {
    let vcpu = FakeVcpu::new(&max());
    for value in [0, 1, 2] {
        write(&vcpu, "ID_AA64ISAR0_EL1_AES", value).unwrap();
        assert_eq!(read(&vcpu, "ID_AA64ISAR0_EL1_AES"), value);
    }
}

#[test]
fn setters_of_their_own_refuse_and_replace_values() {
    let no_asynchronous_tags = [("ID_AA64PFR1_EL1", 0x0000_0f00_0000_0221)];
    let no_double_lock = "registers/ID_AA64DFR0_EL1/value";
    let el2_no_lock = max_but(&[
        ("capabilities/el2", json!(true)),
        ("vcpu/el2", json!(true)),
        (no_double_lock, json!("0xf01030560a")),
    ]);
    let no_lock = max_but(&[(no_double_lock, json!("0xf01030560a"))]);
    let no_async = || max_with(&no_asynchronous_tags);
    let (double_lock, mte_frac) = ("ID_AA64DFR0_EL1_DoubleLock", "ID_AA64PFR1_EL1_MTE_frac");
    let granule = "ID_AA64MMFR0_EL1_TGRAN16_2";
    #[rustfmt::skip]
    let cases = [
        case("PFR0.EL0 is needed", max(), "ID_AA64PFR0_EL1_EL0", 0, REFUSED),
        case("PFR0.EL1 is needed", max(), "ID_AA64PFR0_EL1_EL1", 0, REFUSED),
        case("PFR0.EL1 without AArch32", max(), "ID_AA64PFR0_EL1_EL1", 1, Ok(1)),
        case("6.12 lets PFR0.EL0 go", max_6_12(), "ID_AA64PFR0_EL1_EL0", 0, Ok(0)),
        case("6.12 lets PFR0.EL1 go", max_6_12(), "ID_AA64PFR0_EL1_EL1", 0, Ok(0)),
        case("PFR0.EL2 is not needed", max(), "ID_AA64PFR0_EL1_EL2", 0, Ok(0)),
        case("PFR0.EL2 is needed for a hypervisor", max_el2(), "ID_AA64PFR0_EL1_EL2", 0, REFUSED),
        case("DFR0.PMUVer: IMP_DEF becomes NI", max(), "ID_AA64DFR0_EL1_PMUVer", 0xf, Ok(0)),
        case("DFR0.DebugVer: Armv8 at least", max(), "ID_AA64DFR0_EL1_DebugVer", 5, REFUSED),
        case("DFR0.DebugVer: Armv8", max(), "ID_AA64DFR0_EL1_DebugVer", 6, Ok(6)),
        case("ID_DFR0.PerfMon: IMPDEF becomes NI", max(), "ID_DFR0_EL1_PerfMon", 0xf, Ok(0)),
        case("ID_DFR0.PerfMon: not PMUv1", max(), "ID_DFR0_EL1_PerfMon", 1, REFUSED),
        case("ID_DFR0.PerfMon: not PMUv2", max(), "ID_DFR0_EL1_PerfMon", 2, REFUSED),
        case("ID_DFR0.PerfMon: PMUv3", max(), "ID_DFR0_EL1_PerfMon", 3, Ok(3)),
        case("ID_DFR0.PerfMon: none", max(), "ID_DFR0_EL1_PerfMon", 0, Ok(0)),
        case("ID_DFR0.CopDbg: Armv8 at least", max(), "ID_DFR0_EL1_CopDbg", 5, REFUSED),
        case("ID_DFR0.CopDbg: Armv8", max(), "ID_DFR0_EL1_CopDbg", 6, Ok(6)),
        case("PFR1.MTE_frac: ASYNC is ignored", no_async(), mte_frac, 0, Ok(0xf)),
        case("PFR1.MTE_frac: nothing else is", no_async(), mte_frac, 1, REFUSED),
        case("DFR0.DoubleLock: ignored for a hypervisor", el2_no_lock, double_lock, 0, Ok(0xf)),
        case("DFR0.DoubleLock: for no other guest", no_lock, double_lock, 0, REFUSED),
        case("MMFR0: a hypervisor's granule can go", max_el2(), granule, 1, Ok(1)),
        case("MMFR0: and not change", max_el2(), granule, 2, REFUSED),
        case("CTR: VPIPT is reserved", max(), "CTR_EL0_L1Ip", 0, REFUSED),
        case("CTR: AIVIVT is reserved", max(), "CTR_EL0_L1Ip", 1, REFUSED),
    ];
    for case in &cases {
        case.check(&FakeVcpu::new(&case.host));
    }
}

#[test]
fn hidden_values_are_accepted_and_not_stored() {
    let vm = FakeVm::new(&max())
        .masking(field("ID_AA64PFR0_EL1_MPAM"), 1)
        .masking(field("ID_AA64MMFR2_EL1_NV"), 2)
        .masking(field("ID_AA64MMFR2_EL1_NV"), 3);
    #[rustfmt::skip]
    let cases = [
        case("MPAM as the hardware has it", max(), "ID_AA64PFR0_EL1_MPAM", 1, Ok(0)),
        case("MPAM as the VM shows it", max(), "ID_AA64PFR0_EL1_MPAM", 0, Ok(0)),
        case("another MPAM", max(), "ID_AA64PFR0_EL1_MPAM", 2, REFUSED),
        case("one of several", max(), "ID_AA64MMFR2_EL1_NV", 3, Ok(0)),
        case("the other of several", max(), "ID_AA64MMFR2_EL1_NV", 2, Ok(0)),
        case("none of several", max(), "ID_AA64MMFR2_EL1_NV", 1, REFUSED),
    ];
    for case in &cases {
        case.check(&vm.vcpu(0));
    }
}

#[test]
fn the_rest_of_a_write_with_a_hidden_value_is_stored() {
    let (mpam, dit) = (field("ID_AA64PFR0_EL1_MPAM"), field("ID_AA64PFR0_EL1_DIT"));
    let vcpu = FakeVm::new(&max()).masking(mpam, 1).vcpu(0);
    let register = encoding("ID_AA64PFR0_EL1");
    let value = dit.field.insert(vcpu.get(register).unwrap(), 0);
    vcpu.set(register, mpam.field.insert(value, 1)).unwrap();
    assert_eq!(vcpu.get(register), Ok(value));
}
