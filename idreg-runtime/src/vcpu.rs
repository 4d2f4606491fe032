//! The outside world behind one small trait: reading and writing a vCPU's system registers.

use crate::encoding::Encoding;
use core::fmt;

/// A Linux error number as an ioctl returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// Operation not permitted: SVE not finalised yet, or already.
    pub const EPERM: Self = Self(1);
    /// The vCPU has no such register.
    pub const ENOENT: Self = Self(2);
    /// Interrupted: `KVM_RUN` was left before the guest did anything that the VMM must see.
    pub const EINTR: Self = Self(4);
    /// The vCPU is not initialised yet.
    pub const ENOEXEC: Self = Self(8);
    /// Not now: the vCPU cannot run as it was made.
    pub const EAGAIN: Self = Self(11);
    /// Not enough memory.
    pub const ENOMEM: Self = Self(12);
    /// An address that is not the caller's.
    pub const EFAULT: Self = Self(14);
    /// The guest has run already, so the register is frozen.
    pub const EBUSY: Self = Self(16);
    /// The host has no such device.
    pub const ENODEV: Self = Self(19);
    /// The value is not one that KVM accepts here.
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

/// The system registers of one vCPU, 64 bits each, as `KVM_GET_ONE_REG` and `KVM_SET_ONE_REG` offer them.
pub trait VcpuRegs {
    /// Reads a register.
    ///
    /// # Errors
    ///
    /// [`Errno::ENOENT`] if this vCPU has no such register; any other error as the kernel gave it.
    fn get(&self, register: Encoding) -> Result<u64, Errno>;

    /// Writes a register. Success is no promise that the value was stored: read it back.
    ///
    /// # Errors
    ///
    /// The kernel's refusal, usually [`Errno::EINVAL`], or [`Errno::EBUSY`] once the guest has run.
    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno>;
}
