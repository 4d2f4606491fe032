//! Features and rules in packed form: bytes that name registers, fields and features by position.
//!
//! Structures that point at each other would be the largest part of a description in a program,
//! since a pointer has eight bytes and a position mostly one. The macro writes the bytes
//! (idreg-macros, `expand/features.rs`). A number is in LEB128 (DWARF 5, 7.6): seven bits in a
//! byte, the lowest first, and the highest bit set in all bytes but the last. A list is the number
//! of its bytes, and its items.

use super::registers::{RegisterDescription, RegisterField};
use core::fmt;
use core::marker::PhantomData;

/// The features of a description and what the packed bytes refer to; for the emitted tables.
#[doc(hidden)]
#[derive(Debug)]
pub struct FactTable {
    /// The registers, by position.
    pub registers: &'static [&'static RegisterDescription],
    /// The names of the features, one after the other.
    pub names: &'static str,
    /// For each feature the start of its name in `names` and of its definition in `code`.
    pub features: &'static [[u16; 2]],
    /// The definitions of the features: a list of definitions and a list of mirrors for each.
    pub code: &'static [u8],
}

/// A list of a description in packed form, whose items are decoded when they are read.
pub struct PackedList<T> {
    table: &'static FactTable,
    code: &'static [u8],
    items: PhantomData<fn() -> T>,
}

impl<T> PackedList<T> {
    /// A list of packed items; for the emitted tables.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(table: &'static FactTable, code: &'static [u8]) -> Self {
        Self {
            table,
            code,
            items: PhantomData,
        }
    }

    /// True if the list has no items.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.code.is_empty()
    }
}

impl<T: Unpack> PackedList<T> {
    /// The items.
    #[must_use]
    pub const fn iter(self) -> PackedIter<T> {
        PackedIter {
            reader: Reader {
                table: self.table,
                code: self.code,
            },
            items: PhantomData,
        }
    }

    /// The first item, or `None` if the list is empty.
    #[must_use]
    pub fn first(self) -> Option<T> {
        self.iter().next()
    }

    /// The number of items; it takes time in proportion to them.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }
}

impl<T> Clone for PackedList<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for PackedList<T> {}

impl<T> PartialEq for PackedList<T> {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.table, other.table) && self.code == other.code
    }
}

impl<T> Eq for PackedList<T> {}

/// Shows the items.
impl<T: Unpack + fmt::Debug> fmt::Debug for PackedList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Unpack> IntoIterator for PackedList<T> {
    type Item = T;
    type IntoIter = PackedIter<T>;

    fn into_iter(self) -> PackedIter<T> {
        self.iter()
    }
}

/// The iterator over a [`PackedList`].
#[derive(Debug)]
pub struct PackedIter<T> {
    reader: Reader,
    items: PhantomData<fn() -> T>,
}

impl<T: Unpack> Iterator for PackedIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        T::unpack(&mut self.reader)
    }
}

/// An item of packed lists.
pub trait Unpack: Sized {
    /// Decodes the next item, or returns `None` at the end.
    fn unpack(reader: &mut Reader) -> Option<Self>;
}

/// A position in packed bytes.
#[derive(Debug)]
pub struct Reader {
    table: &'static FactTable,
    code: &'static [u8],
}

impl Reader {
    /// A reader of the definition of the feature at a position, or of nothing.
    pub(super) fn of_feature(table: &'static FactTable, position: u16) -> Self {
        let row = table.features.get(usize::from(position));
        let code = row.and_then(|[_, start]| table.code.get(usize::from(*start)..));
        Self {
            table,
            code: code.unwrap_or_default(),
        }
    }

    /// The table that the positions refer to.
    pub(super) fn table(&self) -> &'static FactTable {
        self.table
    }

    /// The next number.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.code.split_first()?;
            self.code = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
            shift += 7;
        }
    }

    /// The next register.
    pub(super) fn register(&mut self) -> Option<&'static RegisterDescription> {
        let position = self.number()?;
        self.register_at(position)
    }

    /// The register at a position.
    pub(super) fn register_at(&self, position: u64) -> Option<&'static RegisterDescription> {
        let position = usize::try_from(position).ok()?;
        self.table.registers.get(position).copied()
    }

    /// The next field of a register.
    pub(super) fn field_of(
        &mut self,
        register: &'static RegisterDescription,
    ) -> Option<RegisterField> {
        let position = usize::try_from(self.number()?).ok()?;
        let field = register.layout.fields.get(position)?;
        Some(RegisterField { register, field })
    }

    /// The next list.
    pub(super) fn list<T>(&mut self) -> Option<PackedList<T>> {
        let length = usize::try_from(self.number()?).ok()?;
        let (code, rest) = self.code.split_at_checked(length)?;
        self.code = rest;
        Some(PackedList::of(self.table, code))
    }
}

/// A register and its field.
impl Unpack for RegisterField {
    fn unpack(reader: &mut Reader) -> Option<Self> {
        let register = reader.register()?;
        reader.field_of(register)
    }
}
