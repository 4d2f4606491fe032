//! `run`: a guest with a model.

mod ending;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod guest;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod initrd_check;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod linux;
mod probe;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod remote;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod report;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod supervisor;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
mod unsupported;

pub(crate) use self::ending::Ending;

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
use self::linux::run_linux;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
use self::unsupported::run_linux;

use crate::cli::Run;
use crate::output::failure::Failure;
use std::time::Instant;

/// Runs the guest that was asked for; `started` is when this program did.
pub(crate) fn run(arguments: &Run, started: Instant) -> Result<Ending, Failure> {
    match &arguments.linux.kernel {
        Some(kernel) => run_linux(kernel, arguments, started),
        None => probe::run_probe(arguments).map(|()| Ending::Done),
    }
}
