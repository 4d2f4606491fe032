//! A VM that the caller has created: its capabilities and its writable registers.

use super::capabilities::{
    KVM_CAP_ARM_MTE, KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS,
};
use super::{KvmError, KvmStep, OneReg, ioctl};
use crate::config::capabilities::WritableMasks;
use crate::host::ReadError;
use crate::register::RegisterValue;
use crate::regs::RevidrEl1;
use crate::vcpu::{Errno, VcpuRegs};
use std::os::fd::{AsRawFd, RawFd};

/// Makes MIDR_EL1, REVIDR_EL1 and AIDR_EL1 of a VM writable, and returns false if the kernel does
/// not offer that (before Linux 6.15).
///
/// KVM does so only before the VM has a vCPU (Linux 7.2, `arch/arm64/kvm/arm.c`,
/// `kvm_vm_ioctl_enable_cap`).
///
/// # Errors
///
/// [`KvmStep::EnableCapability`], with `EINVAL` if the VM has a vCPU.
///
/// # System calls
///
/// `ioctl` on the VM: `KVM_CHECK_EXTENSION` (0xae03) and, if the kernel offers it, `KVM_ENABLE_CAP`
/// (0x4068aea3).
pub fn enable_implementation_ids(vm: &impl AsRawFd) -> Result<bool, KvmError> {
    let vm = vm.as_raw_fd();
    if ioctl::check_extension(vm, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS) == 0 {
        return Ok(false);
    }
    enable_writable_ids(vm)?;
    Ok(true)
}

pub(super) fn enable_writable_ids(vm: RawFd) -> Result<(), KvmError> {
    let capability = "KVM_CAP_ARM_WRITABLE_IMP_ID_REGS";
    ioctl::enable_cap(vm, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS)
        .map_err(KvmStep::EnableCapability { capability }.failed())
}

/// Gives all vCPUs of a VM memory tagging; the memory of the guest must then support tags.
///
/// KVM does so only before the VM has a vCPU (Linux 7.2, `arch/arm64/kvm/arm.c`,
/// `kvm_vm_ioctl_enable_cap`).
///
/// # Errors
///
/// [`KvmStep::EnableCapability`], with `EINVAL` if the host does not support it
/// ([`Capabilities::mte`](crate::config::capabilities::Capabilities::mte)) or the VM has a vCPU.
///
/// # System calls
///
/// `ioctl` `KVM_ENABLE_CAP` (0x4068aea3) on the VM.
pub fn enable_mte(vm: &impl AsRawFd) -> Result<(), KvmError> {
    let capability = "KVM_CAP_ARM_MTE";
    ioctl::enable_cap(vm.as_raw_fd(), KVM_CAP_ARM_MTE)
        .map_err(KvmStep::EnableCapability { capability }.failed())
}

/// True if MIDR_EL1, REVIDR_EL1 and AIDR_EL1 of a VM are writable, with an initialised vCPU of it
/// that does not run meanwhile.
///
/// KVM reports their masks in every VM, and refuses a change in a VM that has not enabled it. No
/// call reports that, so this changes REVIDR_EL1 by one bit and restores it.
///
/// # Errors
///
/// [`KvmError::ReadRegister`], or [`KvmStep::TryImplementationIds`] if REVIDR_EL1 cannot be
/// restored.
///
/// # System calls
///
/// `ioctl` `KVM_CHECK_EXTENSION` (0xae03) on the VM; if the kernel offers it, on the vCPU
/// `KVM_GET_ONE_REG` (0x4010aeab) and one or two `KVM_SET_ONE_REG` (0x4010aeac).
pub fn has_implementation_ids(vm: &impl AsRawFd, vcpu: &impl AsRawFd) -> Result<bool, KvmError> {
    if ioctl::check_extension(vm.as_raw_fd(), KVM_CAP_ARM_WRITABLE_IMP_ID_REGS) == 0 {
        return Ok(false);
    }
    let vcpu = OneReg::new(vcpu);
    let register = RevidrEl1::ENCODING;
    let own = vcpu.get(register).map_err(|source| ReadError {
        register: RevidrEl1::DESCRIPTION.name,
        source,
    })?;
    match vcpu.set(register, own ^ 1) {
        Ok(()) => {
            vcpu.set(register, own)
                .map_err(KvmStep::TryImplementationIds.failed())?;
            Ok(true)
        }
        // The VM has run, with the capability: without it KVM answers EINVAL first (Linux 7.2,
        // arch/arm64/kvm/sys_regs.c, set_imp_id_reg).
        Err(Errno::EBUSY) => Ok(true),
        Err(_) => Ok(false),
    }
}

/// Reads the writable bits of the ID registers, or `None` if the kernel does not report them
/// (before Linux 6.7). The VM needs no vCPU.
///
/// # Errors
///
/// [`KvmStep::WritableMasks`] if the kernel has the ioctl and refuses it, as for a protected VM.
///
/// # System calls
///
/// `ioctl` on the VM: `KVM_CHECK_EXTENSION` (0xae03) and, if the kernel has it,
/// `KVM_ARM_GET_REG_WRITABLE_MASKS` (0x8040aeb6).
pub fn writable_masks(vm: &impl AsRawFd) -> Result<Option<WritableMasks>, KvmError> {
    /// The bit of the only range, `KVM_ARM_FEATURE_ID_RANGE`.
    const FEATURE_ID_RANGE: u32 = 1 << 0;
    let vm = vm.as_raw_fd();
    let ranges = ioctl::check_extension(vm, KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES);
    if ranges & FEATURE_ID_RANGE == 0 {
        return Ok(None);
    }
    read_writable_masks(vm).map(Some)
}

/// Reads the masks from a kernel that reports them.
pub(super) fn read_writable_masks(vm: RawFd) -> Result<WritableMasks, KvmError> {
    let masks = ioctl::writable_masks(vm).map_err(KvmStep::WritableMasks.failed())?;
    Ok(WritableMasks::new(masks))
}
