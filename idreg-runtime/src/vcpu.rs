//! Access to a vCPU's system registers through a small trait.

use crate::encoding::Encoding;
use core::fmt;

/// A Linux error number as an ioctl returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// Operation not permitted: SVE is not finalised yet, or is finalised already.
    pub const EPERM: Self = Self(1);
    /// The vCPU does not have the register.
    pub const ENOENT: Self = Self(2);
    /// Interrupted: `KVM_RUN` returned before the guest did anything that the VMM must handle.
    pub const EINTR: Self = Self(4);
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
