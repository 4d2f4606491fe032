//! The values of a description's registers, densely stored.

use crate::description::feature::{FeatureDescription, FieldAtLeast};
use crate::description::{Description, RegisterDescription, RegisterField};
use crate::encoding::Encoding;
use crate::number::Hex;
use crate::register::{FieldValue, RegisterValue};
use core::fmt;
use serde::{Serialize, Serializer};

/// A value, or none, for every register of a description, in index order.
#[derive(Clone)]
pub struct RegisterValues {
    description: &'static Description,
    values: Box<[u64]>,
    /// A bit for each register, 64 to a word: whether `values` holds one for it.
    present: Box<[u64]>,
}

impl RegisterValues {
    /// No values yet.
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

    /// The description whose registers these are.
    #[must_use]
    pub fn description(&self) -> &'static Description {
        self.description
    }

    /// A register's value, if there is one.
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

    /// A register's value with its type, if there is one.
    #[must_use]
    pub fn get_as<R: RegisterValue>(&self) -> Option<R> {
        self.get(R::DESCRIPTION).map(R::from_bits)
    }

    /// A field's value, if its register has one.
    #[must_use]
    pub fn field(&self, of: RegisterField) -> Option<u64> {
        self.get(of.register).map(|value| of.field.extract(value))
    }

    /// Whether a field is there and at least so much, signed where its rule is.
    #[must_use]
    pub fn is_at_least(&self, least: FieldAtLeast) -> bool {
        let field = least.field.field;
        let wanted = field.comparable(least.value);
        self.field(least.field)
            .is_some_and(|value| field.comparable(value) >= wanted)
    }

    /// Whether the registers tell of a feature: all its [deciding](FeatureDescription::deciding) fields do.
    #[must_use]
    pub fn has(&self, feature: &FeatureDescription) -> bool {
        feature
            .defining_fields()
            .all(|least| self.is_at_least(least))
    }

    /// Gives a register a value; a register that the description does not have is ignored.
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

    /// Replaces a field by type; nothing happens to a register without a value.
    pub fn set_field<F: FieldValue>(&mut self, value: F) {
        let RegisterField { register, field } = F::FIELD;
        if let Some(old) = self.get(register) {
            self.set(register, field.insert(old, value.bits()));
        }
    }

    /// The registers that have a value, in index order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static RegisterDescription, u64)> + '_ {
        let registers = self.description.registers.iter().copied();
        registers.filter_map(|register| Some((register, self.get(register)?)))
    }

    /// Where a register stands here; types may come from another description than the values.
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

/// Registers by name, in index order, with `0x` and 16 digits.
impl Serialize for RegisterValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.iter()
                .map(|(register, value)| (register.name, Hex(value))),
        )
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

/// Equal are the same values of the same registers, whatever the description that each goes by.
impl PartialEq for RegisterValues {
    fn eq(&self, other: &Self) -> bool {
        self.iter().count() == other.iter().count()
            && self
                .iter()
                .all(|(register, value)| other.get(register) == Some(value))
    }
}

impl Eq for RegisterValues {}
