//! The table of the architecture's names.

use idreg_runtime::formats::arm_names::{self, TABLE};
use idreg_runtime::regs::DESCRIPTION;

#[test]
fn every_line_of_the_table_is_a_row_or_a_comment() {
    let is_row = |line: &&str| !line.is_empty() && !line.starts_with('#');
    assert_eq!(
        TABLE.lines().filter(is_row).count(),
        arm_names::rows().count()
    );
}

#[test]
fn every_row_is_about_bits_of_one_field() {
    for (register, bits) in arm_names::rows() {
        let register = DESCRIPTION.register(register).expect(register);
        let mut fields = register.fields();
        let of =
            fields.find(|field| field.field.shift() <= bits.lsb && bits.msb <= field.field.msb());
        let field = of.expect(register.name);
        assert_ne!(bits.name, Some(field.field.name()), "{field}");
    }
}

#[test]
fn the_parts_of_a_field_are_all_of_its_bits() {
    for field in DESCRIPTION.fields() {
        let parts = arm_names::of(field);
        let bits: u32 = parts.iter().map(|part| u32::from(part.width())).sum();
        assert_eq!(bits, u32::from(field.field.width()), "{field}");
    }
}

#[test]
fn names_are_found_in_the_spelling_of_the_architecture_only() {
    let find = |property| {
        let found = arm_names::find(&DESCRIPTION, property)?;
        Some((found.register.name, found.bits.msb, found.bits.lsb))
    };
    assert_eq!(
        find("SYSREG_ID_AA64MMFR0_EL1_TGran4_2"),
        Some(("ID_AA64MMFR0_EL1", 43, 40))
    );
    assert_eq!(find("SYSREG_CLIDR_EL1_Ttype7"), Some(("CLIDR_EL1", 46, 45)));
    assert_eq!(
        find("SYSREG_ID_AA64ISAR0_EL1_DP"),
        Some(("ID_AA64ISAR0_EL1", 47, 44))
    );
    for other in [
        "SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2",
        "SYSREG_CLIDR_EL1_Ttypen",
        "SYSREG_AIDR_EL1_IMPDEF",
        "SYSREG_AIDR_EL1_-",
        "ID_AA64ISAR0_EL1_DP",
        "",
    ] {
        assert_eq!(find(other), None, "{other}");
    }
}
