//! Saving of the guest: it is paused, its state is read, and a thread writes the file; then the
//! guest goes on, whether it was saved or not.

use super::Supervisor;
use crate::output::failure::Failure;
use crate::qmp::event::Event;
use crate::qmp::guest::ControlError;
use crate::qmp::job::{JobKind, SnapshotSave};
use std::time::Duration;

/// Time that a cancelled save has to remove its file when the program ends. A file system that does
/// not answer must not keep the program from its end.
const ABANDON_TIMEOUT: Duration = Duration::from_secs(10);

impl Supervisor {
    /// Starts a job that saves the guest. Once it is listed, every failure is the job's.
    pub(super) fn save(&mut self, save: SnapshotSave) -> Result<(), ControlError> {
        self.check_not_migrating()?;
        self.check_controllable()?;
        let (Some(guest), Some(builder)) = (&self.guest, &self.builder) else {
            return Err(ControlError("there is no guest to save".to_owned()));
        };
        let mut events = Vec::new();
        let id = save.job.clone();
        let kind = JobKind::SnapshotSave;
        let progress = self.jobs.start(id, kind, &mut |event| events.push(event))?;
        if !self.paused {
            guest.pause();
            events.push(Event::Stop);
        }
        self.send_events(events);
        let input = self.input.pending().iter().copied().collect();
        let snapshot = guest.snapshot(builder, input);
        let started = snapshot.and_then(|snapshot| {
            let work = move || snapshot.write(&save, &progress);
            self.save_thread.start(work).map_err(Failure::other)
        });
        if let Err(failure) = started {
            self.end_save(Err(failure.message()));
        }
        Ok(())
    }

    /// Ends the job when its thread has ended.
    pub(super) fn handle_saved(&mut self) {
        if let Some(result) = self.save_thread.take(Duration::ZERO) {
            self.end_save(result);
        }
    }

    /// Lets the guest go on, unless QMP had stopped it before, and ends the job.
    fn end_save(&mut self, result: Result<(), String>) {
        let mut events = Vec::new();
        if let Some(guest) = self.guest.as_ref().filter(|_| !self.paused) {
            guest.resume();
            events.push(Event::Resume);
        }
        self.jobs.end(result, &mut |event| events.push(event));
        self.send_events(events);
    }

    /// Cancels the job of a guest whose run ends, and waits until its file is gone.
    pub(super) fn abandon_save(&mut self) {
        if !self.jobs.is_busy() {
            return;
        }
        self.jobs.cancel_active();
        let Some(result) = self.save_thread.take(ABANDON_TIMEOUT) else {
            tracing::warn!("the snapshot's file system does not answer; a part of a file may stay");
            return;
        };
        let mut events = Vec::new();
        self.jobs.end(result, &mut |event| events.push(event));
        self.send_events(events);
    }

    pub(super) fn send_events(&self, events: Vec<Event>) {
        for event in events {
            self.send_event(event);
        }
    }
}
