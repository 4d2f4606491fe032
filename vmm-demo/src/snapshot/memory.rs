//! The RAM in a snapshot: its ranges, then either compressed chunks or a sparse image.

pub mod buffers;
mod image;
mod map;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod mapped;
mod packed;
mod parallel;

pub(super) use self::image::{IMAGE, PADDING, SUMS};
pub use self::image::{ImagePlace, locate, read_image, write_image};
pub use self::map::{InvalidMap, MemoryEncoding, MemoryMap, RamRange};
pub(super) use self::packed::CHUNK_KIND;
pub use self::packed::{pack, read_chunks, unpack, write_chunks};

use super::error::Fault;
use std::io::{self, ErrorKind};
use std::iter;
use std::ops::ControlFlow;
use thiserror::Error;

/// The granule in which zeros are left out, in bytes: the smallest page of Arm.
pub const PAGE: usize = 4 << 10;

/// The maximum number of bytes of a chunk: the part of a range that has a checksum of its own.
pub const CHUNK: usize = 1 << 20;

/// A guest's RAM, to be saved or restored while no vCPU runs.
pub trait GuestRam: Sync {
    /// The ranges of guest physical addresses, ascending.
    fn ranges(&self) -> Vec<RamRange>;

    /// Copies bytes out.
    ///
    /// # Errors
    ///
    /// [`OutsideRam`].
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<(), OutsideRam>;

    /// Copies bytes in.
    ///
    /// # Errors
    ///
    /// [`OutsideRam`].
    fn write(&self, address: u64, bytes: &[u8]) -> Result<(), OutsideRam>;
}

/// An access to addresses that are not RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{length} bytes at {address:#x} are not all RAM")]
pub struct OutsideRam {
    /// The first guest physical address.
    pub address: u64,
    /// The number of bytes.
    pub length: usize,
}

impl From<OutsideRam> for io::Error {
    fn from(error: OutsideRam) -> Self {
        Self::new(ErrorKind::InvalidInput, error)
    }
}

impl From<OutsideRam> for Fault {
    fn from(_: OutsideRam) -> Self {
        Self::OtherRam
    }
}

/// A listener to the progress: it gets the bytes of RAM that are done and those in all, and can
/// stop the work.
pub type OnProgress<'p> = &'p mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// True if all bytes are zero.
#[must_use]
pub fn is_zero(bytes: &[u8]) -> bool {
    // Blocks that a compiler turns into a few vector instructions.
    let (blocks, rest) = bytes.as_chunks::<256>();
    let is_zero = |block: &[u8; 256]| {
        let words = block.as_chunks().0.iter();
        words.fold(0, |bits, word| bits | u128::from_ne_bytes(*word)) == 0
    };
    blocks.iter().all(is_zero) && rest.iter().all(|byte| *byte == 0)
}

/// Pages that follow each other: all of zeros, or none.
#[derive(Clone, Copy, Debug)]
struct Run<'b> {
    offset: u64,
    bytes: &'b [u8],
    is_zero: bool,
}

/// The runs of pages of a chunk.
fn runs(chunk: &[u8]) -> impl Iterator<Item = Run<'_>> {
    let (mut rest, mut offset) = (chunk, 0);
    iter::from_fn(move || {
        let first = is_zero(rest.chunks(PAGE).next()?);
        let same = rest.chunks(PAGE).take_while(|page| is_zero(page) == first);
        let (bytes, after) = rest.split_at(same.map(<[u8]>::len).sum());
        let run = Run {
            offset,
            bytes,
            is_zero: first,
        };
        rest = after;
        offset += bytes.len() as u64;
        Some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_anywhere_is_not_zero() {
        for length in [0, 1, 255, 256, 257, PAGE] {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes));
            for at in 0..length {
                bytes[at] = 0x10;
                assert!(!is_zero(&bytes), "byte {at} of {length}");
                bytes[at] = 0;
            }
        }
    }

    #[test]
    fn runs_are_the_whole_chunk_in_order() {
        let mut chunk = vec![0; 5 * PAGE];
        chunk[PAGE] = 1;
        chunk[3 * PAGE - 1] = 1;
        let runs: Vec<_> = runs(&chunk)
            .map(|run| (run.offset, run.bytes.len(), run.is_zero))
            .collect();
        let page = PAGE as u64;
        assert_eq!(
            runs,
            [
                (0, PAGE, true),
                (page, 2 * PAGE, false),
                (3 * page, 2 * PAGE, true)
            ]
        );
    }
}
