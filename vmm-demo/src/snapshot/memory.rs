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
pub use self::map::{InvalidMap, MemoryEncoding, MemoryMap};
pub(super) use self::packed::CHUNK_KIND;
pub use self::packed::{pack, read_chunks, unpack, write_chunks};

use super::error::Fault;
use crate::vmm::ram_range::RamRange;
use std::io::{self, ErrorKind};
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
