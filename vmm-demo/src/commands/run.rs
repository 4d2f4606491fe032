//! `run`: runs a guest with a model.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod incoming;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(super) mod linux;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
#[path = "run/unsupported.rs"]
mod linux;
mod probe;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod report;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(super) mod session;

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
use self::incoming::run_incoming;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
use self::linux::run_incoming;

use crate::cli::ModelsArgument;
use crate::cli::vmm_demo::RunArguments;
use crate::guest::ending::Ending;
use crate::output::failure::Failure;
use std::time::Instant;

/// Runs the built-in guest or Linux; `started` is the start time of this program.
///
/// # Errors
///
/// [`Failure`]: the guest cannot be started, or failed.
pub fn run(
    arguments: &RunArguments,
    folder: &ModelsArgument,
    started: Instant,
) -> Result<Ending, Failure> {
    match (&arguments.linux.kernel, &arguments.incoming.incoming) {
        (Some(kernel), _) => linux::run_linux(kernel, arguments, folder, started),
        (None, Some(from)) => run_incoming(from, arguments, folder, started),
        (None, None) => probe::run_probe(arguments).map(|()| Ending::Done),
    }
}
