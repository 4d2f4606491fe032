//! Hypercalls by which a guest learns its target CPUs.

use super::one_reg::REG_U64;
use super::{KvmError, KvmStep, OneReg, ioctl};
use crate::config::target::{DISCOVER_IMPL_CPUS, DISCOVER_IMPL_VER, TargetCpus};
use crate::vcpu::{Errno, RegistersById};
use std::os::fd::AsRawFd;

/// The register of the vendor's calls from 64 on that are announced to a guest:
/// `KVM_REG_ARM_VENDOR_HYP_BMAP_2` (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`).
const KVM_REG_ARM_VENDOR_HYP_BMAP_2: u64 = REG_U64 | 0x0016 << 16 | 3;
/// The bits of both calls in it: `KVM_REG_ARM_VENDOR_HYP_BIT_DISCOVER_IMPL_VER` and `_CPUS`.
const DISCOVER_CALLS: u64 = 1 << 0 | 1 << 1;
/// The VM's attribute that selects the calls which are forwarded: `KVM_ARM_VM_SMCCC_CTRL` and
/// `KVM_ARM_VM_SMCCC_FILTER`.
const SMCCC_FILTER: (u32, u32) = (0, 0);
/// `KVM_SMCCC_FILTER_FWD_TO_USER`.
const FORWARD: u8 = 2;

/// `struct kvm_smccc_filter`.
#[repr(C)]
#[derive(Clone, Copy)]
struct SmcccFilter {
    base: u32,
    functions: u32,
    action: u8,
    pad: [u8; 15],
}

/// Announces the hypercalls for [target CPUs](crate::config::target) to a VM's guest and forwards
/// them to the VMM.
///
/// Call it with an initialised vCPU of the VM before any vCPU has run. From then on such a
/// hypercall ends `KVM_RUN` with `KVM_EXIT_HYPERCALL`, and the VMM must answer it with
/// [`answer_target_cpus`].
///
/// # Errors
///
/// [`KvmError::NoTargetCpus`] before Linux 6.15; [`KvmStep::OfferTargetCpus`].
///
/// # System calls
///
/// `ioctl` `KVM_SET_DEVICE_ATTR` (0x4018aee1) on the VM; `KVM_GET_ONE_REG` (0x4010aeab) and
/// `KVM_SET_ONE_REG` (0x4010aeac) on the vCPU.
pub fn offer_target_cpus(vm: &impl AsRawFd, vcpu: &impl AsRawFd) -> Result<(), KvmError> {
    let failed = |error: Errno| KvmStep::OfferTargetCpus.failed()(error);
    let registers = OneReg::new(vcpu);
    let offered = match registers.get_by_id(KVM_REG_ARM_VENDOR_HYP_BMAP_2) {
        Ok(offered) => offered,
        Err(Errno::ENOENT) => return Err(KvmError::NoTargetCpus),
        Err(error) => return Err(failed(error)),
    };
    let filter = SmcccFilter {
        // The two numbers are consecutive.
        base: u32::try_from(DISCOVER_IMPL_VER).unwrap_or_default(),
        functions: u32::try_from(DISCOVER_IMPL_CPUS - DISCOVER_IMPL_VER + 1).unwrap_or_default(),
        action: FORWARD,
        pad: [0; 15],
    };
    let (group, attribute) = SMCCC_FILTER;
    ioctl::set_device_attr(vm.as_raw_fd(), group, attribute, Some(filter)).map_err(failed)?;
    registers
        .set_id(KVM_REG_ARM_VENDOR_HYP_BMAP_2, offered | DISCOVER_CALLS)
        .map_err(failed)
}

/// Answers the hypercall that ended a vCPU's `KVM_RUN` with `KVM_EXIT_HYPERCALL`, and returns true
/// if it was one of the hypercalls for target CPUs.
///
/// # Errors
///
/// [`KvmStep::AnswerHypercall`] if the vCPU's registers cannot be read or written.
///
/// # System calls
///
/// `ioctl` on the vCPU: four `KVM_GET_ONE_REG` (0x4010aeab) and, if it was such a hypercall, four
/// `KVM_SET_ONE_REG` (0x4010aeac).
pub fn answer_target_cpus(vcpu: &impl AsRawFd, targets: &TargetCpus) -> Result<bool, KvmError> {
    let failed = |error: Errno| KvmStep::AnswerHypercall.failed()(error);
    let registers = OneReg::new(vcpu);
    let mut call = [0; 4];
    for (index, register) in (0..).zip(&mut call) {
        *register = registers
            .get_by_id(general_purpose(index))
            .map_err(failed)?;
    }
    let Some(answer) = targets.answer(call) else {
        return Ok(false);
    };
    for (index, value) in (0..).zip(answer) {
        registers
            .set_id(general_purpose(index), value)
            .map_err(failed)?;
    }
    Ok(true)
}

/// The id of a register x0 to x30: a core register, by its offset in `struct kvm_regs` in 32-bit
/// words (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
const fn general_purpose(index: u64) -> u64 {
    REG_U64 | 0x0010 << 16 | (2 * index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn register_ids_are_those_of_the_kernel_documentation() {
        assert_eq!(KVM_REG_ARM_VENDOR_HYP_BMAP_2, 0x6030_0000_0016_0003);
        assert_eq!(general_purpose(0), 0x6030_0000_0010_0000);
        assert_eq!(general_purpose(3), 0x6030_0000_0010_0006);
    }
}
