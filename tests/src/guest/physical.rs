//! Physical memory, as the guest's devices are in it.

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::ptr;

/// The device of physical memory.
const MEMORY: &str = "/dev/mem";

/// `O_SYNC`, with which the kernel maps devices as such and not as memory that may be cached
/// (Linux 7.2, `include/uapi/asm-generic/fcntl.h` and `phys_mem_access_prot` of arm64).
const O_SYNC: i32 = 0o4_010_000;

/// How much is read at once, in bytes.
const WORD: u64 = 8;

/// Why physical memory cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeekError {
    /// A word has to be at a multiple of its size.
    #[error("{address:#x} is not a multiple of 8")]
    Unaligned {
        /// The address asked for.
        address: u64,
    },
    /// The kernel does not give physical memory away.
    #[error("cannot open {MEMORY}")]
    Open(#[source] io::Error),
    /// The kernel does not map this address.
    #[error("cannot map {address:#x} of {MEMORY}; RAM and what drivers use may be barred")]
    Map {
        /// The address asked for.
        address: u64,
        /// Why.
        source: Errno,
    },
}

/// Reads eight bytes at a physical address. The process gets SIGBUS if nothing answers there.
///
/// # Errors
///
/// Every variant of [`PeekError`].
#[allow(unsafe_code, reason = "no safe code reads at an address")]
pub(super) fn peek(address: u64) -> Result<u64, PeekError> {
    if !address.is_multiple_of(WORD) {
        return Err(PeekError::Unaligned { address });
    }
    let memory = OpenOptions::new()
        .read(true)
        .custom_flags(O_SYNC)
        .open(MEMORY)
        .map_err(PeekError::Open)?;
    let page = rustix::param::page_size();
    let offset = usize::try_from(address % page as u64).unwrap_or_default();
    let start = address - offset as u64;
    // SAFETY: a new mapping at an address that the kernel chooses replaces none.
    let mapped = unsafe {
        mmap(
            ptr::null_mut(),
            page,
            ProtFlags::READ,
            MapFlags::SHARED,
            &memory,
            start,
        )
    };
    let mapped = mapped.map_err(|source| PeekError::Map { address, source })?;
    // SAFETY: the mapping has a page from `start` on, stays until the process ends, and `offset` is in it, at a
    // multiple of the word's size.
    Ok(unsafe { mapped.byte_add(offset).cast::<u64>().read_volatile() })
}
