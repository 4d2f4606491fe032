//! The memory slots of a VM and their dirty logs.

use super::MemoryError;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::{KVM_MEM_LOG_DIRTY_PAGES, kvm_userspace_memory_region};
use kvm_ioctls::VmFd;
use vm_memory::{Address, GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};

/// A memory slot: a range of guest physical addresses and the host memory behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemorySlot {
    number: u32,
    guest_address: u64,
    size: usize,
    host_address: u64,
}

impl MemorySlot {
    /// The slot's number.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The first guest physical address.
    #[must_use]
    pub const fn guest_address(&self) -> u64 {
        self.guest_address
    }

    /// The size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The address of the host memory in this process.
    #[must_use]
    pub const fn host_address(&self) -> u64 {
        self.host_address
    }
}

/// Gives RAM to a VM, one slot for each region. [`Vm`](crate::vmm::vm::Vm) owns both and closes its
/// vCPUs before its memory.
///
/// # Errors
///
/// [`MemoryError::HostAddress`] or [`MemoryError::Attach`].
pub(crate) fn attach(vm: &VmFd, memory: &GuestMemoryMmap) -> Result<Vec<MemorySlot>, MemoryError> {
    let slots = (0..).zip(memory.iter()).map(|(number, region)| {
        let guest = region.start_addr();
        let guest_address = guest.raw_value();
        let host = memory.get_host_address(guest);
        let slot = MemorySlot {
            number,
            guest_address,
            size: region.size(),
            host_address: host.map_err(|source| MemoryError::HostAddress {
                address: guest_address,
                source,
            })? as u64,
        };
        set(vm, slot, 0).map_err(|source| MemoryError::Attach {
            address: guest_address,
            source,
        })?;
        Ok(slot)
    });
    slots.collect()
}

/// Switches the dirty log of a slot of this VM on or off.
///
/// # Errors
///
/// [`MemoryError::DirtyLogging`].
pub(crate) fn set_dirty_logging(vm: &VmFd, slot: MemorySlot, on: bool) -> Result<(), MemoryError> {
    let flags = if on { KVM_MEM_LOG_DIRTY_PAGES } else { 0 };
    set(vm, slot, flags).map_err(|source| MemoryError::DirtyLogging {
        slot: slot.number,
        source,
    })
}

/// Reads and clears the dirty log of a slot of this VM.
///
/// `KVM_GET_DIRTY_LOG` clears the log as it reads and write-protects the pages again in one step,
/// under KVM's MMU lock: one call, which no other needs to follow. With
/// `KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`, `KVM_CLEAR_DIRTY_LOG` would do that piece by piece, just
/// before each piece is sent, and hold the lock for a shorter time in guests with very much memory.
/// It is not enabled, since kvm-ioctls 0.25 does not wrap that ioctl.
///
/// # Errors
///
/// [`MemoryError::DirtyLog`]; logging is switched off (`ENOENT`).
pub(crate) fn take_dirty_log(vm: &VmFd, slot: MemorySlot) -> Result<Vec<u64>, MemoryError> {
    vm.get_dirty_log(slot.number, slot.size)
        .map_err(|error| MemoryError::DirtyLog {
            slot: slot.number,
            source: error.into(),
        })
}

#[allow(unsafe_code, reason = "the kernel gets a pointer to the RAM")]
fn set(vm: &VmFd, slot: MemorySlot, flags: u32) -> Result<(), Errno> {
    let region = kvm_userspace_memory_region {
        slot: slot.number,
        flags,
        guest_phys_addr: slot.guest_address,
        memory_size: slot.size as u64,
        userspace_addr: slot.host_address,
    };
    // SAFETY: the host address is the start of a mapping of this size that Rust only accesses
    // through volatile copies (vm-memory), and that `Vm` keeps until no vCPU can run: a slot is
    // made by `attach` alone, and `Vm` passes only its own slots.
    unsafe { vm.set_user_memory_region(region) }.map_err(Errno::from)
}
