//! The system calls of this module, for the filters of sandboxes.

use core::ffi::c_long;

/// A system call of Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SystemCall {
    /// The name.
    pub name: &'static str,
    /// The number on the architecture that this crate was built for.
    pub number: c_long,
}

impl SystemCall {
    pub(crate) const fn new(name: &'static str, number: c_long) -> Self {
        Self { name, number }
    }
}

/// Every system call of [`MachineInfo::read`](super::MachineInfo::read),
/// [`MachineInfo::read_midrs`](super::MachineInfo::read_midrs) and their parts. Where a filter
/// returns an error for one of them, what it would have told is unknown.
///
/// Only musl makes `fcntl`, to set `FD_CLOEXEC` once more.
pub const SYSTEM_CALLS: &[SystemCall] = &[
    SystemCall::new("openat", libc::SYS_openat),
    SystemCall::new("fcntl", libc::SYS_fcntl),
    SystemCall::new("read", libc::SYS_read),
    SystemCall::new("close", libc::SYS_close),
    SystemCall::new("uname", libc::SYS_uname),
];
