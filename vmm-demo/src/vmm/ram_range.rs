//! Ranges of a guest's RAM, and the rules for those of a guest.

use serde::{Deserialize, Serialize};

/// The maximum number of ranges.
pub(crate) const MOST_RANGES: usize = 64;

/// A range of guest physical addresses that is RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RamRange {
    /// The first address.
    pub start: u64,
    /// The size in bytes.
    pub size: u64,
}

impl RamRange {
    /// The address after the last, or `None` if the range exceeds 64-bit addresses.
    #[must_use]
    pub const fn end(&self) -> Option<u64> {
        self.start.checked_add(self.size)
    }

    /// True if the range contains this many bytes at an address.
    #[must_use]
    pub fn contains(&self, address: u64, length: u64) -> bool {
        let offset = address.checked_sub(self.start);
        offset.is_some_and(|offset| offset <= self.size && length <= self.size - offset)
    }
}

/// The rule that the ranges of a guest break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RangeFault {
    /// There is no range, or there are too many.
    Count,
    /// A range has no size, or is no multiple of the granule.
    Granule(RamRange),
    /// A range begins before the end of the one before, or exceeds the addresses.
    Order(RamRange),
}

/// Checks that ranges are multiples of `granule` bytes, ascending, apart and below `address_end`.
pub(crate) fn check(
    ranges: impl ExactSizeIterator<Item = RamRange>,
    granule: u64,
    address_end: u64,
) -> Result<(), RangeFault> {
    if !(1..=MOST_RANGES).contains(&ranges.len()) {
        return Err(RangeFault::Count);
    }
    let mut free = 0;
    for range in ranges {
        let is_granule = |bytes: u64| bytes.is_multiple_of(granule);
        if range.size == 0 || !is_granule(range.start) || !is_granule(range.size) {
            return Err(RangeFault::Granule(range));
        }
        free = range
            .end()
            .filter(|end| range.start >= free && *end <= address_end)
            .ok_or(RangeFault::Order(range))?;
    }
    Ok(())
}
