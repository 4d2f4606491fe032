//! Physical memory, in which the guest's devices are mapped.

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::ptr;

/// The device of physical memory.
const MEMORY: &str = "/dev/mem";

/// `O_SYNC`, with which the kernel maps devices as device memory instead of cacheable memory
/// (Linux 7.2, `include/uapi/asm-generic/fcntl.h` and `phys_mem_access_prot` of arm64).
const O_SYNC: i32 = 0o4_010_000;

/// Size of a read, in bytes.
const WORD: u64 = 8;

/// Errors of reading physical memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeekError {
    /// The address is not a multiple of the word's size.
    #[error("{address:#x} is not a multiple of 8")]
    Unaligned {
        /// The address.
        address: u64,
    },
    /// The kernel denies access to physical memory.
    #[error("cannot open {MEMORY}")]
    Open(#[source] io::Error),
    /// The kernel does not map this address.
    #[error("cannot map {address:#x} of {MEMORY}; the kernel may deny RAM and what drivers use")]
    Map {
        /// The address.
        address: u64,
        /// The cause.
        source: Errno,
    },
}

/// Reads eight bytes at a physical address. The process gets SIGBUS if no device answers there.
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
    // SAFETY: the mapping has a page from `start` on and stays until the process ends; `offset` is
    // in it, at a multiple of the word's size.
    Ok(unsafe { mapped.byte_add(offset).cast::<u64>().read_volatile() })
}
