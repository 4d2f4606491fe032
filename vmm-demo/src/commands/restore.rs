//! `restore`: lets a saved guest go on here.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod linux;
#[cfg(not(all(target_os = "linux", target_arch = "aarch64")))]
#[path = "restore/unsupported.rs"]
mod linux;

pub use self::linux::restore;

use crate::output::failure::Failure;
use crate::vmm::state::MachineState;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::View;
use std::path::Path;

/// A saved guest apart from its memory.
#[derive(Debug)]
pub struct SavedGuest {
    /// The guest's view, which decides if it can run here.
    pub view: View,
    /// The state of its machine.
    pub machine: MachineState,
    /// The size of its RAM in bytes.
    pub ram: u64,
    /// The typed bytes that its console has not taken yet.
    pub input: Vec<u8>,
}

/// A snapshot that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("this version does not read snapshot files")]
struct NotRead;

impl SavedGuest {
    /// Reads and checks a file up to the contents of the memory.
    ///
    /// # Errors
    ///
    /// [`Failure::Unusable`]: the file is damaged, or is no snapshot.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        tracing::debug!(?path, "not read");
        Err(Failure::CannotHere(NotRead.into()))
    }

    /// Plans the guest's registers on a host.
    ///
    /// # Errors
    ///
    /// [`Failure::DoesNotFit`] with every reason; [`Failure::Refused`] if the host's counters have
    /// another frequency.
    pub fn plan(&self, host: &Host, tolerance: &Tolerance) -> Result<Plan, Failure> {
        let plan = Plan::for_view_with(host, &self.view, tolerance)?;
        let frequency = host.info().timer_frequency;
        let checked = self.machine.clock.check(frequency);
        checked.map_err(|error| Failure::Refused(error.into()))?;
        Ok(plan)
    }
}
