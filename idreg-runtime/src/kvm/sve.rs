//! The SVE vector lengths of a vCPU.

use super::{KvmError, KvmStep, ioctl};
use crate::config::options::{SVE_MAX_BITS, SVE_QUADWORD_BITS};
use crate::vcpu::Errno;
use std::os::fd::{AsRawFd, RawFd};

/// The set of vector lengths: 512 bits of the SVE registers (Linux 7.2,
/// `arch/arm64/include/uapi/asm/kvm.h`, `KVM_REG_ARM64_SVE_VLS`).
const KVM_REG_ARM64_SVE_VLS: u64 = 0x6060_0000_0015_ffff;

/// The set of vector lengths as bytes, `KVM_ARM64_SVE_VLS_WORDS` (8) words; bit n means a vector of
/// n + 1 quadwords (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
type Bitmap = [u8; 64];

// The architecture's lengths are the first 16 of the set's 512.
const _: () = assert!(SVE_MAX_BITS / SVE_QUADWORD_BITS <= 512);

/// The SVE vector lengths of a vCPU in bits, ascending; empty if it was created without SVE.
///
/// # Errors
///
/// [`KvmStep::SveVectorLengths`] if the vCPU is not initialised.
///
/// # System calls
///
/// `ioctl` `KVM_GET_ONE_REG` (0x4010aeab) on the vCPU.
pub fn sve_vector_lengths(vcpu: &impl AsRawFd) -> Result<Vec<u32>, KvmError> {
    vector_lengths(vcpu.as_raw_fd()).map_err(KvmStep::SveVectorLengths.failed())
}

pub(super) fn vector_lengths(vcpu: RawFd) -> Result<Vec<u32>, Errno> {
    match get(vcpu) {
        Ok(bitmap) => Ok(lengths(&bitmap)),
        Err(Errno::ENOENT) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Removes the lengths above `limit` bits from a vCPU with SVE, between `KVM_ARM_VCPU_INIT` and
/// `KVM_ARM_VCPU_FINALIZE`. KVM requires all of the host's lengths up to a maximum (Linux 7.2,
/// `arch/arm64/kvm/guest.c`, `set_sve_vls`).
///
/// [`init_vcpu`](super::init_vcpu) does it for a configuration with
/// [`sve_limit`](crate::config::VcpuConfig::sve_limit); a VMM that initialises its vCPUs itself
/// calls it for each of them, since every vCPU has lengths of its own.
///
/// # Errors
///
/// [`KvmError::SveLimit`] if no length remains; [`KvmStep::SveVectorLengths`] with `ENOENT` if the
/// vCPU has no SVE; [`KvmStep::LimitSve`], with `EPERM` if its SVE is finalised.
///
/// # System calls
///
/// `ioctl` on the vCPU: `KVM_GET_ONE_REG` (0x4010aeab) and, if a length is above the limit,
/// `KVM_SET_ONE_REG` (0x4010aeac).
pub fn limit_vector_lengths(vcpu: &impl AsRawFd, limit: u32) -> Result<(), KvmError> {
    let vcpu = vcpu.as_raw_fd();
    let all = get(vcpu).map_err(KvmStep::SveVectorLengths.failed())?;
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
    ioctl::set_one_reg(vcpu, KVM_REG_ARM64_SVE_VLS, &kept)
        .map_err(KvmStep::LimitSve { limit }.failed())
}

fn get(vcpu: RawFd) -> Result<Bitmap, Errno> {
    let mut bitmap: Bitmap = [0; 64];
    ioctl::get_one_reg(vcpu, KVM_REG_ARM64_SVE_VLS, &mut bitmap)?;
    Ok(bitmap)
}

fn lengths(bitmap: &Bitmap) -> Vec<u32> {
    let mut lengths = Vec::new();
    for (byte, quadwords) in bitmap.iter().zip((1..).step_by(8)) {
        for bit in 0..8 {
            if byte >> bit & 1 == 1 {
                lengths.push((quadwords + bit) * SVE_QUADWORD_BITS);
            }
        }
    }
    lengths
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
