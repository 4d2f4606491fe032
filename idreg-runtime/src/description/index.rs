//! Properties by name, without going through every register.

use super::{FieldOf, RegisterDescription};

/// Longer names are not indexed; those of a description from a file have up to 201 bytes.
const LONGEST: usize = 256;

/// A place of the index of properties: the field that it is for, if it is for one.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    register: u16,
    field: u16,
}

impl Slot {
    const EMPTY: Self = Self {
        register: u16::MAX,
        field: u16::MAX,
    };

    /// Puts every field of the registers into the index, for the emitted table. `N` is at least one
    /// more than there are fields, or the compiler says so; twice as much keeps searches short.
    #[must_use]
    pub const fn index<const N: usize>(registers: &[&RegisterDescription]) -> [Self; N] {
        let mut slots = [Self::EMPTY; N];
        let (mut rest, mut register) = (registers, 0);
        while let [first, others @ ..] = rest {
            let mut fields = first.layout.fields;
            let mut field = 0;
            while let [one, further @ ..] = fields {
                insert(
                    &mut slots,
                    hash_of(first.name, one.name),
                    Self { register, field },
                );
                fields = further;
                field += 1;
            }
            rest = others;
            register += 1;
        }
        slots
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "in constants only, so a compile error"
)]
const fn insert(slots: &mut [Slot], hash: u64, slot: Slot) {
    let mut position = start(hash, slots.len());
    while slots[position].field != u16::MAX {
        position = next(position, slots.len());
    }
    slots[position] = slot;
}

/// The field whose property has this name, without the prefix that all have.
pub(super) fn find(
    slots: &[Slot],
    registers: &[&'static RegisterDescription],
    name: &str,
) -> Option<FieldOf> {
    let mut position = start(hash(name.as_bytes()), slots.len());
    loop {
        let Slot { register, field } = *slots.get(position)?;
        // No register has a field of the number that is in an empty slot.
        let register = *registers.get(usize::from(register))?;
        let field = register.layout.fields.get(usize::from(field))?;
        let rest = name.strip_prefix(register.name);
        if rest.and_then(|rest| rest.strip_prefix('_')) == Some(field.name) {
            return Some(FieldOf { register, field });
        }
        position = next(position, slots.len());
    }
}

/// The slot that a search begins with: the upper half of the hash as a part of all slots.
const fn start(hash: u64, slots: usize) -> usize {
    (((hash >> 32) * slots as u64) >> 32) as usize
}

const fn next(position: usize, slots: usize) -> usize {
    if position + 1 < slots {
        position + 1
    } else {
        0
    }
}

/// The hash of a property without its prefix.
const fn hash_of(register: &str, field: &str) -> u64 {
    let mut buffer = [0; LONGEST];
    let (start, rest) = buffer.split_at_mut(register.len());
    start.copy_from_slice(register.as_bytes());
    let (separator, rest) = rest.split_at_mut(1);
    separator.copy_from_slice(b"_");
    let (end, _) = rest.split_at_mut(field.len());
    end.copy_from_slice(field.as_bytes());
    let (name, _) = buffer.split_at(register.len() + 1 + field.len());
    hash(name)
}

/// Eight bytes at a time, each mixed in by a multiplication: names are short and known, so nothing
/// stronger is needed.
const fn hash(name: &[u8]) -> u64 {
    let (mut state, mut rest) = (name.len() as u64, name);
    while let Some((word, others)) = rest.split_first_chunk() {
        state = mix(state, u64::from_le_bytes(*word));
        rest = others;
    }
    let mut last = 0;
    while let [first, others @ ..] = rest {
        last = last << 8 | *first as u64;
        rest = others;
    }
    mix(state, last)
}

/// The odd number is 2^64 over the golden ratio, as in Fibonacci hashing (Knuth, vol. 3, 6.4).
const fn mix(state: u64, word: u64) -> u64 {
    let product = (state.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}
