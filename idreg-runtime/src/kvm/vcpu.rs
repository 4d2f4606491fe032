//! The registers of a KVM vCPU.

use super::KvmError;
use crate::encoding::Encoding;
use crate::vcpu::{Errno, VcpuRegs};
use kvm_bindings::{
    __SVE_VQ_BYTES, KVM_REG_ARM64, KVM_REG_ARM64_SVE, KVM_REG_ARM64_SYSREG, KVM_REG_SIZE_U64,
    KVM_REG_SIZE_U512,
};
use kvm_ioctls::VcpuFd;

/// The set of vector lengths as eight words (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`);
/// not in kvm-bindings 0.14.
const KVM_REG_ARM64_SVE_VLS: u64 =
    KVM_REG_ARM64 | KVM_REG_SIZE_U512 | KVM_REG_ARM64_SVE as u64 | 0xffff;

/// The id by which `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG` know a system register.
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
    /// Takes a vCPU; before `KVM_ARM_VCPU_INIT` every access fails with [`Errno::ENOEXEC`].
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
            .map_err(errno)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.fd
            .set_one_reg(kvm_reg_id(register), &value.to_ne_bytes())
            .map_err(errno)?;
        Ok(())
    }
}

/// The SVE vector lengths of a vCPU in bits, ascending; none if it was made without SVE.
///
/// # Errors
///
/// [`KvmError::SveVectorLengths`] if the vCPU is not initialised.
pub fn sve_vector_lengths(vcpu: &VcpuFd) -> Result<Vec<u32>, KvmError> {
    let mut bytes = [0; 64];
    match vcpu
        .get_one_reg(KVM_REG_ARM64_SVE_VLS, &mut bytes)
        .map_err(errno)
    {
        Ok(_) => Ok(vector_lengths(&bytes)),
        Err(Errno::ENOENT) => Ok(Vec::new()),
        Err(source) => Err(KvmError::SveVectorLengths { source }),
    }
}

/// Bit n stands for a vector of n + 1 quadwords (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
fn vector_lengths(bitmap: &[u8]) -> Vec<u32> {
    let bits = bitmap
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    (1..)
        .zip(bits)
        .filter(|(_, present)| *present)
        .map(|(quadwords, _): (u32, _)| quadwords * __SVE_VQ_BYTES * 8)
        .collect()
}

pub(super) fn errno(error: kvm_ioctls::Error) -> Errno {
    Errno(error.errno())
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
        assert_eq!(KVM_REG_ARM64_SVE_VLS, 0x6060_0000_0015_ffff);
    }

    #[test]
    fn vector_lengths_count_quadwords() {
        assert_eq!(
            vector_lengths(&[0b0000_1011, 0b1000_0000]),
            [128, 256, 512, 2048]
        );
        assert!(vector_lengths(&[0; 64]).is_empty());
    }
}
