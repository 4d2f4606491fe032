//! `conformance`: whether KVM does what this library foresees, for random overrides.
//!
//! Each try writes the same to a scratch VM and to the fake of this host, compares every answer and every
//! register, and holds KVM to what a plan for the same overrides says.

mod comparison;
mod disagreement;
mod dual_vm;
mod generator;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod kernel;
mod masked_values;
mod plan_check;
mod report;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
mod unsupported;
mod vm;

use comparison::Comparison;
use idreg_runtime::model::CpuModel;
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

pub use self::report::Report;

/// Compares, try by try.
///
/// # Errors
///
/// [`Failure`]: no KVM, a kernel without masks, or a VM that cannot be made.
pub fn compare(model: &CpuModel, count: u64, seed: u64) -> Result<Report, Failure> {
    let machine = Machine::open(model)?;
    let about = machine.host().info();
    if !about.capabilities.writable_masks {
        let kernel = about.kernel_release.clone();
        return Err(Failure::CannotHere(NothingForeseen { kernel }.into()));
    }
    let comparison = Comparison::new(machine.host(), &machine, seed)?;
    comparison.tries(count)
}

/// Without masks the library plans no change, and does not know what KVM takes.
#[derive(Debug, thiserror::Error)]
#[error(
    "this kernel ({kernel}) does not say which bits of ID registers are writable, so that nothing is foreseen \
     of what it takes; Linux 6.7 and newer say it"
)]
struct NothingForeseen {
    kernel: String,
}
