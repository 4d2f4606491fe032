//! Hypercalls by which a guest learns its target CPUs.

use super::KvmError;
use crate::config::target::{DISCOVER_IMPL_CPUS, DISCOVER_IMPL_VER, TargetCpus};
use crate::vcpu::Errno;
use core::mem::offset_of;
use kvm_bindings::{
    KVM_ARM_VM_SMCCC_CTRL, KVM_ARM_VM_SMCCC_FILTER, KVM_REG_ARM_CORE, KVM_REG_ARM_FW_FEAT_BMAP,
    KVM_REG_ARM_VENDOR_HYP_BIT_DISCOVER_IMPL_CPUS, KVM_REG_ARM_VENDOR_HYP_BIT_DISCOVER_IMPL_VER,
    KVM_REG_ARM64, KVM_REG_SIZE_U64, kvm_device_attr, kvm_regs, kvm_smccc_filter,
    kvm_smccc_filter_action_KVM_SMCCC_FILTER_FWD_TO_USER,
};
use kvm_ioctls::{VcpuFd, VmFd};

/// The register of the vendor's calls from 64 on that are announced to a guest:
/// `KVM_REG_ARM_VENDOR_HYP_BMAP_2` (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`); not in
/// kvm-bindings 0.14.
const KVM_REG_ARM_VENDOR_HYP_BMAP_2: u64 =
    KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW_FEAT_BMAP as u64 | 3;

const DISCOVER_CALLS: u64 = 1 << KVM_REG_ARM_VENDOR_HYP_BIT_DISCOVER_IMPL_VER
    | 1 << KVM_REG_ARM_VENDOR_HYP_BIT_DISCOVER_IMPL_CPUS;

/// Announces the hypercalls for [target CPUs](crate::config::target) to a VM's guest and forwards
/// them to the VMM.
///
/// Call it with an initialised vCPU of the VM before any vCPU has run. From then on such a
/// hypercall ends `KVM_RUN` with `KVM_EXIT_HYPERCALL`, and the VMM must answer it with
/// [`answer_target_cpus`].
///
/// # Errors
///
/// [`KvmError::NoTargetCpus`] before Linux 6.15; [`KvmError::OfferTargetCpus`].
pub fn offer_target_cpus(vm: &VmFd, vcpu: &VcpuFd) -> Result<(), KvmError> {
    let failed = |source| KvmError::OfferTargetCpus { source };
    let mut offered = [0; 8];
    match vcpu.get_one_reg(KVM_REG_ARM_VENDOR_HYP_BMAP_2, &mut offered) {
        Ok(_) => {}
        Err(error) if Errno::from(error) == Errno::ENOENT => return Err(KvmError::NoTargetCpus),
        Err(error) => return Err(failed(error.into())),
    }
    let filter = kvm_smccc_filter {
        // The two numbers are consecutive.
        base: u32::try_from(DISCOVER_IMPL_VER).unwrap_or_default(),
        nr_functions: u32::try_from(DISCOVER_IMPL_CPUS - DISCOVER_IMPL_VER + 1).unwrap_or_default(),
        action: u8::try_from(kvm_smccc_filter_action_KVM_SMCCC_FILTER_FWD_TO_USER)
            .unwrap_or_default(),
        ..Default::default()
    };
    vm.set_device_attr(&kvm_device_attr {
        group: KVM_ARM_VM_SMCCC_CTRL,
        attr: KVM_ARM_VM_SMCCC_FILTER.into(),
        addr: (&raw const filter) as u64,
        ..Default::default()
    })
    .map_err(|error| failed(error.into()))?;
    let bits = u64::from_ne_bytes(offered) | DISCOVER_CALLS;
    vcpu.set_one_reg(KVM_REG_ARM_VENDOR_HYP_BMAP_2, &bits.to_ne_bytes())
        .map_err(|error| failed(error.into()))?;
    Ok(())
}

/// Answers the hypercall that ended a vCPU's `KVM_RUN` with `KVM_EXIT_HYPERCALL`, and returns true
/// if it was one of the hypercalls for target CPUs.
///
/// # Errors
///
/// [`KvmError::Hypercall`] if the vCPU's registers cannot be read or written.
pub fn answer_target_cpus(vcpu: &VcpuFd, targets: &TargetCpus) -> Result<bool, KvmError> {
    let failed = |error: kvm_ioctls::Error| KvmError::Hypercall {
        source: error.into(),
    };
    let mut call = [0; 4];
    for (index, register) in call.iter_mut().enumerate() {
        let mut bytes = [0; 8];
        vcpu.get_one_reg(general_purpose(index), &mut bytes)
            .map_err(failed)?;
        *register = u64::from_ne_bytes(bytes);
    }
    let Some(answer) = targets.answer(call) else {
        return Ok(false);
    };
    for (index, value) in answer.into_iter().enumerate() {
        vcpu.set_one_reg(general_purpose(index), &value.to_ne_bytes())
            .map_err(failed)?;
    }
    Ok(true)
}

/// The id of a register x0 to x30, which counts 32-bit words of `kvm_regs` (Linux 7.2,
/// `Documentation/virt/kvm/api.rst`, 4.68).
const fn general_purpose(index: usize) -> u64 {
    let word = (offset_of!(kvm_regs, regs.regs) + 8 * index) / size_of::<u32>();
    KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE as u64 | word as u64
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
