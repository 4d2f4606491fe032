//! Access to KVM: reads hosts, and creates vCPUs in the order that KVM requires.
//!
//! The same functions make a VM that runs a guest and a [`ScratchVm`] that only answers questions,
//! so a scratch VM has the registers that the guest's VM will have:
//!
//! 1. [`create_vm`], which enables memory tagging and writable implementation registers: KVM does
//!    so only before there is a vCPU;
//! 2. [`create_vcpu`] for all vCPUs (KVM refuses more of them once the GIC is initialised);
//! 3. [`init_vcpu`] for each, with the options of its [`VcpuConfig`](crate::config::VcpuConfig). It
//!    limits and finalises the vector lengths of SVE: before that KVM returns no register, after it
//!    the lengths are fixed;
//! 4. [`create_gic`]. It rewrites the GIC fields of the ID registers, so these are read after it;
//! 5. for a VM that runs: [`init_gic`] with the VMM's addresses;
//! 6. reading and writing ID registers through [`KvmVcpu`];
//! 7. steps that may depend on ID registers: [`init_pmu`] for each vCPU, [`offer_target_cpus`] if
//!    the guest must know other CPUs than its own;
//! 8. the first `KVM_RUN`, which finalises and freezes the ID registers. A [`ScratchVm`] does it
//!    without a guest ([`ScratchVm::run_immediately`]).
//!
//! The types `Kvm`, `VmFd`, `VcpuFd` and `DeviceFd` are those of [`kvm_ioctls`], re-exported here.

mod affinity;
mod capabilities;
mod core_types;
mod create;
mod error;
mod gic;
mod read;
mod scratch;
mod sve;
mod sysfs;
mod target;
mod vcpu;

pub use self::capabilities::{capabilities, open};
pub use self::create::{
    create_vcpu, create_vm, create_vm_with, init_pmu, init_vcpu, physical_address_bits,
};
pub use self::error::KvmError;
pub use self::gic::{GicAddresses, create_gic, init_gic};
pub use self::read::{read_host, read_host_described, read_host_from, supported};
pub use self::scratch::ScratchVm;
pub use self::sve::sve_vector_lengths;
pub use self::sysfs::{implementations, kernel_release};
pub use self::target::{answer_target_cpus, offer_target_cpus};
pub use self::vcpu::{KvmVcpu, kvm_reg_id};
pub use kvm_ioctls;

use crate::config::capabilities::{FEATURE_ID_REGISTERS, WritableMasks};
use crate::vcpu::Errno;
use core::arch::asm;
use kvm_bindings::{
    KVM_ARM_FEATURE_ID_RANGE, KVM_ARM_FEATURE_ID_RANGE_SIZE, KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES,
    KVMIO, reg_mask_range,
};
use kvm_ioctls::VmFd;
use vmm_sys_util::ioctl::ioctl_with_mut_ref;
use vmm_sys_util::ioctl_ior_nr;

// Linux 7.2, include/uapi/linux/kvm.h; neither kvm-ioctls 0.25 nor kvm-bindings 0.14 defines it.
#[allow(missing_docs, reason = "the macro takes no documentation")]
mod ioctl {
    use super::{KVMIO, ioctl_ior_nr, reg_mask_range};

    ioctl_ior_nr!(KVM_ARM_GET_REG_WRITABLE_MASKS, KVMIO, 0xb6, reg_mask_range);
}

const _: () = assert!(FEATURE_ID_REGISTERS == KVM_ARM_FEATURE_ID_RANGE_SIZE as usize);

/// Reads the writable bits of the ID registers, or `None` if the kernel does not report them
/// (before Linux 6.7).
///
/// # Errors
///
/// [`KvmError::WritableMasks`] if the kernel has the ioctl and refuses it, as for a protected VM.
pub fn writable_masks(vm: &VmFd) -> Result<Option<WritableMasks>, KvmError> {
    let ranges = vm.check_extension_raw(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES.into());
    if ranges & (1 << KVM_ARM_FEATURE_ID_RANGE) == 0 {
        return Ok(None);
    }
    read_writable_masks(vm).map(Some)
}

/// Reads the masks from a kernel that reports them.
fn read_writable_masks(vm: &VmFd) -> Result<WritableMasks, KvmError> {
    let masks = get_writable_masks(vm, KVM_ARM_FEATURE_ID_RANGE, [0; 13]);
    masks.map_err(|source| KvmError::WritableMasks { source })
}

/// Calls `KVM_ARM_GET_REG_WRITABLE_MASKS` with any range and reserved words, of which KVM accepts
/// one each; for tests.
///
/// # Errors
///
/// The kernel's error.
#[doc(hidden)]
#[allow(
    unsafe_code,
    reason = "kvm-ioctls has no wrapper of this ioctl, and its argument holds a pointer"
)]
pub fn get_writable_masks(
    vm: &VmFd,
    range: u32,
    reserved: [u32; 13],
) -> Result<WritableMasks, Errno> {
    let mut masks = [0; FEATURE_ID_REGISTERS];
    let mut range = reg_mask_range {
        addr: (&raw mut masks) as u64,
        range,
        reserved,
    };
    // SAFETY: `vm` is a VM. The kernel reads the `reg_mask_range` that the ioctl number names. For
    // the one range that it knows it writes KVM_ARM_FEATURE_ID_RANGE_SIZE words to `addr`, which is
    // the length of `masks` (asserted above); for any other it writes nothing.
    let result =
        unsafe { ioctl_with_mut_ref(vm, ioctl::KVM_ARM_GET_REG_WRITABLE_MASKS(), &mut range) };
    if result < 0 {
        return Err(vmm_sys_util::errno::Error::last().into());
    }
    Ok(WritableMasks::new(masks))
}

/// The frequency of this host's generic timer in Hz (CNTFRQ_EL0), which every guest sees too.
#[must_use]
#[allow(unsafe_code, reason = "no safe interface offers this register")]
pub fn timer_frequency() -> u64 {
    let frequency;
    // SAFETY: reads CNTFRQ_EL0 and nothing else. Linux lets EL0 read it, or emulates the read if a
    // timer erratum makes it trap (arch/arm64/kernel/traps.c, cntfrq_read_handler).
    unsafe {
        asm!("mrs {}, cntfrq_el0", out(reg) frequency, options(nomem, nostack, preserves_flags));
    }
    frequency
}
