//! Linux guests: made, watched and ended.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod console;
pub(crate) mod ending;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod initrd_check;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
pub(crate) mod keys;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod lifecycle;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod remote;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod supervisor;
