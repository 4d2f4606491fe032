//! Capabilities of this machine's KVM.

use super::ioctl::check_extension;
use crate::config::capabilities::Capabilities;
use std::os::fd::{AsRawFd, RawFd};

// Linux 7.2, include/uapi/linux/kvm.h.
const KVM_CAP_ARM_EL1_32BIT: u32 = 93;
const KVM_CAP_ARM_PMU_V3: u32 = 126;
const KVM_CAP_ARM_VM_IPA_SIZE: u32 = 165;
const KVM_CAP_ARM_SVE: u32 = 170;
const KVM_CAP_ARM_PTRAUTH_ADDRESS: u32 = 171;
const KVM_CAP_ARM_PTRAUTH_GENERIC: u32 = 172;
pub(super) const KVM_CAP_ARM_MTE: u32 = 205;
pub(super) const KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES: u32 = 230;
pub(super) const KVM_CAP_ARM_WRITABLE_IMP_ID_REGS: u32 = 239;
const KVM_CAP_ARM_EL2: u32 = 240;

/// Reads the capabilities that affect ID registers, from `/dev/kvm` or a VM.
///
/// They are what KVM offers, not what a VM has enabled: of a VM that exists,
/// [`read_vm`](super::read_vm) finds out.
///
/// # System calls
///
/// `ioctl` `KVM_CHECK_EXTENSION` (0xae03), nine times at most.
#[must_use]
pub fn capabilities(kvm: &impl AsRawFd) -> Capabilities {
    capabilities_of(kvm.as_raw_fd())
}

pub(super) fn capabilities_of(fd: RawFd) -> Capabilities {
    let has = |capability| check_extension(fd, capability) > 0;
    Capabilities {
        writable_masks: has(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES),
        writable_implementation_ids: has(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS),
        sve: has(KVM_CAP_ARM_SVE),
        pauth: has(KVM_CAP_ARM_PTRAUTH_ADDRESS) && has(KVM_CAP_ARM_PTRAUTH_GENERIC),
        pmu: has(KVM_CAP_ARM_PMU_V3),
        mte: has(KVM_CAP_ARM_MTE),
        el1_32bit: has(KVM_CAP_ARM_EL1_32BIT),
        el2: has(KVM_CAP_ARM_EL2),
    }
}

/// The maximum number of bits of a guest physical address, or `None` before Linux 4.20, which does
/// not tell it.
pub(super) fn address_limit(fd: RawFd) -> Option<u32> {
    Some(check_extension(fd, KVM_CAP_ARM_VM_IPA_SIZE)).filter(|bits| *bits > 0)
}
