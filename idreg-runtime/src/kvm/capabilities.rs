//! Capabilities of this machine's KVM.

use super::KvmError;
use crate::config::capabilities::Capabilities;
use crate::vcpu::Errno;
use kvm_bindings::{
    KVM_API_VERSION, KVM_CAP_ARM_EL1_32BIT, KVM_CAP_ARM_MTE, KVM_CAP_ARM_PMU_V3,
    KVM_CAP_ARM_PTRAUTH_ADDRESS, KVM_CAP_ARM_PTRAUTH_GENERIC,
    KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES, KVM_CAP_ARM_SVE, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS,
};
use kvm_ioctls::{Kvm, VmFd};

/// Nested virtualisation (Linux 7.2, `include/uapi/linux/kvm.h`); not in kvm-bindings 0.14.
const KVM_CAP_ARM_EL2: u32 = 240;

/// Opens `/dev/kvm`.
///
/// # Errors
///
/// [`KvmError::Missing`], [`KvmError::NotPermitted`] or [`KvmError::Open`] if that fails,
/// [`KvmError::ApiVersion`] if the device has another version of the interface.
pub fn open() -> Result<Kvm, KvmError> {
    let kvm = Kvm::new().map_err(|error| match error.errno() {
        libc::ENOENT | libc::ENXIO | libc::ENODEV => KvmError::Missing,
        libc::EACCES | libc::EPERM => KvmError::NotPermitted,
        number => KvmError::Open {
            source: Errno(number),
        },
    })?;
    let found = kvm.get_api_version();
    if u32::try_from(found) != Ok(KVM_API_VERSION) {
        return Err(KvmError::ApiVersion {
            found,
            expected: KVM_API_VERSION,
        });
    }
    Ok(kvm)
}

/// Reads the capabilities that affect ID registers.
#[must_use]
pub fn capabilities(kvm: &Kvm) -> Capabilities {
    collect(|capability| kvm.check_extension_raw(capability.into()) > 0)
}

/// Reads the capabilities of a VM, otherwise like [`capabilities`].
pub(super) fn capabilities_of(vm: &VmFd) -> Capabilities {
    collect(|capability| vm.check_extension_raw(capability.into()) > 0)
}

fn collect(has: impl Fn(u32) -> bool) -> Capabilities {
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
