//! Finds properties by name without a search through all registers.
//!
//! The index is an open hash table that the macro fills, since the compiler would take seconds for
//! a kernel's whole file. `hash` and `start` are the same there (idreg-macros,
//! `expand/property_index.rs`).

use super::registers::{RegisterDescription, RegisterField};

/// The slots of the index; for the emitted tables.
///
/// A slot has the register's position, and below it, in 6 bits, the field's position. An empty slot
/// has all bits set, which is not the position of any register.
#[doc(hidden)]
#[derive(Debug)]
pub enum PropertyIndex {
    /// Slots of 16 bits, for descriptions of fewer than 1024 registers.
    Narrow(&'static [u16]),
    /// Slots of 32 bits.
    Wide(&'static [u32]),
}

/// The maximum number of fields in a register of 64 bits.
const FIELDS: usize = 64;

impl PropertyIndex {
    /// The field whose property has this name, without the common prefix, or `None`.
    pub(super) fn find(
        &self,
        registers: &[&'static RegisterDescription],
        name: &str,
    ) -> Option<RegisterField> {
        let count = match self {
            Self::Narrow(slots) => slots.len(),
            Self::Wide(slots) => slots.len(),
        };
        let first = start(hash(name.as_bytes()), count);
        for position in (first..count).chain(0..first) {
            let slot = match self {
                Self::Narrow(slots) => usize::from(*slots.get(position)?),
                Self::Wide(slots) => *slots.get(position)? as usize,
            };
            let register = *registers.get(slot / FIELDS)?;
            let field = register.layout.fields.get(slot % FIELDS)?;
            let rest = name.strip_prefix(register.name);
            if rest.and_then(|rest| rest.strip_prefix('_')) == Some(field.name()) {
                return Some(RegisterField { register, field });
            }
        }
        None
    }
}

/// The slot at which a search begins: the upper half of the hash, scaled to the number of slots.
fn start(hash: u64, slots: usize) -> usize {
    (((hash >> 32) * slots as u64) >> 32) as usize
}

/// Hashes a name, eight bytes at a time.
///
/// One multiplication mixes each word in: names are short and known, so a stronger hash is not
/// needed.
fn hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let last = rest
        .iter()
        .fold(0, |last, byte| (last << 8) | u64::from(*byte));
    words.chain([last]).fold(name.len() as u64, mix)
}

/// Mixes a word into the state.
///
/// The odd number is 2^64 over the golden ratio, as in Fibonacci hashing (Knuth, vol. 3, 6.4).
fn mix(state: u64, word: u64) -> u64 {
    let product = (state.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::description::PROPERTY_PREFIX;
    use crate::regs::DESCRIPTION;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn slots_of_both_sizes_find_every_property() {
        let PropertyIndex::Narrow(slots) = DESCRIPTION.properties else {
            panic!("the slots of 53 registers fit 16 bits");
        };
        let widened = slots.iter().map(|slot| match *slot {
            u16::MAX => u32::MAX,
            slot => slot.into(),
        });
        let wide = PropertyIndex::Wide(Vec::leak(widened.collect()));
        for field in DESCRIPTION.fields() {
            let property = field.to_string();
            let name = property.strip_prefix(PROPERTY_PREFIX).unwrap();
            assert_eq!(
                wide.find(DESCRIPTION.registers, name),
                Some(field),
                "{name}"
            );
            assert_eq!(DESCRIPTION.property(&property), Some(field), "{name}");
        }
        assert_eq!(
            wide.find(DESCRIPTION.registers, "ID_AA64PFR0_EL1_NONE"),
            None
        );
    }
}
