//! Traits and helpers of the types that `include_sysreg!` emits.

mod property;
mod types;

pub use self::property::PropertyName;

use crate::description::{FieldDescription, LayoutDescription, RegisterDescription, RegisterField};
use core::fmt;

/// A layout of 64 bits, identified by a type.
///
/// The macro emits such a type for every register that defines its own fields, for every layout
/// that registers share, and for every alternative layout of a register.
pub trait Layout: Eq + 'static {
    /// The layout's fields.
    const LAYOUT: &'static LayoutDescription;
}

/// A register's name and encoding, identified by a type.
///
/// If the register defines its own fields, the type is its [`Layout`] as well.
pub trait SystemRegister: 'static {
    /// The register.
    const REGISTER: &'static RegisterDescription;
}

/// The value of a system register, with its fields known by type.
pub trait RegisterValue: Copy + fmt::Debug + 'static {
    /// The register's name, encoding and layout.
    const DESCRIPTION: &'static RegisterDescription;

    /// Makes a value from the register's bits; all bits are possible.
    fn from_bits(bits: u64) -> Self;

    /// The register's bits.
    fn bits(self) -> u64;
}

/// The value of a field, with its register known by type.
///
/// A field of a layout that several registers share belongs to no single register, so its type does
/// not implement this trait.
pub trait FieldValue: Copy + fmt::Debug + 'static {
    /// The field and its register.
    const FIELD: RegisterField;

    /// The value, not shifted to the field's position.
    fn bits(self) -> u64;
}

/// Shows a register with its fields decoded: `ID_AA64AFR0_EL1(0x1) {IMPDEF0: 0x1 (IMP), ...}`.
///
/// # Errors
///
/// An error of the formatter.
#[doc(hidden)]
pub fn fmt_register(
    name: &str,
    layout: &'static LayoutDescription,
    bits: u64,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    write!(f, "{name}({bits:#x}) ")?;
    let mut set = f.debug_set();
    for field in layout.fields() {
        set.entry(&format_args!(
            "{}: {}",
            field.name(),
            field.show(field.extract(bits))
        ));
    }
    set.finish()
}

/// Shows a field's value: `DP(0x1 (IMP))`.
///
/// # Errors
///
/// An error of the formatter.
#[doc(hidden)]
pub fn fmt_field(field: FieldDescription, value: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}({})", field.name(), field.show(value))
}
