//! `sandbox`: use of the library under seccomp filters, and in a directory tree without `/sys`.
//!
//! The filters are made of the library's own lists of system calls, so a system call that is
//! missing from them ends the program with SIGSYS.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod filter;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod steps;

use clap::ValueEnum;
use idreg_runtime::model::CpuModel;
use serde_json::Value;
use std::error::Error;

/// A sandbox, and the functions of the library that are used in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Confinement {
    /// None: print the library's lists.
    Lists,
    /// The ioctls of planning, for a VM with two vCPUs that was created before. Any other system
    /// call of the library ends the process.
    Vm,
    /// As `vm`, with the host's facts read inside: each system call for them is refused with EPERM.
    Refused,
    /// Every system call in the lists: opens `/dev/kvm`, reads the host, and tries the plan in a
    /// scratch VM.
    Whole,
    /// No filter, and an empty directory as the root, entered after the VM was created.
    EmptyRoot,
}

/// Uses the library in a sandbox, which this process cannot leave, and returns the facts that it
/// read and the registers that it wrote.
///
/// # Errors
///
/// An error of KVM or of the sandbox, a plan that is rejected, or a guest that differs from it.
pub fn confined(
    confinement: Confinement,
    model: &CpuModel,
    without: Option<&str>,
) -> Result<Value, Box<dyn Error>> {
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    return steps::run(confinement, model, without);
    #[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
    Err(format!("{confinement:?} of {model} ({without:?}) needs an arm64 machine with KVM").into())
}
