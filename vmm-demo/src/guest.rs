//! Linux guests: building, supervision and end.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod console;
pub mod ending;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod initrd_check;
pub mod keys;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod lifecycle;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod remote;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod signals;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod stdin_watch;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod supervisor;
