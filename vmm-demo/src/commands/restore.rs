//! `restore`: lets a saved guest go on here.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod linux;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
#[path = "restore/unsupported.rs"]
mod linux;

pub use self::linux::restore;

use crate::machine::remedies::remedies;
use crate::output::failure::Failure;
use crate::snapshot::contents::Snapshot;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::tolerance::Tolerance;

/// Plans the registers of a saved guest on a host.
///
/// # Errors
///
/// [`Failure::DoesNotFit`] with every reason and what would have worked; [`Failure::Refused`] if
/// the host's counters have another frequency.
pub fn plan(snapshot: &Snapshot, host: &Host, tolerance: &Tolerance) -> Result<Plan, Failure> {
    let view = &snapshot.view;
    let plan = Plan::for_view_with(host, view, tolerance).map_err(|incompatible| {
        let remedies = remedies(&incompatible, host, view, tolerance);
        Failure::DoesNotFit {
            incompatible,
            remedies,
        }
    })?;
    let frequency = host.info().timer_frequency;
    let checked = snapshot.machine.clock.check(frequency);
    checked.map_err(|error| Failure::Refused(error.into()))?;
    Ok(plan)
}
