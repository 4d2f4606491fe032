//! The guest's RAM; the only file of this program with unsafe code.

use crate::size::MemorySize;
use crate::vmm::layout;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::VmFd;
use rustix::mm::{Advice, madvise};
use rustix::system::sysinfo;
use thiserror::Error;
use vm_memory::mmap::FromRangesError;
use vm_memory::{
    Address, GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryMmap, GuestMemoryRegion,
};

/// RAM that could not be had or given to the guest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum MemoryError {
    /// The size does not fit a guest's addresses.
    #[error(
        "{} of memory are more than a guest can have on this machine, which is {}", MemorySize(*size), MemorySize(*most)
    )]
    TooLarge {
        /// The size asked for, in bytes.
        size: u64,
        /// The most that there can be.
        most: u64,
    },
    /// `mmap` failed.
    #[error("cannot allocate {} of memory", MemorySize(*size))]
    Allocate {
        /// The size asked for, in bytes.
        size: u64,
        /// Why not.
        source: FromRangesError,
    },
    /// The region has no address in this process.
    #[error("the RAM at {address:#x} has no host address")]
    HostAddress {
        /// Its guest physical address.
        address: u64,
        /// Why not.
        source: GuestMemoryError,
    },
    /// `KVM_SET_USER_MEMORY_REGION` failed.
    #[error("cannot give the guest the RAM at {address:#x}")]
    Attach {
        /// Its guest physical address.
        address: u64,
        /// The kernel's answer.
        source: Errno,
    },
}

impl MemoryError {
    /// Whether a smaller size could be had.
    pub(crate) const fn is_too_much(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Allocate { .. })
    }
}

/// More memory than this machine has: KVM allows it, and it may end badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{asked} of memory are more than this machine has, {has} with its swap: the kernel ends this program if the guest \
     uses as much"
)]
pub(crate) struct Overcommitted {
    asked: MemorySize,
    has: MemorySize,
}

impl Overcommitted {
    /// What is too much about a guest with so much memory.
    pub(crate) fn by(asked: MemorySize) -> Option<Self> {
        const MIB: u64 = 1 << 20;
        let info = sysinfo();
        // C's unsigned longs, which have 64 bits on arm64.
        let bytes = (info.totalram + info.totalswap).saturating_mul(info.mem_unit.into());
        let has = MemorySize(bytes / MIB * MIB);
        (asked.0 > bytes).then_some(Self { asked, has })
    }
}

/// Allocates `size` bytes of RAM at [`layout::RAM_START`], for a VM whose physical addresses have so many bits.
///
/// # Errors
///
/// [`MemoryError::TooLarge`] or [`MemoryError::Allocate`].
pub(crate) fn allocate(size: u64, address_bits: u32) -> Result<GuestMemoryMmap, MemoryError> {
    let most = (1_u64.checked_shl(address_bits))
        .unwrap_or(u64::MAX)
        .saturating_sub(layout::RAM_START);
    let bytes = usize::try_from(size)
        .ok()
        .filter(|_| size <= most)
        .ok_or(MemoryError::TooLarge { size, most })?;
    let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(layout::RAM_START), bytes)])
        .map_err(|source| MemoryError::Allocate { size, source })?;
    ask_for_huge_pages(&memory);
    Ok(memory)
}

/// Asks for huge pages, which some distributions give only when asked: with small ones a kernel's image takes ten times as
/// long to load, and the guest's every first access to a page exits to KVM.
#[allow(unsafe_code, reason = "the kernel is given a pointer to the RAM")]
fn ask_for_huge_pages(memory: &GuestMemoryMmap) {
    for region in memory.iter() {
        // SAFETY: this advice changes nothing that a program sees of the region's own mapping, of this start and length.
        let asked =
            unsafe { madvise(region.as_ptr().cast(), region.size(), Advice::LinuxHugepage) };
        if let Err(error) = asked {
            tracing::debug!(%error, "this kernel has no huge pages to give");
        }
    }
}

/// Gives RAM to a VM. [`Vm`](crate::vmm::vm::Vm) owns both and ends its vCPUs before its memory.
///
/// # Errors
///
/// [`MemoryError::HostAddress`] or [`MemoryError::Attach`].
#[allow(unsafe_code, reason = "the kernel is given a pointer to the RAM")]
pub(crate) fn attach(vm: &VmFd, memory: &GuestMemoryMmap) -> Result<(), MemoryError> {
    for (slot, region) in (0..).zip(memory.iter()) {
        let guest = region.start_addr();
        let address = guest.raw_value();
        let host = memory
            .get_host_address(guest)
            .map_err(|source| MemoryError::HostAddress { address, source })?;
        let region = kvm_userspace_memory_region {
            slot,
            guest_phys_addr: address,
            memory_size: region.len(),
            userspace_addr: host as u64,
            ..Default::default()
        };
        // SAFETY: `host` is the start of a mapping of `memory_size` bytes that Rust only accesses through
        // volatile copies (vm-memory), and that `Vm` keeps until no vCPU can run.
        unsafe { vm.set_user_memory_region(region) }.map_err(|error| MemoryError::Attach {
            address,
            source: Errno(error.errno()),
        })?;
    }
    Ok(())
}
