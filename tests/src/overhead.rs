//! `cost`: what reading a host, planning and applying take, beside the same ioctls by hand.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod measure;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod raw;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod report;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod trace;

use crate::cli::Cost;
use crate::machine::Machine;
use crate::output::failure::Failure;

pub(crate) fn cost(arguments: &Cost) -> Result<(), Failure> {
    let model = &arguments.model.cpu;
    let machine = Machine::open(model)?;
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    {
        let report = measure::measure(&machine, model, arguments.count)?;
        if arguments.json {
            crate::output::json(&report)
        } else {
            crate::output::text(&report.to_string())
        }
    }
    #[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
    match (machine, arguments.count, arguments.json) {}
}
