//! The machine that the command runs on, its host, and the files of hosts and guests.

mod document;
pub mod fleet_files;
pub mod host_files;
pub mod known_documents;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod kvm;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
#[path = "machine/unsupported.rs"]
mod kvm;
pub mod remedies;
pub mod text_file;
pub mod view_files;

pub use self::kvm::Machine;

use crate::output::failure::Failure;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use std::path::Path;

/// Reads the host from a file, or from this machine with the model's options.
///
/// # Errors
///
/// [`Failure::HostFile`], or those of [`Machine::open`].
pub fn host(file: Option<&Path>, model: &CpuModel) -> Result<Host, Failure> {
    match file {
        Some(path) => host_file(path),
        None => Ok(Machine::open(model)?.into_host()),
    }
}

/// Reads a host file.
///
/// # Errors
///
/// [`Failure::HostFile`].
pub fn host_file(path: &Path) -> Result<Host, Failure> {
    document::read(path).map_err(|source| Failure::HostFile {
        path: path.to_owned(),
        source: source.into(),
    })
}
