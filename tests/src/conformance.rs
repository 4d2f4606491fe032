//! `conformance`: compares KVM's behaviour with this library's predictions, for random overrides.
//!
//! Each try writes the same values to a scratch VM and to the fake of this host. It compares every
//! answer and every register, and checks KVM's behaviour against a plan for the same overrides.

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

pub use self::report::ConformanceReport;

/// Runs `count` tries and reports those in which KVM differs from the prediction.
///
/// # Errors
///
/// [`Failure`] without KVM, for a kernel without masks, or if a VM cannot be created.
pub fn compare(model: &CpuModel, count: u64, seed: u64) -> Result<ConformanceReport, Failure> {
    let machine = Machine::open(model)?;
    let info = machine.host().info();
    if !info.capabilities.writable_masks {
        let kernel = info.kernel_release.clone();
        return Err(Failure::CannotHere(NoPredictions { kernel }.into()));
    }
    let comparison = Comparison::new(machine.host(), &machine, seed)?;
    comparison.tries(count)
}

/// Error for a kernel without masks: the library plans no change there, so it predicts nothing.
#[derive(Debug, thiserror::Error)]
#[error(
    "this kernel ({kernel}) does not report the writable bits of ID registers, so there are no \
     predictions to compare; Linux 6.7 or newer is required"
)]
struct NoPredictions {
    kernel: String,
}
