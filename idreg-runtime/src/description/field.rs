//! Fields, as rows of a table without pointers.

use super::rule::{FieldRule, Safety};
use super::value_names::ValueNames;
use core::fmt;

/// A named field of a register.
#[derive(Clone, Copy)]
pub struct FieldDescription {
    table: &'static FieldTable,
    row: &'static FieldRow,
}

/// The fields of a layout; for the emitted tables.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldTable {
    /// The rows from bit 63 down.
    pub rows: &'static [FieldRow],
    /// For each field its name and, after it, the text of its [`ValueNames`].
    pub text: &'static str,
    /// The rules that rows refer to by position, of all layouts.
    pub rules: &'static &'static [FieldRule],
}

/// The row of a field; for the emitted tables.
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldRow {
    /// The start of the name in the text.
    start: u16,
    /// The length of the values, which are after the name.
    values: u16,
    /// The length of the name.
    name: u8,
    /// The lowest bit in the low 6 bits, and above it the position of the kind among all kinds.
    shift_and_kind: u8,
    width: u8,
    /// The position of the rule.
    rule: u8,
}

const _: () = assert!(size_of::<FieldRow>() == 8);

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

/// The lowest bit in [`FieldRow`].
const SHIFT: u8 = 0x3f;
/// The number of the kind in [`FieldRow`].
const KIND: u32 = 6;

impl FieldRow {
    /// A row: start of the name in the text, start of the values and their end, lowest bit, number
    /// of bits, kind, position of the rule.
    ///
    /// # Panics
    ///
    /// Panics if the name is longer than 255 bytes; in a constant that is a compile error.
    #[must_use]
    pub const fn of(text: [u16; 3], shift: u8, width: u8, kind: FieldKind, rule: u8) -> Self {
        let [start, values, end] = text;
        assert!(
            values - start <= 0xff,
            "a field's name is longer than 255 bytes"
        );
        let [name, _] = (values - start).to_le_bytes();
        Self {
            start,
            values: end - values,
            name,
            shift_and_kind: (kind as u8) << KIND | shift,
            width,
            rule,
        }
    }
}

impl FieldTable {
    /// The fields, in the order of the rows.
    pub(super) fn iter(&'static self) -> impl ExactSizeIterator<Item = FieldDescription> {
        let rows = self.rows.iter();
        rows.map(move |row| FieldDescription { table: self, row })
    }

    /// The field at a position.
    pub(super) fn get(&'static self, position: usize) -> Option<FieldDescription> {
        let row = self.rows.get(position)?;
        Some(FieldDescription { table: self, row })
    }

    /// The field with exactly these bits.
    pub(super) const fn with_bits(&'static self, msb: u32, lsb: u32) -> Option<FieldDescription> {
        let mut rows = self.rows;
        while let [row, rest @ ..] = rows {
            let field = FieldDescription { table: self, row };
            if field.msb() as u32 == msb && field.shift() as u32 == lsb {
                return Some(field);
            }
            rows = rest;
        }
        None
    }

    /// A part of the text, or nothing if there is no such part.
    const fn part(&self, start: u16, length: u16) -> &'static str {
        let Some((_, after)) = self.text.split_at_checked(start as usize) else {
            return "";
        };
        match after.split_at_checked(length as usize) {
            Some((part, _)) => part,
            None => "",
        }
    }
}

impl FieldDescription {
    /// The field's name, such as `DP`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.table.part(self.row.start, self.row.name as u16)
    }

    /// The number of the field's lowest bit.
    #[must_use]
    pub const fn shift(self) -> u8 {
        self.row.shift_and_kind & SHIFT
    }

    /// The number of the field's bits, 1 to 64.
    #[must_use]
    pub const fn width(self) -> u8 {
        self.row.width
    }

    /// The kind of the field's values.
    #[must_use]
    pub const fn kind(self) -> FieldKind {
        match self.row.shift_and_kind >> KIND {
            0 => FieldKind::Plain,
            1 => FieldKind::Enum,
            2 => FieldKind::SignedEnum,
            _ => FieldKind::UnsignedEnum,
        }
    }

    /// The named values; others are possible.
    #[must_use]
    pub const fn values(self) -> ValueNames {
        let start = self.row.start + self.row.name as u16;
        ValueNames::of(self.table.part(start, self.row.values))
    }

    /// The rule by which KVM accepts values.
    // VMMs link this once, not at each call.
    #[inline(never)]
    #[must_use]
    pub const fn rule(self) -> &'static FieldRule {
        match self.table.rules.split_at_checked(self.row.rule as usize) {
            Some((_, [rule, ..])) => rule,
            _ => &FieldRule::LOWER,
        }
    }

    /// The highest value that fits the field.
    #[must_use]
    pub const fn max(self) -> u64 {
        u64::MAX >> (64 - self.width())
    }

    /// The number of the field's highest bit.
    #[must_use]
    pub const fn msb(self) -> u8 {
        self.shift() + self.width() - 1
    }

    /// The field's bits as the kernel writes them: `47:44`, or `31` for a single one.
    #[must_use]
    pub fn bits(self) -> impl fmt::Display + use<> {
        ShownBits {
            msb: self.msb(),
            lsb: self.shift(),
        }
    }

    /// The mask of the field's bits in the register.
    #[must_use]
    pub const fn mask(self) -> u64 {
        self.max() << self.shift()
    }

    /// The field's value in a register's value.
    #[must_use]
    pub const fn extract(self, register: u64) -> u64 {
        register >> self.shift() & self.max()
    }

    /// A register's value with the field replaced; `value` is cut to the field's width.
    #[must_use]
    pub const fn insert(self, register: u64, value: u64) -> u64 {
        register & !self.mask() | (value & self.max()) << self.shift()
    }

    /// A value as a number for comparison: negative if the field is signed, by its kind or its
    /// rule, and its top bit is set.
    // VMMs link this once, not at each call.
    #[inline(never)]
    #[must_use]
    pub const fn comparable(self, value: u64) -> i128 {
        if self.kind().is_signed() || matches!(self.rule().safety, Safety::SignedLower) {
            let unused = 64 - self.width();
            ((value << unused).cast_signed() >> unused) as i128
        } else {
            value as i128
        }
    }

    /// The first name of a value, or `None` if it has no name.
    #[must_use]
    pub const fn value_name(self, value: u64) -> Option<&'static str> {
        self.values().name_of(value)
    }

    /// A value in readable form: `0x1 (IMP)`, or `0x3` if it has no name.
    #[must_use]
    pub fn show(self, value: u64) -> ShownValue {
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

/// Shows the name.
impl fmt::Debug for FieldDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

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
pub struct ShownValue {
    field: FieldDescription,
    value: u64,
}

impl fmt::Display for ShownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.value_name(self.value) {
            Some(name) => write!(f, "{:#x} ({name})", self.value),
            None => write!(f, "{:#x}", self.value),
        }
    }
}
