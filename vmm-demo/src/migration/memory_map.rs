//! MEMORY: the RAM slots of a guest.

use super::message::{InvalidMessage, MessageKind};
use super::payload::{from_json, invalid};
use crate::vmm::ram_range::{self, RamRange, RangeFault};
use serde::{Deserialize, Serialize};

/// The unit of guest memory in messages, in bytes: the smallest page of Arm.
pub const GRANULE: u64 = 4096;

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

impl RamSlot {
    /// The slot's guest physical addresses.
    const fn range(&self) -> RamRange {
        RamRange {
            start: self.address,
            size: self.size,
        }
    }
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
        let fault = |reason: &str| invalid(MessageKind::Memory, reason);
        let unaligned = || fault("a RAM slot is empty, or not a multiple of 4096 bytes");
        let overlap = || fault("RAM slots overlap, or exceed 64-bit addresses");
        let ranges = map.slots.iter().map(RamSlot::range);
        ram_range::check(ranges, GRANULE, u64::MAX).map_err(|error| match error {
            RangeFault::Count => fault("the number of RAM slots is not 1 to 64"),
            RangeFault::Granule(_) => unaligned(),
            RangeFault::Order(_) => overlap(),
        })?;
        for slot in &map.slots {
            if !slot.offset.is_multiple_of(GRANULE) {
                return Err(unaligned());
            }
            slot.offset.checked_add(slot.size).ok_or_else(overlap)?;
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
        let mut ranges = self.slots.iter().map(RamSlot::range);
        ranges.any(|range| range.contains(address, length))
    }
}
