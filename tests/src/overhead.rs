//! `overhead`: the cost of reading a host, planning and applying, beside the same bare ioctls.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod measure;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod raw;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod report;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod trace;

use idreg_runtime::model::CpuModel;
use vmm_demo::machine::Machine;
use vmm_demo::output::failure::Failure;

/// Measures, and prints the figures.
///
/// # Errors
///
/// [`Failure`] without KVM, for a model that is not possible on the host, or for an error of KVM.
pub fn measure(model: &CpuModel, rounds: u32, json: bool) -> Result<(), Failure> {
    let machine = Machine::open(model)?;
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    {
        let report = measure::measure(&machine, model, rounds)?;
        if json {
            vmm_demo::output::json(&report)
        } else {
            vmm_demo::output::text(&report.to_string())
        }
    }
    #[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
    match (machine, rounds, json) {}
}
