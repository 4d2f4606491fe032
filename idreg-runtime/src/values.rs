//! Values of a description's registers in dense storage.

#[cfg(feature = "serde")]
mod file;

use crate::description::feature::{Condition, Definition, FeatureDescription, FieldRange};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::encoding::Encoding;
use crate::number::Hex;
use crate::register::{FieldValue, RegisterValue};
use core::fmt;

#[cfg(feature = "serde")]
pub(crate) use self::file::NamedValues;

/// A value or `None` for every register of a description, in index order.
#[derive(Clone)]
pub struct RegisterValues {
    description: &'static Description,
    values: Box<[u64]>,
    /// One bit per register, 64 in a word, set if `values` has a value for it.
    present: Box<[u64]>,
}

impl RegisterValues {
    /// Makes a set without values.
    #[must_use]
    pub fn new(description: &'static Description) -> Self {
        let count = description.registers.len();
        let values = vec![0; count].into_boxed_slice();
        let present = vec![0; count.div_ceil(64)].into_boxed_slice();
        Self {
            description,
            values,
            present,
        }
    }

    /// The description of the registers.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.description
    }

    /// A register's value, or `None` if it has none.
    #[must_use]
    pub fn get(&self, register: &RegisterDescription) -> Option<u64> {
        let index = self.index(register)?;
        let word = self.present.get(index / 64)?;
        if word >> (index % 64) & 1 == 0 {
            None
        } else {
            self.values.get(index).copied()
        }
    }

    /// A register's value with its type, or `None` if it has none.
    #[must_use]
    pub fn get_as<R: RegisterValue>(&self) -> Option<R> {
        self.get(R::DESCRIPTION).map(R::from_bits)
    }

    /// A field's value, or `None` if its register has none.
    #[must_use]
    #[inline(never)]
    pub fn field(&self, field: RegisterField) -> Option<u64> {
        self.get(field.register)
            .map(|value| field.field.extract(value))
    }

    /// True if a field has a value in a range.
    #[must_use]
    pub fn is_in(&self, range: FieldRange) -> bool {
        self.field(range.field)
            .is_some_and(|value| range.contains(value))
    }

    /// True if a feature is there, or a field has a value in a range.
    #[must_use]
    pub fn meets(&self, condition: Condition) -> bool {
        match condition {
            Condition::Feature(feature) => self.has(feature),
            Condition::Field(range) => self.is_in(range),
        }
    }

    /// True if all fields and conditions of a definition are met.
    #[must_use]
    pub fn meets_definition(&self, definition: Definition) -> bool {
        definition.fields.iter().all(|range| self.is_in(range))
            && definition.with.iter().all(|with| self.meets(with))
    }

    /// True if the registers indicate a feature: one of its definitions is met.
    #[must_use]
    pub fn has(&self, feature: FeatureDescription) -> bool {
        let mut definitions = feature.definitions().iter();
        definitions.any(|definition| self.meets_definition(definition))
    }

    /// Sets a register's value; a register that is not in the description is ignored.
    pub fn set(&mut self, register: &RegisterDescription, value: u64) {
        let Some(index) = self.index(register) else {
            return;
        };
        if let (Some(slot), Some(word)) =
            (self.values.get_mut(index), self.present.get_mut(index / 64))
        {
            *slot = value;
            *word |= 1 << (index % 64);
        }
    }

    /// Replaces a field by type; a register without a value is ignored.
    pub fn set_field<F: FieldValue>(&mut self, value: F) {
        let RegisterField { register, field } = F::FIELD;
        if let Some(old) = self.get(register) {
            self.set(register, field.insert(old, value.bits()));
        }
    }

    /// The values by index, 0 where there is none, and the bits of those that are present.
    pub(crate) fn words(&self) -> [&[u64]; 2] {
        [&self.values, &self.present]
    }

    /// The registers that have a value, in index order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static RegisterDescription, u64)> + '_ {
        let registers = self.description.registers.iter().copied();
        registers.filter_map(|register| Some((register, self.get(register)?)))
    }

    /// The index of a register in this description, or `None`; types may belong to another
    /// description.
    fn index(&self, register: &RegisterDescription) -> Option<usize> {
        let is_at = |index: usize, encoding: Encoding| {
            self.description
                .registers
                .get(index)
                .is_some_and(|here| here.encoding == encoding)
        };
        if is_at(register.index, register.encoding) {
            return Some(register.index);
        }
        self.description
            .registers
            .iter()
            .position(|here| here.encoding == register.encoding)
    }
}

impl fmt::Debug for RegisterValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.iter().map(|(register, value)| (register.name, value));
        f.debug_map()
            .entries(entries.map(|(name, value)| (name, Hex(value))))
            .finish()
    }
}

/// Compares values by register, even if each set has another description.
impl PartialEq for RegisterValues {
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self.description, other.description) {
            // An absent register's value is 0.
            return self.words() == other.words();
        }
        self.iter().count() == other.iter().count()
            && self
                .iter()
                .all(|(register, value)| other.get(register) == Some(value))
    }
}

impl Eq for RegisterValues {}
