//! Properties by name, without going through every register.
//!
//! The index is an open hash table that the macro fills, since the compiler would take seconds for a
//! kernel's whole file; `hash` and `start` are the same there (idreg-macros, `expand/index.rs`).

use super::registers::{RegisterDescription, RegisterField};

/// A place of the index: the register's position, and below that in 6 bits its field's. Nothing is at
/// a place whose bits are all set, which is no register's position.
type Slot = u32;

/// A register of 64 bits has no more fields than that.
const FIELDS: Slot = 64;

/// The field whose property has this name, without the prefix that all have.
pub(super) fn find(
    slots: &[Slot],
    registers: &[&'static RegisterDescription],
    name: &str,
) -> Option<RegisterField> {
    let first = start(hash(name.as_bytes()), slots.len());
    let (before, after) = slots.split_at_checked(first)?;
    for slot in after.iter().chain(before) {
        let register = *registers.get((slot / FIELDS) as usize)?;
        let field = register.layout.fields.get((slot % FIELDS) as usize)?;
        let rest = name.strip_prefix(register.name);
        if rest.and_then(|rest| rest.strip_prefix('_')) == Some(field.name) {
            return Some(RegisterField { register, field });
        }
    }
    None
}

/// The slot that a search begins with: the upper half of the hash as a part of all slots.
fn start(hash: u64, slots: usize) -> usize {
    (((hash >> 32) * slots as u64) >> 32) as usize
}

/// Eight bytes at a time, each mixed in by a multiplication: names are short and known, so nothing
/// stronger is needed.
fn hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let last = rest
        .iter()
        .fold(0, |last, byte| (last << 8) | u64::from(*byte));
    words.chain([last]).fold(name.len() as u64, mix)
}

/// The odd number is 2^64 over the golden ratio, as in Fibonacci hashing (Knuth, vol. 3, 6.4).
fn mix(state: u64, word: u64) -> u64 {
    let product = (state.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}
