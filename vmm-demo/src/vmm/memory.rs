//! The guest's RAM. This module alone has unsafe code.

pub mod copies;
pub mod huge_pages;
#[cfg(target_arch = "aarch64")]
pub(crate) mod slots;
mod source;

#[cfg(target_arch = "aarch64")]
pub use self::slots::MemorySlot;
pub use self::source::{MemoryKind, MemorySource, shared_file};

use crate::size::MemorySize;
use crate::vmm::layout;
use idreg_runtime::vcpu::Errno;
use rustix::system::sysinfo;
use std::io;
use thiserror::Error;
use vm_memory::mmap::FromRangesError;
use vm_memory::{GuestAddress, GuestMemoryError, GuestMemoryMmap};

/// RAM that cannot be allocated, given to the guest or logged.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The size exceeds a guest's physical addresses.
    #[error(
        "{} of memory are more than a guest can have on this machine, which is {}",
        MemorySize(*size), MemorySize(*most)
    )]
    TooLarge {
        /// The size asked for, in bytes.
        size: u64,
        /// The maximum in bytes.
        most: u64,
    },
    /// `mmap` failed.
    #[error("cannot allocate {} of memory", MemorySize(*size))]
    Allocate {
        /// The size asked for, in bytes.
        size: u64,
        /// The cause.
        source: FromRangesError,
    },
    /// A memfd cannot be created, sized or sealed.
    #[error("cannot create a file in memory of {}", MemorySize(*size))]
    CreateFile {
        /// The size asked for, in bytes.
        size: u64,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A file from another process can change its size.
    #[error("the guest's memory is no memfd that is sealed against shrinking and growing")]
    NotSealed,
    /// A file has less memory than the guest, or another process's memfd has more.
    #[error(
        "the file with the guest's memory has {} for it; the guest has {}",
        MemorySize(*found), MemorySize(*size)
    )]
    OtherSize {
        /// The guest's size in bytes.
        size: u64,
        /// The size found in bytes.
        found: u64,
    },
    /// The region has no address in this process.
    #[error("the RAM at {address:#x} has no host address")]
    HostAddress {
        /// Its guest physical address.
        address: u64,
        /// The cause.
        source: GuestMemoryError,
    },
    /// `KVM_SET_USER_MEMORY_REGION` failed for a new slot.
    #[error("cannot give the guest the RAM at {address:#x}")]
    Attach {
        /// Its guest physical address.
        address: u64,
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_SET_USER_MEMORY_REGION` failed for the flags of a slot.
    #[error("cannot switch the dirty log of memory slot {slot}")]
    DirtyLogging {
        /// The slot's number.
        slot: u32,
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_GET_DIRTY_LOG` failed.
    #[error("cannot read the dirty log of memory slot {slot}")]
    DirtyLog {
        /// The slot's number.
        slot: u32,
        /// The kernel's answer.
        source: Errno,
    },
    /// The VM has no slot of this number.
    #[error("the VM has no memory slot {slot}")]
    NoSuchSlot {
        /// The slot's number.
        slot: u32,
    },
}

impl MemoryError {
    /// True if a smaller size may be possible.
    #[must_use]
    pub const fn is_too_much(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Allocate { .. })
    }
}

/// A warning: the guest has more memory than this machine. KVM allows that, but the kernel may end
/// this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{asked} of memory are more than this machine has, {has} with its swap: the kernel ends this \
     program if the guest uses as much"
)]
pub struct Overcommitted {
    asked: MemorySize,
    has: MemorySize,
}

impl Overcommitted {
    /// The warning for a guest of this memory size, or `None` if the machine has as much.
    #[must_use]
    pub fn by(asked: MemorySize) -> Option<Self> {
        const MIB: u64 = 1 << 20;
        let info = sysinfo();
        // C's unsigned longs, which have 64 bits on arm64.
        let bytes = (info.totalram + info.totalswap).saturating_mul(info.mem_unit.into());
        let has = MemorySize(bytes / MIB * MIB);
        (asked.0 > bytes).then_some(Self { asked, has })
    }
}

/// Maps `size` bytes of RAM at [`layout::RAM_START`], for a VM whose physical addresses have
/// `address_bits` bits.
///
/// # Errors
///
/// [`MemoryError::TooLarge`], or that of the memory's source.
pub fn allocate(
    source: MemorySource,
    size: u64,
    address_bits: u32,
) -> Result<GuestMemoryMmap, MemoryError> {
    let most = (1_u64.checked_shl(address_bits))
        .unwrap_or(u64::MAX)
        .saturating_sub(layout::RAM_START);
    let bytes = usize::try_from(size)
        .ok()
        .filter(|_| size <= most)
        .ok_or(MemoryError::TooLarge { size, most })?;
    let memory = source::map(source, GuestAddress(layout::RAM_START), bytes)?;
    huge_pages::ask(&memory);
    Ok(memory)
}
