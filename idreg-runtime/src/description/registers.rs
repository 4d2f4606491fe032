//! Registers and their layouts.

use super::field::{FieldDescription, FieldTable};
use crate::encoding::Encoding;
use core::fmt;

/// A system register.
pub struct RegisterDescription {
    /// The register's name, such as `ID_AA64ISAR0_EL1`.
    pub name: &'static str,
    /// The register's position in its [`Description`](super::Description).
    pub index: usize,
    /// The register's encoding in the instruction space.
    pub encoding: Encoding,
    /// The layout of its bits. Registers that share a layout refer to the same one; it has no
    /// fields if the description defines none.
    pub layout: &'static LayoutDescription,
    /// Alternative layouts of this register alone, selected by a feature or mode.
    #[doc(hidden)]
    pub alternatives: &'static LayoutList,
}

/// A layout: the fields and reserved bits of a 64-bit register.
pub struct LayoutDescription {
    /// The layout's name: the name of the register that defines it, or its own if registers share
    /// it.
    pub name: &'static str,
    /// Reserved bits that read as zero.
    pub res0: u64,
    /// Reserved bits that read as one.
    pub res1: u64,
    /// Reserved bits of unknown value.
    pub unkn: u64,
    /// The rows, names and rules of the named fields from bit 63 down.
    #[doc(hidden)]
    pub fields: FieldTable,
    /// Alternative layouts of the same bits, selected by a feature or mode.
    #[doc(hidden)]
    pub alternatives: &'static LayoutList,
}

/// Some layouts; for the emitted tables.
#[doc(hidden)]
pub type LayoutList = &'static [&'static LayoutDescription];

/// A field together with its register; shown as its property, `SYSREG_<REGISTER>_<FIELD>`.
#[derive(Clone, Copy)]
pub struct RegisterField {
    /// The register.
    pub register: &'static RegisterDescription,
    /// One of its fields.
    pub field: FieldDescription,
}

/// The prefix of every property of a field.
pub const PROPERTY_PREFIX: &str = "SYSREG_";

impl RegisterDescription {
    /// The field of this name, spelt as in the description.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldDescription> {
        self.layout.field(name)
    }

    /// The register's fields, each as a [`RegisterField`].
    pub fn fields(&'static self) -> impl Iterator<Item = RegisterField> {
        self.layout.fields().map(move |field| RegisterField {
            register: self,
            field,
        })
    }

    /// All alternative layouts of the register: those of its layout and its own.
    pub fn alternatives(&self) -> impl Iterator<Item = &'static LayoutDescription> + use<> {
        let of_layout = self.layout.alternatives.iter();
        of_layout.chain(*self.alternatives).copied()
    }
}

impl LayoutDescription {
    /// The named fields from bit 63 down.
    #[must_use]
    pub fn fields(&'static self) -> impl ExactSizeIterator<Item = FieldDescription> {
        self.fields.iter()
    }

    /// The field of this name, spelt as in the description.
    #[must_use]
    pub fn field(&'static self, name: &str) -> Option<FieldDescription> {
        self.fields().find(|field| field.name() == name)
    }

    /// The field with exactly these bits, which must exist; for the emitted types.
    #[doc(hidden)]
    #[must_use]
    pub const fn field_at(&'static self, msb: u32, lsb: u32) -> FieldDescription {
        match self.fields.with_bits(msb, lsb) {
            Some(field) => field,
            #[expect(clippy::panic, reason = "in constants only, so a compile error")]
            None => panic!("the layout has no field with these bits"),
        }
    }
}

/// Shows the name.
impl fmt::Debug for LayoutDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for RegisterField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PROPERTY_PREFIX}{}_{}",
            self.register.name,
            self.field.name()
        )
    }
}

/// Shows the name and the encoding, since the layout would fill a page.
impl fmt::Debug for RegisterDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.encoding)
    }
}

/// Shows the property.
impl fmt::Debug for RegisterField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Compares the encoding and the name: a register that is read and one that is written can have one
/// encoding.
impl PartialEq for RegisterDescription {
    fn eq(&self, other: &Self) -> bool {
        self.encoding == other.encoding && self.name == other.name
    }
}

impl Eq for RegisterDescription {}

impl PartialEq for RegisterField {
    fn eq(&self, other: &Self) -> bool {
        self.register == other.register && self.field.shift() == other.field.shift()
    }
}

impl Eq for RegisterField {}
