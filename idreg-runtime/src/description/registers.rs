//! Registers, their layouts, fields and values.

use super::rule::{FieldRule, Safety};
use super::value_names::ValueNames;
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
    pub alternatives: &'static [&'static LayoutDescription],
}

/// A layout: the fields and reserved bits of a 64-bit register.
#[derive(Debug)]
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
    /// The named fields from bit 63 down.
    pub fields: &'static [FieldDescription],
    /// Alternative layouts of the same bits, selected by a feature or mode.
    pub alternatives: &'static [&'static LayoutDescription],
}

/// A named field of a register.
#[derive(Debug)]
pub struct FieldDescription {
    /// The field's name, such as `DP`.
    pub name: &'static str,
    /// The number of its lowest bit.
    pub shift: u8,
    /// The number of its bits, 1 to 64.
    pub width: u8,
    /// The kind of its values.
    pub kind: FieldKind,
    /// The named values; others are possible.
    pub values: ValueNames,
    /// The rule by which KVM accepts values.
    pub rule: &'static FieldRule,
}

/// The kind of a field's values, as the description defines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// A number or a flag.
    Plain,
    /// Named values without a stated order or sign.
    Enum,
    /// Named values that compare as signed numbers.
    SignedEnum,
    /// Named values that compare as unsigned numbers.
    UnsignedEnum,
}

/// A field together with its register; shown as its property, `SYSREG_<REGISTER>_<FIELD>`.
#[derive(Clone, Copy)]
pub struct RegisterField {
    /// The register.
    pub register: &'static RegisterDescription,
    /// One of its fields.
    pub field: &'static FieldDescription,
}

/// The prefix of every property of a field.
pub const PROPERTY_PREFIX: &str = "SYSREG_";

impl RegisterDescription {
    /// The field of this name, spelt as in the description.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static FieldDescription> {
        self.layout.field(name)
    }

    /// The register's fields, each as a [`RegisterField`].
    pub fn fields(&'static self) -> impl Iterator<Item = RegisterField> {
        self.layout.fields.iter().map(move |field| RegisterField {
            register: self,
            field,
        })
    }

    /// All alternative layouts of the register: those of its layout and its own.
    pub fn alternatives(&self) -> impl Iterator<Item = &'static LayoutDescription> + use<> {
        let of_layout = self.layout.alternatives.iter();
        of_layout.chain(self.alternatives).copied()
    }
}

impl LayoutDescription {
    /// The field of this name, spelt as in the description.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static FieldDescription> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field with exactly these bits, which must exist; for the emitted types.
    #[doc(hidden)]
    #[must_use]
    pub const fn field_at(&self, msb: u32, lsb: u32) -> &'static FieldDescription {
        let mut fields = self.fields;
        while let [field, rest @ ..] = fields {
            if field.msb() as u32 == msb && field.shift as u32 == lsb {
                return field;
            }
            fields = rest;
        }
        #[expect(clippy::panic, reason = "in constants only, so a compile error")]
        {
            panic!("the layout has no field with these bits")
        }
    }
}

impl FieldDescription {
    /// The highest value that fits the field.
    #[must_use]
    pub const fn max(&self) -> u64 {
        u64::MAX >> (64 - self.width)
    }

    /// The number of the field's highest bit.
    #[must_use]
    pub const fn msb(&self) -> u8 {
        self.shift + self.width - 1
    }

    /// The field's bits as the kernel writes them: `47:44`, or `31` for a single one.
    #[must_use]
    pub fn bits(&self) -> impl fmt::Display + use<> {
        ShownBits {
            msb: self.msb(),
            lsb: self.shift,
        }
    }

    /// The mask of the field's bits in the register.
    #[must_use]
    pub const fn mask(&self) -> u64 {
        self.max() << self.shift
    }

    /// The field's value in a register's value.
    #[must_use]
    pub const fn extract(&self, register: u64) -> u64 {
        register >> self.shift & self.max()
    }

    /// A register's value with the field replaced; `value` is cut to the field's width.
    #[must_use]
    pub const fn insert(&self, register: u64, value: u64) -> u64 {
        register & !self.mask() | (value & self.max()) << self.shift
    }

    /// A value as a number for comparison: negative if the field is signed, by its kind or its
    /// rule, and its top bit is set.
    #[must_use]
    pub const fn comparable(&self, value: u64) -> i128 {
        if self.kind.is_signed() || matches!(self.rule.safety, Safety::SignedLower) {
            let unused = 64 - self.width;
            ((value << unused).cast_signed() >> unused) as i128
        } else {
            value as i128
        }
    }

    /// The first name of a value, or `None` if it has no name.
    #[must_use]
    pub const fn value_name(&self, value: u64) -> Option<&'static str> {
        self.values.name_of(value)
    }

    /// A value in readable form: `0x1 (IMP)`, or `0x3` if it has no name.
    #[must_use]
    pub fn show(&self, value: u64) -> ShownValue<'_> {
        ShownValue { field: self, value }
    }
}

impl FieldKind {
    /// True if values compare as signed numbers.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::SignedEnum)
    }
}

impl fmt::Display for RegisterField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{PROPERTY_PREFIX}{}_{}",
            self.register.name, self.field.name
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
        self.register == other.register && self.field.shift == other.field.shift
    }
}

impl Eq for RegisterField {}

/// The bits of a field, shown as the kernel writes them.
struct ShownBits {
    msb: u8,
    lsb: u8,
}

impl fmt::Display for ShownBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { msb, lsb } if msb == lsb => write!(f, "{msb}"),
            Self { msb, lsb } => write!(f, "{msb}:{lsb}"),
        }
    }
}

/// A field's value, shown with its name; see [`FieldDescription::show`].
#[derive(Clone, Copy, Debug)]
pub struct ShownValue<'a> {
    field: &'a FieldDescription,
    value: u64,
}

impl fmt::Display for ShownValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.value_name(self.value) {
            Some(name) => write!(f, "{:#x} ({name})", self.value),
            None => write!(f, "{:#x}", self.value),
        }
    }
}
