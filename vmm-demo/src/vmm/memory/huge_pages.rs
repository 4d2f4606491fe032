//! Huge pages for a guest's memory. With small pages a kernel's image takes ten times as long to
//! load, and the guest's first access to each page exits to KVM.

use rustix::io::Errno;
use rustix::mm::{Advice, madvise};
use rustix::param::page_size;
use std::io;
use std::mem;
use std::os::unix::fs::FileExt;
use vm_memory::mmap::MmapRegionError;
use vm_memory::{
    Address, FileOffset, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion, GuestRegionMmap,
    MmapRegion,
};

/// The size of a huge page of a kernel whose pages have 4 KiB, in bytes. Larger pages have huge
/// pages of 32 MiB or more, too much memory for a guest that writes a few bytes of one.
const HUGE_PAGE: usize = 2 << 20;

/// `MADV_COLLAPSE` (Linux 7.2, `include/uapi/asm-generic/mman-common.h`), which libc does not have
/// for musl.
const MADV_COLLAPSE: i32 = 25;

/// The number of attempts to map memory at a multiple of a huge page.
const ATTEMPTS: usize = 4;

/// Requests for the huge pages of a guest's shared memory.
///
/// Kernels give shared memory none by default (`shmem_enabled`), but do on request
/// (`MADV_COLLAPSE`, since Linux 6.1).
#[derive(Debug, Default)]
pub struct HugePages {
    /// The first guest physical address.
    start: u64,
    /// For each huge page, true if there may be a request for it.
    wanted: Vec<bool>,
}

impl HugePages {
    /// All huge pages of a guest's memory.
    #[must_use]
    pub fn of(memory: &GuestMemoryMmap) -> Self {
        let is_usable = |region: &&GuestRegionMmap| {
            region.flags() & libc::MAP_SHARED != 0
                && region.as_ptr().addr().is_multiple_of(HUGE_PAGE)
                && page_size() == 4096
        };
        let region = memory.iter().next().filter(is_usable);
        region.map_or_else(Self::default, |region| Self {
            start: region.start_addr().raw_value(),
            wanted: vec![true; region.size() / HUGE_PAGE],
        })
    }

    /// Requests the huge pages of a range of guest physical addresses before it is written, each
    /// once; nobody else may write them meanwhile, as a vCPU would. After a failure, as when free
    /// memory is too fragmented, the rest has small pages.
    pub fn prepare(&mut self, memory: &GuestMemoryMmap, address: u64, length: u64) {
        let Some(first) = address.checked_sub(self.start) else {
            return;
        };
        let end = first.saturating_add(length).div_ceil(HUGE_PAGE as u64);
        for number in first / HUGE_PAGE as u64..end {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            let Some(wanted) = self.wanted.get_mut(number) else {
                return;
            };
            if mem::take(wanted)
                && let Err(error) = collapse(memory, number)
            {
                tracing::debug!(%error, "this kernel gives shared memory no huge pages");
                self.wanted.clear();
            }
        }
    }
}

