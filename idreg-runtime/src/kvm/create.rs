//! Creation of VMs and vCPUs: each step in one place for every VM of this project.

use super::capabilities::address_limit;
use super::init::not_offered;
use super::vm::{enable_mte, enable_writable_ids};
use super::{KvmError, KvmStep, capabilities};
use crate::config::capabilities::Capabilities;
use crate::config::{Gic, VcpuConfig};
use crate::vcpu::Errno;
use kvm_bindings::{
    KVM_API_VERSION, kvm_create_device, kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2,
    kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
};
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd, VmFd};
use std::os::fd::AsRawFd;

/// The maximum number of bits of a guest physical address: KVM's own default (Linux 7.2,
/// `Documentation/virt/kvm/api.rst`, 4.2). The host's maximum is expensive: with 52 bits, Linux 7.2
/// takes seconds to destroy an empty VM.
const PHYSICAL_ADDRESS_BITS: u32 = 40;
/// The minimum (Linux 7.2, `arch/arm64/include/asm/kvm_mmu.h`, `ARM64_MIN_PARANGE_BITS`).
const ADDRESS_BITS_MINIMUM: u32 = 32;
/// The number of attempts to create a VM while signals arrive. Each signal is handled before the
/// next attempt, so a second one usually succeeds.
const ATTEMPTS: usize = 32;

