//! The SVE vector lengths of a vCPU.

use super::KvmError;
use crate::config::options::SVE_QUADWORD_BITS;
use crate::vcpu::Errno;
use kvm_bindings::{
    __SVE_VQ_BYTES, KVM_ARM64_SVE_VLS_WORDS, KVM_REG_ARM64, KVM_REG_ARM64_SVE, KVM_REG_SIZE_U512,
};
use kvm_ioctls::VcpuFd;

/// The set of vector lengths as eight words (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`);
/// not in kvm-bindings 0.14.
const KVM_REG_ARM64_SVE_VLS: u64 =
    KVM_REG_ARM64 | KVM_REG_SIZE_U512 | KVM_REG_ARM64_SVE as u64 | 0xffff;

const _: () = assert!(SVE_QUADWORD_BITS == __SVE_VQ_BYTES * 8);

/// The set of vector lengths as bytes; bit n means a vector of n + 1 quadwords (Linux 7.2,
/// `Documentation/virt/kvm/api.rst`, 4.68).
type Bitmap = [u8; KVM_ARM64_SVE_VLS_WORDS as usize * 8];

/// The SVE vector lengths of a vCPU in bits, ascending; empty if it was created without SVE.
///
/// # Errors
///
/// [`KvmError::SveVectorLengths`] if the vCPU is not initialised.
pub fn sve_vector_lengths(vcpu: &VcpuFd) -> Result<Vec<u32>, KvmError> {
    match get(vcpu) {
        Ok(bitmap) => Ok(lengths(&bitmap)),
        Err(Errno::ENOENT) => Ok(Vec::new()),
        Err(source) => Err(KvmError::SveVectorLengths { source }),
    }
}

/// Removes the lengths above `limit` bits from a vCPU whose SVE is not finalised. KVM requires all
/// of the host's lengths up to a maximum (Linux 7.2, `arch/arm64/kvm/guest.c`, `set_sve_vls`).
///
/// # Errors
///
/// [`KvmError::SveLimit`] if no length remains, [`KvmError::SveVectorLengths`] or
/// [`KvmError::LimitSve`] if reading or writing the set fails.
pub(super) fn limit_vector_lengths(vcpu: &VcpuFd, limit: u32) -> Result<(), KvmError> {
    let all = get(vcpu).map_err(|source| KvmError::SveVectorLengths { source })?;
    let kept = up_to(limit, all);
    if kept == all {
        return Ok(());
    }
    if lengths(&kept).is_empty() {
        return Err(KvmError::SveLimit {
            limit,
            lengths: lengths(&all),
        });
    }
    vcpu.set_one_reg(KVM_REG_ARM64_SVE_VLS, &kept)
        .map_err(|error| KvmError::LimitSve {
            limit,
            source: error.into(),
        })?;
    Ok(())
}

fn get(vcpu: &VcpuFd) -> Result<Bitmap, Errno> {
    let mut bitmap: Bitmap = [0; 64];
    vcpu.get_one_reg(KVM_REG_ARM64_SVE_VLS, &mut bitmap)
        .map_err(Errno::from)?;
    Ok(bitmap)
}

fn lengths(bitmap: &Bitmap) -> Vec<u32> {
    let bits = bitmap
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    (1..)
        .zip(bits)
        .filter(|(_, present)| *present)
        .map(|(quadwords, _): (u32, _)| quadwords * SVE_QUADWORD_BITS)
        .collect()
}

/// Keeps the lengths of at most `limit` bits.
fn up_to(limit: u32, mut bitmap: Bitmap) -> Bitmap {
    for (byte, first) in bitmap.iter_mut().zip((0..).step_by(8)) {
        let kept: u32 = (limit / SVE_QUADWORD_BITS).saturating_sub(first).min(8);
        *byte &= u8::MAX.checked_shr(8 - kept).unwrap_or(0);
    }
    bitmap
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 128, 256, 512 and 2048 bits.
    fn sample() -> Bitmap {
        let mut bitmap = [0; 64];
        bitmap[..2].copy_from_slice(&[0b0000_1011, 0b1000_0000]);
        bitmap
    }

    #[test]
    fn the_register_id_is_that_of_the_kernel_documentation() {
        assert_eq!(KVM_REG_ARM64_SVE_VLS, 0x6060_0000_0015_ffff);
    }

    #[test]
    fn vector_lengths_count_quadwords() {
        assert_eq!(lengths(&sample()), [128, 256, 512, 2048]);
        assert!(lengths(&[0; 64]).is_empty());
    }

    #[test]
    fn a_limit_keeps_what_is_no_longer() {
        for (limit, kept) in [
            (127, &[][..]),
            (128, &[128][..]),
            (511, &[128, 256][..]),
            (512, &[128, 256, 512][..]),
            (2047, &[128, 256, 512][..]),
            (2048, &[128, 256, 512, 2048][..]),
            (u32::MAX, &[128, 256, 512, 2048][..]),
        ] {
            assert_eq!(lengths(&up_to(limit, sample())), kept, "{limit}");
        }
    }
}