/// Makes the small pages of a huge page one.
#[allow(unsafe_code, reason = "the kernel gets a pointer to the RAM")]
fn collapse(memory: &GuestMemoryMmap, number: usize) -> io::Result<()> {
    let region = memory.iter().next().ok_or(Errno::NOMEM)?;
    let offset = number * HUGE_PAGE;
    let (Some(file), true) = (region.file_offset(), offset + HUGE_PAGE <= region.size()) else {
        return Err(Errno::INVAL.into());
    };
    // The kernel refuses a huge page of which no small one exists.
    let mut byte = [0];
    let place = file.start() + offset as u64;
    file.file().read_exact_at(&mut byte, place)?;
    file.file().write_all_at(&byte, place)?;
    // SAFETY: the region owns the mapping, which contains this range, and this advice does not
    // change its contents.
    let advised = unsafe {
        libc::madvise(
            region.as_ptr().wrapping_add(offset).cast(),
            HUGE_PAGE,
            MADV_COLLAPSE,
        )
    };
    match advised {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Asks for huge pages, which some distributions give to private memory only on request.
#[allow(unsafe_code, reason = "the kernel gets a pointer to the RAM")]
pub(super) fn ask(memory: &GuestMemoryMmap) {
    for region in memory.iter() {
        // SAFETY: the region owns the mapping of this start and length, and this advice does not
        // change its contents.
        let asked =
            unsafe { madvise(region.as_ptr().cast(), region.size(), Advice::LinuxHugepage) };
        if let Err(error) = asked {
            tracing::debug!(%error, "this kernel gives no huge pages");
        }
    }
}

/// Maps memory at a multiple of a huge page if that can be had. The kernel itself cares for it only
/// where it gives huge pages unasked; it puts a mapping at the top of the highest gap with room for
/// it. A mapping at another address stays there meanwhile, with a filler below it, so that the next
/// one comes below both.
pub(super) fn map_aligned(
    file: Option<&FileOffset>,
    size: usize,
    access: i32,
    flags: i32,
) -> Result<MmapRegion, MmapRegionError> {
    let map = || MmapRegion::build(file.cloned(), size, access, flags);
    let end_of_huge_page = size.next_multiple_of(HUGE_PAGE);
    let mut region = map()?;
    let mut others = Vec::<MmapRegion>::new();
    for _attempt in 0..ATTEMPTS {
        let start = region.as_ptr().addr();
        if size < HUGE_PAGE || start.is_multiple_of(HUGE_PAGE) {
            break;
        }
        // Not shorter than the memory, so that it has no room in a gap that the memory has not.
        let filler = (start % HUGE_PAGE) + (end_of_huge_page - size) + end_of_huge_page;
        // Shared as the memory, so that the kernel puts both by the same rule.
        let flags = libc::MAP_ANONYMOUS | libc::MAP_SHARED | libc::MAP_NORESERVE;
        // A process whose addresses are limited has no room for both.
        let Ok(filler) = MmapRegion::build(None, filler, libc::PROT_NONE, flags) else {
            break;
        };
        let Ok(next) = map() else {
            break;
        };
        others.extend([mem::replace(&mut region, next), filler]);
    }
    Ok(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vmm::layout;
    use crate::vmm::memory::{MemoryKind, MemorySource, allocate, copies};

    const MIB: u64 = 1 << 20;

    fn memory(kind: MemoryKind, size: u64) -> GuestMemoryMmap {
        allocate(MemorySource::New(kind), size, 40).unwrap()
    }

    #[test]
    fn memory_is_at_a_multiple_of_a_huge_page() {
        for size in [4096, 3 * MIB, 64 * MIB, 67 * MIB] {
            let memory = memory(MemoryKind::Shared, size);
            let start = memory.iter().next().unwrap().as_ptr().addr();
            assert!(
                size < 2 * MIB || start.is_multiple_of(HUGE_PAGE),
                "{start:#x}"
            );
        }
    }

    #[test]
    fn contents_stay_as_huge_pages_come() {
        let memory = memory(MemoryKind::Shared, 8 * MIB);
        let mut huge_pages = HugePages::of(&memory);
        assert_eq!(huge_pages.wanted, [true; 4]);
        let address = layout::RAM_START + 4 * MIB - 6;
        copies::write(&memory, address, b"before").unwrap();
        huge_pages.prepare(&memory, address, 12);
        copies::write(&memory, address + 6, b" after").unwrap();
        let mut found = [0; 12];
        copies::read(&memory, address, &mut found).unwrap();
        assert_eq!(&found, b"before after");
        // An old kernel refuses the first request, and gets no other.
        let asked = [true, false, false, true];
        assert!(huge_pages.wanted == asked || huge_pages.wanted.is_empty());
    }

    #[test]
    fn requests_outside_of_the_memory_are_left_out() {
        let memory = memory(MemoryKind::Shared, 2 * MIB);
        let mut huge_pages = HugePages::of(&memory);
        huge_pages.prepare(&memory, 0, MIB);
        huge_pages.prepare(&memory, u64::MAX - 1, u64::MAX);
        assert_eq!(huge_pages.wanted, [true]);
    }

    #[test]
    fn private_memory_has_no_requests() {
        let memory = memory(MemoryKind::Private, 8 * MIB);
        assert!(HugePages::of(&memory).wanted.is_empty());
    }
}