/// Opens `/dev/kvm`.
///
/// # Errors
///
/// [`KvmError::Missing`], [`KvmError::NotPermitted`] or [`KvmStep::Open`] if that fails,
/// [`KvmError::ApiVersion`] if the device has another version of the interface.
///
/// # System calls
///
/// `openat` of `/dev/kvm` (read and write), with musl followed by `fcntl` `F_SETFD`; `ioctl`
/// `KVM_GET_API_VERSION` (0xae00).
pub fn open() -> Result<Kvm, KvmError> {
    let kvm = Kvm::new().map_err(|error| match error.errno() {
        libc::ENOENT | libc::ENXIO | libc::ENODEV => KvmError::Missing,
        libc::EACCES | libc::EPERM => KvmError::NotPermitted,
        _ => KvmStep::Open.failed()(error),
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

/// Creates a VM with physical addresses of 40 bits, or fewer if the host has fewer.
///
/// It has memory tagging if `config` has it, and MIDR_EL1, REVIDR_EL1 and AIDR_EL1 are writable if
/// the kernel supports that.
///
/// # Errors
///
/// [`KvmStep::CreateVm`], [`KvmError::NotOffered`] or [`KvmStep::EnableCapability`].
///
/// # System calls
///
/// Those of [`capabilities`] and [`create_vm_with`].
pub fn create_vm(kvm: &Kvm, config: VcpuConfig) -> Result<VmFd, KvmError> {
    create_vm_with(kvm, config, &capabilities(kvm), physical_address_bits(kvm))
}

/// Creates a VM like [`create_vm`], with physical addresses of this size, and with capabilities
/// that were read before, by [`capabilities`] or with a [`Host`](crate::host::Host).
///
/// A guest sees no more than the host's ID_AA64MMFR0_EL1.PARange, whatever the size is.
///
/// # Errors
///
/// [`KvmError::AddressBits`] if the host does not support the size; the errors of [`create_vm`].
///
/// # System calls
///
/// `ioctl` on `/dev/kvm`: `KVM_CREATE_VM` (0xae01), again if a signal interrupts it,
/// `KVM_CHECK_EXTENSION` (0xae03) and `KVM_GET_VCPU_MMAP_SIZE` (0xae04); on the VM
/// `KVM_ENABLE_CAP` (0x4068aea3) at most twice and, if KVM refuses memory tagging,
/// `KVM_CHECK_EXTENSION` (0xae03).
pub fn create_vm_with(
    kvm: &Kvm,
    config: VcpuConfig,
    capabilities: &Capabilities,
    address_bits: u32,
) -> Result<VmFd, KvmError> {
    let vm = new_vm(kvm, address_bits)?;
    // KVM refuses both once the VM has a vCPU.
    if config.mte {
        enable_mte(&vm).map_err(|error| not_offered(vm.as_raw_fd(), config).unwrap_or(error))?;
    }
    if capabilities.writable_implementation_ids {
        enable_writable_ids(vm.as_raw_fd())?;
    }
    Ok(vm)
}

/// The number of physical address bits of a VM from [`create_vm`]: a guest's memory must end below
/// that.
///
/// # System calls
///
/// `ioctl` `KVM_CHECK_EXTENSION` (0xae03) on `/dev/kvm`.
#[must_use]
pub fn physical_address_bits(kvm: &Kvm) -> u32 {
    address_bits_within(address_limit(kvm.as_raw_fd()))
}

/// The size of a VM from [`create_vm`] on a host with this maximum.
pub(super) fn address_bits_within(limit: Option<u32>) -> u32 {
    limit.map_or(PHYSICAL_ADDRESS_BITS, |bits| {
        bits.min(PHYSICAL_ADDRESS_BITS)
    })
}

/// The host's maximum. Where there is none to read there is no other size than the default.
fn most_address_bits(kvm: &Kvm) -> u32 {
    address_limit(kvm.as_raw_fd()).unwrap_or(PHYSICAL_ADDRESS_BITS)
}

/// Creates a VM without enabling any capability.
pub(super) fn new_vm(kvm: &Kvm, address_bits: u32) -> Result<VmFd, KvmError> {
    let refused = || KvmError::AddressBits {
        bits: address_bits,
        limit: most_address_bits(kvm),
    };
    // KVM_VM_TYPE_ARM_IPA_SIZE_MASK has 8 bits; kvm-ioctls cuts off what is above.
    if !(ADDRESS_BITS_MINIMUM..=0xff).contains(&address_bits) {
        return Err(refused());
    }
    // Type 0 is the default, the only one that kernels before Linux 4.20 have.
    let size = if address_bits == PHYSICAL_ADDRESS_BITS {
        0
    } else {
        address_bits
    };
    uninterrupted(|| kvm.create_vm_with_ipa_size(size).map_err(Errno::from)).map_err(|error| {
        if error == Errno::EINVAL && address_bits > most_address_bits(kvm) {
            refused()
        } else {
            KvmStep::CreateVm.failed()(error)
        }
    })
}

/// Repeats a call that a signal interrupted: `KVM_CREATE_VM` returns `EINTR` if one is pending
/// while it registers with the memory of the process (Linux 7.2, `mm/mmap.c`, `mm_take_all_locks`).
fn uninterrupted<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 1..ATTEMPTS {
        match call() {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
    call()
}

/// Creates the vCPU with this number; [`init_vcpu`](super::init_vcpu) initialises it.
///
/// # Errors
///
/// [`KvmStep::CreateVcpu`].
///
/// # System calls
///
/// `ioctl` `KVM_CREATE_VCPU` (0xae41) on the VM, `mmap` of the vCPU; `munmap` when it is dropped.
pub fn create_vcpu(vm: &VmFd, index: u64) -> Result<VcpuFd, KvmError> {
    vm.create_vcpu(index)
        .map_err(KvmStep::CreateVcpu { index }.failed())
}

/// Creates the interrupt controller without addresses, which [`init_gic`](super::init_gic) sets.
///
/// # Errors
///
/// [`KvmStep::CreateGic`], with `ENODEV` if the host does not support this version, and `EEXIST` if
/// the VM has one already.
///
/// # System calls
///
/// `ioctl` `KVM_CREATE_DEVICE` (0xc00caee0) on the VM.
pub fn create_gic(vm: &VmFd, gic: Gic) -> Result<DeviceFd, KvmError> {
    let mut device = kvm_create_device {
        type_: match gic {
            Gic::V2 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2,
            Gic::V3 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
        },
        ..Default::default()
    };
    vm.create_device(&mut device)
        .map_err(KvmStep::CreateGic { gic }.failed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_repeated() {
        let mut answers = vec![Ok(7), Err(Errno::EINTR), Err(Errno::EINTR)];
        assert_eq!(uninterrupted(|| answers.pop().unwrap()), Ok(7));
        assert!(answers.is_empty());
    }

    #[test]
    fn another_error_is_not_repeated() {
        let mut calls = 0;
        let failing = || {
            calls += 1;
            Err::<(), _>(Errno::ENOMEM)
        };
        assert_eq!(uninterrupted(failing), Err(Errno::ENOMEM));
        assert_eq!(calls, 1);
    }

    #[test]
    fn signals_without_end_are_an_error() {
        let mut calls = 0;
        let failing = || {
            calls += 1;
            Err::<(), _>(Errno::EINTR)
        };
        assert_eq!(uninterrupted(failing), Err(Errno::EINTR));
        assert_eq!(calls, ATTEMPTS);
    }
}
