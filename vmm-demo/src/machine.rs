//! The machine that the command runs on, as far as guests are concerned.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod kvm;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
mod unsupported;

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) use self::kvm::{Machine, check_vcpus, open_kvm, vm_failure};
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
pub(crate) use self::unsupported::Machine;

use crate::output::failure::Failure;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use std::error::Error;
use std::path::Path;

/// The host in a file, or this machine with the model's options.
pub(crate) fn host(file: Option<&Path>, model: &CpuModel) -> Result<Host, Failure> {
    match file {
        Some(path) => read_file(path).map_err(|source| Failure::HostFile {
            path: path.to_owned(),
            source,
        }),
        None => Ok(Machine::open(model)?.into_host()),
    }
}

fn read_file(path: &Path) -> Result<Host, Box<dyn Error>> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}
