//! MEMORY: the RAM slots of a guest.

use super::message::{InvalidMessage, MessageKind};
use super::payload::{from_json, invalid};
use serde::{Deserialize, Serialize};

/// The unit of guest memory in messages, in bytes: the smallest page of Arm.
pub const GRANULE: u64 = 4096;

/// The maximum number of RAM slots.
const MAX_SLOTS: usize = 64;

/// A range of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RamSlot {
    /// The guest physical address.
    pub address: u64,
    /// The size in bytes.
    pub size: u64,
    /// The offset in the memory's file in bytes, if the memory has a file.
    #[serde(default)]
    pub offset: u64,
}

/// The payload of MEMORY.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryMap {
    /// The RAM slots, ascending by address.
    pub slots: Vec<RamSlot>,
}

impl MemoryMap {
    /// Parses the slots and checks that they are aligned, ascending and apart.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Payload`].
    pub fn parse(payload: &[u8]) -> Result<Self, InvalidMessage> {
        let map: Self = from_json(MessageKind::Memory, payload)?;
        let fault = |reason: &str| Err(invalid(MessageKind::Memory, reason));
        if map.slots.is_empty() || map.slots.len() > MAX_SLOTS {
            return fault("the number of RAM slots is not 1 to 64");
        }
        let mut free = 0;
        for slot in &map.slots {
            let aligned = [slot.address, slot.size, slot.offset]
                .iter()
                .all(|bytes| bytes.is_multiple_of(GRANULE));
            if !aligned || slot.size == 0 {
                return fault("a RAM slot is empty, or not a multiple of 4096 bytes");
            }
            let end = slot.address.checked_add(slot.size);
            let in_file = slot.offset.checked_add(slot.size);
            match (end, in_file) {
                (Some(end), Some(_)) if slot.address >= free => free = end,
                _ => return fault("RAM slots overlap, or exceed 64-bit addresses"),
            }
        }
        Ok(map)
    }

    /// The size of all slots in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.slots
            .iter()
            .fold(0, |sum, slot| sum.saturating_add(slot.size))
    }

    /// True if one slot contains this range of guest physical addresses.
    #[must_use]
    pub fn contains(&self, address: u64, length: u64) -> bool {
        let within = |slot: &RamSlot| {
            let offset = address.checked_sub(slot.address);
            offset.is_some_and(|offset| offset <= slot.size && length <= slot.size - offset)
        };
        self.slots.iter().any(within)
    }
}
