//! The system calls of this module, for the filters of sandboxes.

use super::ioctl;
#[cfg(feature = "scratch")]
use crate::linux::SystemCall;

/// An ioctl of KVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Ioctl {
    /// The constant's name in `linux/kvm.h`.
    pub name: &'static str,
    /// The second argument of `ioctl`. The kernel takes 32 bits of it, and a filter should compare
    /// no more: musl extends the sign into the upper ones.
    pub number: u32,
}

impl Ioctl {
    const fn new(name: &'static str, number: u32) -> Self {
        Self { name, number }
    }
}

/// Every ioctl of reading a VM that exists ([`read_vm_with`](super::read_vm_with),
/// [`read_view`](super::read_view)), and of applying and verifying a plan through
/// [`OneReg`](super::OneReg). [`read_vm`](super::read_vm) also has the system calls in
/// [`linux::SYSTEM_CALLS`](crate::linux::SYSTEM_CALLS). Planning makes no system call.
pub const PLAN_IOCTLS: &[Ioctl] = &[
    Ioctl::new("KVM_CHECK_EXTENSION", ioctl::CHECK_EXTENSION),
    Ioctl::new("KVM_IRQ_LINE", ioctl::IRQ_LINE),
    Ioctl::new("KVM_GET_ONE_REG", ioctl::GET_ONE_REG),
    Ioctl::new("KVM_SET_ONE_REG", ioctl::SET_ONE_REG),
    Ioctl::new(
        "KVM_ARM_GET_REG_WRITABLE_MASKS",
        ioctl::ARM_GET_REG_WRITABLE_MASKS,
    ),
];

/// Every ioctl that the functions for VMs and vCPUs that exist make beside [`PLAN_IOCTLS`]: to
/// enable capabilities, to initialise vCPUs, their PMUs and the GIC, and to identify the GIC.
pub const INIT_IOCTLS: &[Ioctl] = &[
    Ioctl::new("KVM_ENABLE_CAP", ioctl::ENABLE_CAP),
    Ioctl::new("KVM_ARM_VCPU_INIT", ioctl::ARM_VCPU_INIT),
    Ioctl::new("KVM_ARM_PREFERRED_TARGET", ioctl::ARM_PREFERRED_TARGET),
    Ioctl::new("KVM_ARM_VCPU_FINALIZE", ioctl::ARM_VCPU_FINALIZE),
    Ioctl::new("KVM_SET_DEVICE_ATTR", ioctl::SET_DEVICE_ATTR),
    Ioctl::new("KVM_GET_DEVICE_ATTR", ioctl::GET_DEVICE_ATTR),
];

/// Every ioctl that the functions which make VMs and vCPUs make beside [`PLAN_IOCTLS`] and
/// [`INIT_IOCTLS`].
#[cfg(feature = "scratch")]
pub const CREATE_IOCTLS: &[Ioctl] = &[
    Ioctl::new("KVM_GET_API_VERSION", ioctl::create::GET_API_VERSION),
    Ioctl::new("KVM_CREATE_VM", ioctl::create::CREATE_VM),
    Ioctl::new("KVM_GET_VCPU_MMAP_SIZE", ioctl::create::GET_VCPU_MMAP_SIZE),
    Ioctl::new("KVM_CREATE_VCPU", ioctl::create::CREATE_VCPU),
    Ioctl::new("KVM_RUN", ioctl::create::RUN),
    Ioctl::new("KVM_CREATE_DEVICE", ioctl::create::CREATE_DEVICE),
];

/// The system calls other than `ioctl` of the functions that make VMs and vCPUs, and of reading a
/// host with several core types.
///
/// [`read_host`](super::read_host) and [`read_host_described`](super::read_host_described) also
/// have those in [`linux::SYSTEM_CALLS`](crate::linux::SYSTEM_CALLS).
#[cfg(feature = "scratch")]
pub const CREATE_SYSTEM_CALLS: &[SystemCall] = &[
    SystemCall::new("openat", libc::SYS_openat),
    SystemCall::new("fcntl", libc::SYS_fcntl),
    SystemCall::new("mmap", libc::SYS_mmap),
    SystemCall::new("munmap", libc::SYS_munmap),
    SystemCall::new("close", libc::SYS_close),
    SystemCall::new("sched_getaffinity", libc::SYS_sched_getaffinity),
    SystemCall::new("sched_setaffinity", libc::SYS_sched_setaffinity),
];
