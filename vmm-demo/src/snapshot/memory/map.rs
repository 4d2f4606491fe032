//! The ranges of the RAM and their encoding: the section before those with the contents.

use super::{CHUNK, PAGE};
use crate::size::MemorySize;
use crate::vmm::ram_range::{self, MOST_RANGES, RamRange, RangeFault};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The granule of ranges in bytes: the largest page of Arm, so that every host can map them.
const GRANULE: u64 = 64 << 10;

/// The first address that is too large for a physical address (Arm ARM, FEAT_LPA2).
const ADDRESS_END: u64 = 1 << 52;

/// The encoding of RAM in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum MemoryEncoding {
    /// Compressed, without pages of zeros.
    #[default]
    Zstd,
    /// As it is, with holes for pages of zeros, so that `restore --lazy` can map it.
    Raw,
}

/// The ranges of a guest's RAM and the encoding of their contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "MapFile", into = "MapFile")]
pub struct MemoryMap {
    encoding: MemoryEncoding,
    ranges: Vec<RamRange>,
}

/// The reason why no guest has such RAM, or this version cannot read it.
#[derive(Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidMap {
    /// There is no range, or there are too many.
    #[error("the memory has {count} ranges, expected 1 to {MOST_RANGES}")]
    Count {
        /// The number of ranges.
        count: usize,
    },
    /// A range has no size, or is no multiple of the granule.
    #[error(
        "the memory at {:#x} has {}, expected multiples of {}",
        .0.start, MemorySize(.0.size), MemorySize(GRANULE)
    )]
    Granule(RamRange),
    /// A range begins before the end of the one before, or exceeds physical addresses.
    #[error(
        "the memory at {:#x} is not after the range before, within physical addresses",
        .0.start
    )]
    Order(RamRange),
    /// The chunks or pages have another size than in this version.
    #[error("chunks have {chunk} bytes and pages {page}, expected {CHUNK} and {PAGE}")]
    Sizes {
        /// The size of a chunk in bytes.
        chunk: u64,
        /// The size of a page in bytes.
        page: u64,
    },
}

impl MemoryMap {
    /// Makes a map of ranges in ascending order.
    ///
    /// # Errors
    ///
    /// [`InvalidMap`].
    pub fn new(encoding: MemoryEncoding, ranges: Vec<RamRange>) -> Result<Self, InvalidMap> {
        let count = ranges.len();
        let checked = ram_range::check(ranges.iter().copied(), GRANULE, ADDRESS_END);
        checked.map_err(|fault| match fault {
            RangeFault::Count => InvalidMap::Count { count },
            RangeFault::Granule(range) => InvalidMap::Granule(range),
            RangeFault::Order(range) => InvalidMap::Order(range),
        })?;
        Ok(Self { encoding, ranges })
    }

    /// The encoding.
    #[must_use]
    pub const fn encoding(&self) -> MemoryEncoding {
        self.encoding
    }

    /// The ranges in ascending order.
    #[must_use]
    pub fn ranges(&self) -> &[RamRange] {
        &self.ranges
    }

    /// The size of all ranges in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.ranges.iter().map(|range| range.size).sum()
    }

    /// The address and the length in bytes of each chunk.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (u64, usize)> {
        self.ranges.iter().copied().flat_map(chunks)
    }

    /// The length of the longest chunk in bytes.
    pub(super) fn longest_chunk(&self) -> usize {
        let longest = self.ranges.iter().map(|range| range.size).max();
        let longest = longest.and_then(|size| usize::try_from(size).ok());
        longest.map_or(CHUNK, |size| size.min(CHUNK))
    }

    /// The number of chunks.
    pub(super) fn chunk_count(&self) -> u64 {
        let counts = self.ranges.iter().map(|range| range.size);
        counts.map(|size| size.div_ceil(CHUNK as u64)).sum()
    }

    /// The length of the chunk at an address, or `None` if no chunk begins there.
    pub(super) fn chunk_at(&self, address: u64) -> Option<usize> {
        let mut ranges = self.ranges.iter();
        let range = ranges.find(|range| range.contains(address, 1))?;
        let offset = address - range.start;
        let left = usize::try_from(range.size - offset).unwrap_or(CHUNK);
        offset
            .is_multiple_of(CHUNK as u64)
            .then_some(left.min(CHUNK))
    }
}

/// The address and the length in bytes of each chunk of a range.
fn chunks(range: RamRange) -> impl Iterator<Item = (u64, usize)> {
    let starts = (0..range.size).step_by(CHUNK);
    starts.map(move |offset| {
        let length = usize::try_from(range.size - offset).unwrap_or(CHUNK);
        (range.start + offset, length.min(CHUNK))
    })
}

/// The map as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MapFile {
    encoding: MemoryEncoding,
    chunk: u64,
    page: u64,
    ranges: Vec<RamRange>,
}

impl From<MemoryMap> for MapFile {
    fn from(map: MemoryMap) -> Self {
        Self {
            encoding: map.encoding,
            chunk: CHUNK as u64,
            page: PAGE as u64,
            ranges: map.ranges,
        }
    }
}

impl TryFrom<MapFile> for MemoryMap {
    type Error = InvalidMap;

    fn try_from(file: MapFile) -> Result<Self, InvalidMap> {
        let (chunk, page) = (file.chunk, file.page);
        if (chunk, page) != (CHUNK as u64, PAGE as u64) {
            return Err(InvalidMap::Sizes { chunk, page });
        }
        Self::new(file.encoding, file.ranges)
    }
}
