//! A paused guest, and the writing of its snapshot.

use super::jobs::JobProgress;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::qmp::job::SnapshotSave;
use crate::snapshot::contents::{Snapshot, SnapshotInfo};
use crate::snapshot::file;
use crate::vmm::console_state::ConsoleState;
use crate::vmm::state::MachineState;
use idreg_runtime::view::View;
use std::ops::ControlFlow;
use vm_memory::GuestMemoryMmap;

/// A paused guest. Its memory is the guest's own, which must not run until the file is written.
#[derive(Debug)]
pub(crate) struct GuestSnapshot {
    pub(crate) view: View,
    pub(crate) machine: MachineState,
    pub(crate) console: ConsoleState,
    pub(crate) memory: GuestMemoryMmap,
}

impl GuestSnapshot {
    /// Writes the file, which appears whole or not at all, and is on the disk at the end.
    ///
    /// # Errors
    ///
    /// [`Failure::WriteFile`]; nothing is left of the new file then, nor after a cancellation.
    pub(crate) fn write(self, save: &SnapshotSave, progress: &JobProgress) -> Result<(), Failure> {
        let file = OutputFile::open(&save.file, || progress.is_cancelled())?;
        let snapshot = Snapshot {
            info: SnapshotInfo::now(&self.view, &self.memory),
            view: self.view,
            machine: self.machine,
            console: self.console,
        };
        let mut report = |done, total| {
            progress.report(done, total);
            if progress.is_cancelled() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        file::save(file, &snapshot, &self.memory, save.memory, &mut report)
    }
}
