//! The parts of a paused guest of which its snapshot is made.

use super::jobs::JobProgress;
use crate::output::failure::Failure;
use crate::qmp::job::SnapshotSave;
use crate::vmm::state::MachineState;
use idreg_runtime::view::View;
use vm_memory::{GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion};

/// A paused guest. Its memory is the guest's own, which must not run until the file is written.
#[derive(Debug)]
#[expect(dead_code, reason = "no file is written yet")]
pub(crate) struct GuestSnapshot {
    pub(crate) view: View,
    pub(crate) machine: MachineState,
    pub(crate) memory: GuestMemoryMmap,
    /// Input that the guest has not taken yet.
    pub(crate) input: Vec<u8>,
}

/// A snapshot that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("this version does not write snapshot files")]
struct NotWritten;

impl GuestSnapshot {
    /// Writes the file, which appears whole or not at all, and is on the disk at the end.
    ///
    /// # Errors
    ///
    /// [`Failure::WriteFile`]; nothing is left of the new file then, nor after a cancellation.
    pub(crate) fn write(self, save: &SnapshotSave, progress: &JobProgress) -> Result<(), Failure> {
        let size = self.memory.iter().map(GuestMemoryRegion::len).sum();
        progress.report(0, size);
        tracing::debug!(file = ?save.file, memory = ?save.memory, snapshot = ?self, "not written");
        Err(Failure::CannotHere(NotWritten.into()))
    }
}
