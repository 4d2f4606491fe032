//! Copies of a guest's memory for snapshots and migrations.
//!
//! Memory in a memfd is copied by system calls. Through its mapping, the first access to each page
//! of 4 KiB is a fault, and a read of a page that nobody has written allocates it.

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use vm_memory::{
    Address, Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryMmap,
    GuestMemoryRegion,
};

/// Copies memory out.
///
/// # Errors
///
/// [`GuestMemoryError`]: the addresses are not all memory, or the file cannot be read.
pub fn read(
    memory: &GuestMemoryMmap,
    address: u64,
    bytes: &mut [u8],
) -> Result<(), GuestMemoryError> {
    let address = GuestAddress(address);
    match memfd(memory, address, bytes.len()) {
        Some((file, offset)) => file
            .read_exact_at(bytes, offset)
            .map_err(GuestMemoryError::IOError),
        None => memory.read_slice(bytes, address),
    }
}

/// Copies memory in.
///
/// # Errors
///
/// [`GuestMemoryError`]: the addresses are not all memory, or the file cannot be written.
pub fn write(memory: &GuestMemoryMmap, address: u64, bytes: &[u8]) -> Result<(), GuestMemoryError> {
    let address = GuestAddress(address);
    match memfd(memory, address, bytes.len()) {
        Some((file, offset)) => file
            .write_all_at(bytes, offset)
            .map_err(GuestMemoryError::IOError),
        None => memory.write_slice(bytes, address),
    }
}

/// The number of bytes from this address on, at most `length`, that nobody has written to a memfd;
/// 0 for other memory.
///
/// # Errors
///
/// [`GuestMemoryError::IOError`]: the file cannot be asked.
pub fn untouched(
    memory: &GuestMemoryMmap,
    address: u64,
    length: u64,
) -> Result<u64, GuestMemoryError> {
    let size = usize::try_from(length).unwrap_or(usize::MAX);
    let Some((file, offset)) = memfd(memory, GuestAddress(address), size) else {
        return Ok(0);
    };
    // The file's position, which this changes, is of no use: all copies are at offsets.
    match seek(file, SeekFrom::Data(offset)) {
        Ok(data) => Ok(length.min(data.saturating_sub(offset))),
        // There is no data up to the end of the file (lseek(2)).
        Err(Errno::NXIO) => Ok(length),
        Err(error) => Err(GuestMemoryError::IOError(io::Error::from(error))),
    }
}

/// The file that is the memory at these addresses and the offset in it, or `None` if they are not
/// in one region of shared memory.
fn memfd(memory: &GuestMemoryMmap, address: GuestAddress, length: usize) -> Option<(&File, u64)> {
    let region = memory.find_region(address)?;
    let file = region.file_offset()?;
    let start = address.checked_offset_from(region.start_addr())?;
    let is_inside = start.checked_add(length as u64)? <= region.len();
    let is_shared = region.flags() & libc::MAP_SHARED != 0;
    (is_inside && is_shared).then(|| (file.file(), file.start() + start))
}
