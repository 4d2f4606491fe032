//! Access to a vCPU's system registers through a small trait.

use crate::encoding::Encoding;
use core::fmt;

/// A Linux error number as an ioctl returned it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// Operation not permitted: SVE is not finalised yet, or is finalised already.
    pub const EPERM: Self = Self(1);
    /// The vCPU does not have the register.
    pub const ENOENT: Self = Self(2);
    /// Interrupted: `KVM_RUN` returned before the guest did anything that the VMM must handle.
    pub const EINTR: Self = Self(4);
    /// No such device or address: the VM's in-kernel GIC has the interrupt inputs of the vCPUs.
    pub const ENXIO: Self = Self(6);
    /// The vCPU is not initialised yet.
    pub const ENOEXEC: Self = Self(8);
    /// Try again: the vCPU cannot run in its present state.
    pub const EAGAIN: Self = Self(11);
    /// Not enough memory.
    pub const ENOMEM: Self = Self(12);
    /// Bad address: not mapped in the calling process.
    pub const EFAULT: Self = Self(14);
    /// The guest has run already, so the register is frozen.
    pub const EBUSY: Self = Self(16);
    /// The host has no such device.
    pub const ENODEV: Self = Self(19);
    /// KVM does not accept the value here.
    pub const EINVAL: Self = Self(22);

    /// The constant's name in `errno.h`, for the numbers that KVM's register ioctls return
    /// (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68 and 4.69).
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::EPERM => "EPERM",
            Self::ENOENT => "ENOENT",
            Self::EINTR => "EINTR",
            Self::ENXIO => "ENXIO",
            Self::ENOEXEC => "ENOEXEC",
            Self::EAGAIN => "EAGAIN",
            Self::ENOMEM => "ENOMEM",
            Self::EFAULT => "EFAULT",
            Self::EBUSY => "EBUSY",
            Self::ENODEV => "ENODEV",
            Self::EINVAL => "EINVAL",
            _ => return None,
        })
    }
}

/// Shows `EINVAL (22)`, or `errno 75` for a number without a name here.
impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "errno {}", self.0),
        }
    }
}

/// Shows what `Display` does.
impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl core::error::Error for Errno {}

/// The 64-bit system registers of one vCPU, as in `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG`.
pub trait VcpuRegs {
    /// Reads a register.
    ///
    /// # Errors
    ///
    /// [`Errno::ENOENT`] if this vCPU does not have the register; other errors as the kernel
    /// returns them.
    fn get(&self, register: Encoding) -> Result<u64, Errno>;

    /// Writes a register. Success does not guarantee that KVM stored the value: read it back.
    ///
    /// # Errors
    ///
    /// The kernel's error, usually [`Errno::EINVAL`], or [`Errno::EBUSY`] after the guest has run.
    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno>;
}

/// Registers of one vCPU by their ids in `KVM_GET_ONE_REG`, for those that are not system
/// registers: firmware registers and cache sizes.
pub trait RegistersById {
    /// Reads a register of 32 or 64 bits, by its id.
    ///
    /// # Errors
    ///
    /// [`Errno::ENOENT`] if this vCPU does not have the register; other errors as the kernel
    /// returns them.
    fn get_by_id(&self, id: u64) -> Result<u64, Errno>;
}

/// The number of caches that CSSELR_EL1 can select: seven levels, data and instructions apart
/// (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `CSSELR_MAX`).
pub const CACHE_SIZES: u8 = 14;

/// The id of CCSIDR_EL1 for a value of CSSELR_EL1 below [`CACHE_SIZES`], in `KVM_GET_ONE_REG`
/// (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`, `KVM_REG_ARM_DEMUX_ID_CCSIDR`).
#[must_use]
pub const fn cache_size_id(selection: u8) -> u64 {
    0x6020_0000_0011_0000 | selection as u64
}
