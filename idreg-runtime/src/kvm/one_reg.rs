//! The registers of a KVM vCPU.

use crate::encoding::Encoding;
use crate::vcpu::{Errno, RegistersById, VcpuRegs};
use kvm_bindings::{KVM_REG_ARM64, KVM_REG_ARM64_SYSREG, KVM_REG_SIZE_U64};
use kvm_ioctls::VcpuFd;

/// The id of a system register in `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG`.
#[must_use]
pub fn kvm_reg_id(register: Encoding) -> u64 {
    KVM_REG_ARM64
        | KVM_REG_SIZE_U64
        | u64::from(KVM_REG_ARM64_SYSREG)
        | u64::from(register.packed())
}

/// The system registers of a vCPU that has been initialised.
#[derive(Clone, Copy, Debug)]
pub struct KvmVcpu<'a> {
    fd: &'a VcpuFd,
}

impl<'a> KvmVcpu<'a> {
    /// Wraps a vCPU; before `KVM_ARM_VCPU_INIT` every access fails with [`Errno::ENOEXEC`].
    #[must_use]
    pub const fn new(fd: &'a VcpuFd) -> Self {
        Self { fd }
    }
}

impl VcpuRegs for KvmVcpu<'_> {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        let mut bytes = [0; 8];
        self.fd
            .get_one_reg(kvm_reg_id(register), &mut bytes)
            .map_err(Errno::from)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.fd
            .set_one_reg(kvm_reg_id(register), &value.to_ne_bytes())
            .map_err(Errno::from)?;
        Ok(())
    }
}

impl RegistersById for KvmVcpu<'_> {
    fn get_by_id(&self, id: u64) -> Result<u64, Errno> {
        // arm64 Linux is little-endian, so a register of 32 bits fills the low half.
        let mut bytes = [0; 8];
        self.fd.get_one_reg(id, &mut bytes).map_err(Errno::from)?;
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
