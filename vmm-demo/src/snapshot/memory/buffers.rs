//! RAM in ordinary memory, for programs that look into a snapshot without a VM.

use super::{GuestRam, OutsideRam};
use crate::vmm::ram_range::RamRange;
use std::sync::{PoisonError, RwLock};

/// RAM in ordinary memory, all zeros at first.
#[derive(Debug)]
pub struct RamBuffers(Vec<(u64, RwLock<Vec<u8>>)>);

impl RamBuffers {
    /// Allocates RAM for ranges that do not overlap, or returns `None` if it does not fit into this
    /// program's memory.
    #[must_use]
    pub fn new(ranges: &[RamRange]) -> Option<Self> {
        let buffers = ranges.iter().map(|range| {
            let size = usize::try_from(range.size).ok()?;
            let mut buffer = Vec::new();
            buffer.try_reserve_exact(size).ok()?;
            buffer.resize(size, 0);
            Some((range.start, RwLock::new(buffer)))
        });
        buffers.collect::<Option<_>>().map(Self)
    }

    /// The buffer that has an address, and the offset in it.
    fn buffer(&self, address: u64) -> Option<(&RwLock<Vec<u8>>, usize)> {
        let before = self.0.iter().rev();
        let (start, buffer) = { before }.find(|(start, _)| *start <= address)?;
        Some((buffer, usize::try_from(address - start).ok()?))
    }
}

impl GuestRam for RamBuffers {
    fn ranges(&self) -> Vec<RamRange> {
        let ranges = self.0.iter().map(|(start, buffer)| RamRange {
            start: *start,
            size: buffer.read().unwrap_or_else(PoisonError::into_inner).len() as u64,
        });
        ranges.collect()
    }

    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), OutsideRam> {
        let length = bytes.len();
        let outside = OutsideRam { address, length };
        let (buffer, offset) = self.buffer(address).ok_or(outside)?;
        let buffer = buffer.read().unwrap_or_else(PoisonError::into_inner);
        let from = buffer.get(offset..).and_then(|rest| rest.get(..length));
        bytes.copy_from_slice(from.ok_or(outside)?);
        Ok(())
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutsideRam> {
        let length = bytes.len();
        let outside = OutsideRam { address, length };
        let (buffer, offset) = self.buffer(address).ok_or(outside)?;
        let mut buffer = buffer.write().unwrap_or_else(PoisonError::into_inner);
        let to = buffer
            .get_mut(offset..)
            .and_then(|rest| rest.get_mut(..length));
        to.ok_or(outside)?.copy_from_slice(bytes);
        Ok(())
    }
}
