//! `agree`: whether KVM does what this library foresees, for random overrides.
//!
//! Each try writes the same to a scratch VM and to the fake of this host, compares every answer and every
//! register, and holds KVM to what a plan for the same overrides says.

mod comparison;
mod draw;
mod hidden;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod kernel;
mod pair;
mod promise;
mod report;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
mod unsupported;
mod vm;

use crate::cli::Agree;
use crate::machine::Machine;
use crate::output;
use crate::output::failure::Failure;
use comparison::Comparison;

pub(crate) fn agree(arguments: &Agree) -> Result<(), Failure> {
    let machine = Machine::open(&arguments.options.cpu)?;
    let about = machine.host().about();
    if !about.capabilities.writable_masks {
        let kernel = about.kernel_release.clone();
        return Err(Failure::CannotHere(NothingForeseen { kernel }.into()));
    }
    let comparison = Comparison::new(machine.host(), &machine, arguments.seed)?;
    let report = comparison.tries(arguments.count)?;
    if arguments.json {
        output::json(&report)?;
    } else {
        output::text(&report.to_string())?;
    }
    match report.disagree {
        0 => Ok(()),
        disagreements => Err(Failure::Disagree {
            disagreements,
            tried: report.tried,
        }),
    }
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
