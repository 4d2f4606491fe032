//! The generated registers of this project's own description.

use idreg_runtime::description::FieldKind;
use idreg_runtime::regs::id_aa64isar0_el1::Dp;
use idreg_runtime::regs::id_aa64pfr0_el1::{AdvSIMD, Fp};
use idreg_runtime::regs::{self, CtrEl0, IdAa64isar0El1, IdAa64pfr0El1, MidrEl1};
use idreg_runtime::values::RegisterValues;

#[test]
fn every_register_of_the_range_and_four_more() {
    assert_eq!(regs::DESCRIPTION.registers.len(), 53);
    let registers = regs::DESCRIPTION.registers;
    assert!(
        registers
            .iter()
            .enumerate()
            .all(|(index, register)| register.index == index)
    );
    let encodings = registers.iter().map(|register| register.encoding.packed());
    let encodings: std::collections::BTreeSet<u16> = encodings.collect();
    assert_eq!(encodings.len(), 53);
}

#[test]
fn getters_and_setters_touch_their_field_only() {
    let value = IdAa64isar0El1::from_bits(u64::MAX);
    assert_eq!(value.with_dp(Dp::NI).bits(), !Dp::MASK);
    assert_eq!(value.with_dp(Dp::NI).dp(), Dp::NI);
    assert_eq!(value.dp().bits(), 0xf);
}

#[test]
fn setters_work_at_compile_time() {
    const WITH_DP: IdAa64isar0El1 = IdAa64isar0El1::from_bits(0).with_dp(Dp::IMP);
    assert_eq!(WITH_DP.bits(), 1 << 44);
}

#[test]
fn values_are_open() {
    let unknown = Dp::new(7).unwrap();
    assert_eq!(unknown.name(), None);
    assert_eq!(format!("{unknown:?}"), "DP(0x7)");
    assert_eq!(format!("{:?}", Dp::IMP), "DP(0x1 (IMP))");
    assert_eq!(Dp::new(16), None);
}

#[test]
fn metadata_of_a_field() {
    assert_eq!(Dp::PROPERTY, "SYSREG_ID_AA64ISAR0_EL1_DP");
    assert_eq!((Dp::SHIFT, Dp::WIDTH, Dp::MASK), (44, 4, 0xf << 44));
    assert_eq!(Dp::KIND, FieldKind::UnsignedEnum);
    assert!(Fp::KIND.is_signed());
    assert_eq!((Fp::NI.signed(), AdvSIMD::IMP.signed()), (-1, 0));
}

#[test]
fn debug_shows_decoded_fields() {
    let shown = format!("{:?}", MidrEl1::from_bits(0x410f_d0c1));
    assert_eq!(
        shown,
        "MIDR_EL1(0x410fd0c1) {Implementer: 0x41, Variant: 0x0, Architecture: 0xf, \
         PartNum: 0xd0c, Revision: 0x1}"
    );
}

#[test]
fn reserved_bits_are_known() {
    assert_eq!(CtrEl0::RES1, 1 << 31);
    assert_eq!(MidrEl1::RES0, 0xffff_ffff_0000_0000);
    assert_eq!(IdAa64pfr0El1::RES0, 0);
}

#[test]
fn every_property_finds_its_field() {
    for field in regs::DESCRIPTION.fields() {
        assert_eq!(regs::DESCRIPTION.property(&field.to_string()), Some(field));
    }
    assert_eq!(regs::DESCRIPTION.property("SYSREG_ID_AA64ISAR0_EL1"), None);
    assert_eq!(regs::DESCRIPTION.property("ID_AA64ISAR0_EL1_DP"), None);
}

#[test]
fn values_take_the_registers_of_their_description() {
    let mut values = RegisterValues::new(&regs::DESCRIPTION);
    let isar0 = regs::DESCRIPTION.register("ID_AA64ISAR0_EL1").unwrap();
    assert_eq!(values.get(isar0), None);
    values.set_field(Dp::IMP);
    assert_eq!(values.get(isar0), None);
    values.set(isar0, 0);
    values.set_field(Dp::IMP);
    assert_eq!(values.get_as(), Some(IdAa64isar0El1::from_bits(1 << 44)));
    assert_eq!(values.iter().count(), 1);
}
