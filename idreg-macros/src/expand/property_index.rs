//! The hash table from a property to its field's place in the table of registers.

use super::layout_type::EmittedType;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A slot without a field; its lower half is one without a field in 16 bits.
const EMPTY: u32 = u32::MAX;

/// The slot values of one register: a register has at most as many fields as bits.
const FIELDS: usize = 64;

/// The slots of an open hash table: each is a register's number, then a field's in the low 6 bits,
/// in 16 bits if no register has the number of an empty slot.
///
/// `hash` and `start` are the same as in the runtime (`idreg-runtime`, `description/index.rs`),
/// whose tests look up every property.
pub(crate) fn slots(krate: &TokenStream, emitted: &[EmittedType<'_>]) -> TokenStream {
    let fields: Vec<(u32, String)> = emitted.iter().flat_map(fields).collect();
    // A search ends at an empty slot: more than half of the slots are empty.
    let mut slots = vec![EMPTY; 2 * fields.len() + 1];
    for (slot, name) in &fields {
        let first = start(hash(name.as_bytes()), slots.len());
        let (before, after) = slots.split_at_mut(first);
        let mut from_first = after.iter_mut().chain(before);
        if let Some(empty) = from_first.find(|slot| **slot == EMPTY) {
            *empty = *slot;
        }
    }
    let registers = emitted.iter().filter_map(EmittedType::row);
    let slots = slots.into_iter();
    if fit_16_bits(registers.count()) {
        let slots = slots.map(|slot| Literal::u32_unsuffixed(slot & u32::from(u16::MAX)));
        quote!(#krate::description::PropertyIndex::Narrow(&[#(#slots),*]))
    } else {
        let slots = slots.map(Literal::u32_unsuffixed);
        quote!(#krate::description::PropertyIndex::Wide(&[#(#slots),*]))
    }
}

/// True if the slots of so many registers are below that of an empty slot of 16 bits.
const fn fit_16_bits(registers: usize) -> bool {
    registers * FIELDS <= u16::MAX as usize
}

/// The fields of a register: each one's slot value, and its property without `SYSREG_`.
fn fields(emitted: &EmittedType<'_>) -> Vec<(u32, String)> {
    let (Some(row), Some(layout)) = (emitted.row(), emitted.layout()) else {
        return Vec::new();
    };
    let slot = |field: usize| u32::try_from(row.index * FIELDS + field).ok();
    let fields = layout.fields().enumerate();
    let fields = fields.filter_map(|(position, field)| {
        let name = format!("{}_{}", row.register.name(), field.name());
        Some((slot(position)?, name))
    });
    fields.collect()
}

fn start(hash: u64, slots: usize) -> usize {
    (((hash >> 32) * slots as u64) >> 32) as usize
}

fn hash(name: &[u8]) -> u64 {
    let (words, rest) = name.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let last = rest
        .iter()
        .fold(0, |last, byte| (last << 8) | u64::from(*byte));
    words.chain([last]).fold(name.len() as u64, mix)
}

fn mix(state: u64, word: u64) -> u64 {
    let product = (state.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_16_bits_are_below_the_empty_one() {
        assert!(fit_16_bits(1023));
        assert!(!fit_16_bits(1024));
    }
}
