//! The registers of a KVM vCPU.

use super::ioctl;
use crate::encoding::Encoding;
use crate::vcpu::{Errno, RegistersById, VcpuRegs};
use core::marker::PhantomData;
use std::os::fd::{AsRawFd, RawFd};

/// The ids of arm64 registers of 64 bits (Linux 7.2, `include/uapi/linux/kvm.h`, `KVM_REG_ARM64`
/// and `KVM_REG_SIZE_U64`).
pub(super) const REG_U64: u64 = 0x6030_0000_0000_0000;

/// The id of a system register in `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG`.
///
/// ```
/// use idreg_runtime::kvm::kvm_reg_id;
/// use idreg_runtime::regs::IdAa64pfr0El1;
///
/// assert_eq!(kvm_reg_id(IdAa64pfr0El1::ENCODING), 0x6030_0000_0013_c020);
/// ```
///
/// # System calls
///
/// None.
#[must_use]
pub const fn kvm_reg_id(register: Encoding) -> u64 {
    register.kvm_id()
}

/// The system registers of a vCPU that has been initialised, by `KVM_GET_ONE_REG` and
/// `KVM_SET_ONE_REG`.
///
/// # System calls
///
/// [`get`](VcpuRegs::get) and [`get_by_id`](RegistersById::get_by_id) are one `ioctl`
/// `KVM_GET_ONE_REG` (0x4010aeab), [`set`](VcpuRegs::set) is one `ioctl` `KVM_SET_ONE_REG`
/// (0x4010aeac), all on the vCPU.
#[derive(Clone, Copy, Debug)]
pub struct OneReg<'a> {
    fd: RawFd,
    vcpu: PhantomData<&'a ()>,
}

impl<'a> OneReg<'a> {
    /// Borrows a vCPU: `kvm_ioctls::VcpuFd` of any version, or another type with the descriptor.
    /// Before `KVM_ARM_VCPU_INIT` every access fails with [`Errno::ENOEXEC`].
    #[must_use]
    pub fn new(vcpu: &'a impl AsRawFd) -> Self {
        Self {
            fd: vcpu.as_raw_fd(),
            vcpu: PhantomData,
        }
    }

    /// Writes a register of 64 bits by its id.
    // VMMs link this once, not at each call.
    #[inline(never)]
    pub(super) fn set_id(self, id: u64, value: u64) -> Result<(), Errno> {
        ioctl::set_one_reg(self.fd, id, &value.to_ne_bytes())
    }
}

impl VcpuRegs for OneReg<'_> {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        self.get_by_id(kvm_reg_id(register))
    }

    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.set_id(kvm_reg_id(register), value)
    }
}

impl RegistersById for OneReg<'_> {
    // VMMs link this once, not at each call.
    #[inline(never)]
    fn get_by_id(&self, id: u64) -> Result<u64, Errno> {
        // arm64 Linux is little-endian, so a register of 32 bits fills the low half.
        let mut bytes = [0; 8];
        let value = bytes.get_mut(..ioctl::register_size(id));
        ioctl::get_one_reg(self.fd, id, value.ok_or(Errno::EINVAL)?)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn register_ids_are_those_of_the_kernel_documentation() {
        assert_eq!(
            kvm_reg_id(Encoding::new(3, 0, 0, 4, 0)),
            0x6030_0000_0013_c020
        );
    }
}
