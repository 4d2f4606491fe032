//! What the types that `include_sysreg!` emits have in common.

use crate::description::{FieldDescription, FieldOf, RegisterDescription};
use core::fmt;

/// The value of a system register whose fields are known by type.
pub trait Register: Copy + fmt::Debug + 'static {
    /// The register's names, bits and values.
    const DESCRIPTION: &'static RegisterDescription;

    /// Takes a register's value; every value is possible.
    fn from_bits(bits: u64) -> Self;

    /// The register's value.
    fn bits(self) -> u64;
}

/// The value of a field whose register is known by type.
pub trait FieldValue: Copy + fmt::Debug + 'static {
    /// The register that the field is part of.
    type Register: Register;

    /// The field's name, bits and values.
    const DESCRIPTION: &'static FieldDescription;

    /// The value, not shifted to the field's place.
    fn bits(self) -> u64;

    /// The field and its register.
    #[must_use]
    fn field() -> FieldOf {
        FieldOf {
            register: Self::Register::DESCRIPTION,
            field: Self::DESCRIPTION,
        }
    }
}

/// Shows a register with its fields decoded: `ID_AA64AFR0_EL1(0x1) { IMPDEF0: 0x1 (IMP), ... }`.
///
/// # Errors
///
/// Those of the formatter.
#[doc(hidden)]
pub fn fmt_register(
    register: &RegisterDescription,
    bits: u64,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "{}({bits:#x}) ", register.name)?;
    let mut map = f.debug_set();
    for field in register.fields {
        map.entry(&format_args!(
            "{}: {}",
            field.name,
            field.show(field.extract(bits))
        ));
    }
    map.finish()
}

/// Shows a field's value: `DP(0x1 (IMP))`.
///
/// # Errors
///
/// Those of the formatter.
#[doc(hidden)]
pub fn fmt_field(field: &FieldDescription, value: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}({})", field.name, field.show(value))
}
