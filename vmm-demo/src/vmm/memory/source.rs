//! The host memory behind a guest's RAM.

use super::{MemoryError, huge_pages};
use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create,
};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use vm_memory::mmap::FromRangesError;
use vm_memory::{
    FileOffset, GuestAddress, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion,
    GuestRegionMmap,
};

/// The seals of a guest's memfd: a file that shrinks would end every process that has mapped it.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW);

/// The kind of a new guest's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryKind {
    /// Anonymous memory.
    #[default]
    Private,
    /// A memfd of its own, which can be passed to another process.
    Shared,
}

/// The origin of a guest's memory.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemorySource {
    /// New memory, filled with zeros.
    New(MemoryKind),
    /// The memfd of another process, of the RAM's size and sealed against another one.
    Adopted(OwnedFd),
    /// A region of a file, read page by page as the guest accesses it. The guest's writes stay in
    /// memory. A file that is truncated later ends the program with SIGBUS.
    Mapped {
        /// The file.
        file: File,
        /// The region's offset in the file in bytes, a multiple of the host's page size.
        offset: u64,
    },
}

/// Maps `size` bytes at this guest physical address.
///
/// # Errors
///
/// [`MemoryError::CreateFile`], [`MemoryError::NotSealed`], [`MemoryError::OtherSize`] or
/// [`MemoryError::Allocate`].
pub(super) fn map(
    source: MemorySource,
    address: GuestAddress,
    size: usize,
) -> Result<GuestMemoryMmap, MemoryError> {
    let (file, flags) = match source {
        MemorySource::New(MemoryKind::Private) => (None, libc::MAP_ANONYMOUS | libc::MAP_PRIVATE),
        MemorySource::New(MemoryKind::Shared) => {
            let memfd = create(size as u64).map_err(|source| MemoryError::CreateFile {
                size: size as u64,
                source: source.into(),
            })?;
            (Some((memfd.into(), 0)), libc::MAP_SHARED)
        }
        MemorySource::Adopted(memfd) => {
            check_adopted(memfd.as_fd(), size as u64)?;
            (Some((memfd.into(), 0)), libc::MAP_SHARED)
        }
        MemorySource::Mapped { file, offset } => {
            check_region(file.as_fd(), offset, size as u64)?;
            (Some((file, offset)), libc::MAP_PRIVATE)
        }
    };
    let file = file.map(|(file, offset)| FileOffset::new(file, offset));
    let access = libc::PROT_READ | libc::PROT_WRITE;
    huge_pages::map_aligned(file.as_ref(), size, access, flags | libc::MAP_NORESERVE)
        .map_err(FromRangesError::from)
        .and_then(|region| {
            GuestRegionMmap::new(region, address).ok_or(FromRangesError::InvalidGuestRegion)
        })
        .and_then(|region| Ok(GuestMemoryMmap::from_regions(vec![region])?))
        .map_err(|source| MemoryError::Allocate {
            size: size as u64,
            source,
        })
}

/// The memfd behind a guest's memory, or `None` if its memory is private.
#[must_use]
pub fn shared_file(memory: &GuestMemoryMmap) -> Option<BorrowedFd<'_>> {
    let region = memory.iter().next()?;
    let shared = region.flags() & libc::MAP_SHARED != 0;
    region
        .file_offset()
        .filter(|_| shared)
        .map(|file| file.file().as_fd())
}

fn create(size: u64) -> rustix::io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memfd = memfd_create("guest RAM", flags)?;
    ftruncate(&memfd, size)?;
    fcntl_add_seals(&memfd, SEALS)?;
    Ok(memfd)
}

fn check_adopted(memfd: BorrowedFd<'_>, size: u64) -> Result<(), MemoryError> {
    // A file that is no memfd has no seals (`EINVAL`).
    if !fcntl_get_seals(memfd).is_ok_and(|seals| seals.contains(SEALS)) {
        return Err(MemoryError::NotSealed);
    }
    let found = length(memfd);
    if found != size {
        return Err(MemoryError::OtherSize { size, found });
    }
    Ok(())
}

fn check_region(file: BorrowedFd<'_>, offset: u64, size: u64) -> Result<(), MemoryError> {
    let found = length(file).saturating_sub(offset);
    if found < size {
        return Err(MemoryError::OtherSize { size, found });
    }
    Ok(())
}

/// The length of a file in bytes; 0 if it is not known.
fn length(file: BorrowedFd<'_>) -> u64 {
    fstat(file).map_or(0, |status| u64::try_from(status.st_size).unwrap_or(0))
}
