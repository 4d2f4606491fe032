//! Where each field is in the table, by the hash of its property.

use super::layout_type::Emitted;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A slot without a field.
const EMPTY: u32 = u32::MAX;

/// Room for the fields of a register, of which there are at most as many as bits.
const FIELDS: usize = 64;

/// The slots of an open hash table, each the register's number and below that in 6 bits the field's.
/// `hash` and `start` are the runtime's own (`idreg-runtime`, `description/index.rs`), whose tests look
/// up every property.
pub(crate) fn index(emitted: &[Emitted<'_>]) -> TokenStream {
    let fields: Vec<(u32, String)> = emitted.iter().flat_map(fields).collect();
    // A search goes on up to an empty slot: half of them are, and there is one.
    let mut slots = vec![EMPTY; 2 * fields.len() + 1];
    for (slot, name) in &fields {
        let first = start(hash(name.as_bytes()), slots.len());
        let (before, after) = slots.split_at_mut(first);
        let mut from_there = after.iter_mut().chain(before);
        if let Some(empty) = from_there.find(|slot| **slot == EMPTY) {
            *empty = *slot;
        }
    }
    let slots = slots.into_iter().map(Literal::u32_unsuffixed);
    quote!(&[#(#slots),*])
}

/// The fields of a register, each with the slot's value and the property without its prefix.
fn fields(emitted: &Emitted<'_>) -> Vec<(u32, String)> {
    let (Some(place), Some(layout)) = (emitted.place(), emitted.layout()) else {
        return Vec::new();
    };
    let slot = |field: usize| u32::try_from(place.index * FIELDS + field).ok();
    let fields = layout.fields().enumerate();
    let fields = fields.filter_map(|(position, field)| {
        let name = format!("{}_{}", place.register.name(), field.name());
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
