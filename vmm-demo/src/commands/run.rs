//! `run`: a guest with a model.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod linux;
mod probe;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod report;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
mod unsupported;

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
use self::linux::run_linux;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
use self::unsupported::run_linux;

use crate::cli::Run;
use crate::guest::ending::Ending;
use crate::output::failure::Failure;
use std::time::Instant;

/// Runs the guest that was asked for; `started` is when this program did.
pub(crate) fn run(arguments: &Run, started: Instant) -> Result<Ending, Failure> {
    match &arguments.linux.kernel {
        Some(kernel) => run_linux(kernel, arguments, started),
        None => probe::run_probe(arguments).map(|()| Ending::Done),
    }
}
