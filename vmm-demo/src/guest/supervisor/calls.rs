//! The calls of the QMP server.

use super::Supervisor;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::Guest;
use crate::guest::remote::Call;
use crate::qmp::event::{Event, ShutdownCause};
use crate::qmp::guest::{ControlError, Status};

impl Supervisor {
    pub(super) fn handle_calls(&mut self) {
        while let Some(call) = self.qmp.as_ref().and_then(|qmp| qmp.calls.next()) {
            self.answer(call);
        }
    }

    /// Executes a call. The answer is dropped if the QMP thread no longer waits for it.
    fn answer(&mut self, call: Call) {
        let _not_waiting = match call {
            Call::Status(answer) => answer.try_send(self.status()).is_ok(),
            Call::Cpus(answer) => {
                let cpus = self.guest.as_ref().map(Guest::cpus).unwrap_or_default();
                answer.try_send(cpus).is_ok()
            }
            Call::Stop(done) => done.try_send(self.stop()).is_ok(),
            Call::Cont(done) => done.try_send(self.cont()).is_ok(),
            Call::Reset(done) => done.try_send(self.system_reset()).is_ok(),
            Call::Quit(done) => {
                self.finish(Ending::Quit, ShutdownCause::HostQmpQuit);
                done.try_send(Ok(())).is_ok()
            }
            Call::SnapshotSave(save, done) => done.try_send(self.save(save)).is_ok(),
            Call::Jobs(answer) => answer.try_send(self.jobs.infos()).is_ok(),
            Call::CancelJob(id, done) => {
                let cancelled = self.jobs.cancel(&id);
                done.try_send(cancelled.map_err(ControlError::from)).is_ok()
            }
            Call::DismissJob(id, done) => {
                let mut events = Vec::new();
                let dismissed = self.jobs.dismiss(&id, &mut |event| events.push(event));
                self.send_events(events);
                done.try_send(dismissed.map_err(ControlError::from)).is_ok()
            }
            Call::Migrate(to, done) => done.try_send(self.migrate(to)).is_ok(),
            Call::Migration(answer) => answer.try_send(self.migration_info()).is_ok(),
            Call::CancelMigration(done) => {
                self.cancel_migration();
                done.try_send(Ok(())).is_ok()
            }
            Call::ResolveMigration(decision, done) => {
                self.resolve_migration(decision, &done);
                true
            }
            Call::MigrationSettings(answer) => {
                answer.try_send(self.migration_settings.clone()).is_ok()
            }
            Call::SetMigrationSettings(settings, done) => {
                self.set_migration_settings(settings);
                done.try_send(Ok(())).is_ok()
            }
        };
    }

    fn status(&self) -> Status {
        let outgoing = self.outgoing.as_ref();
        let finishes = outgoing.is_some_and(|outgoing| outgoing.has_paused);
        let has_guest = self.guest.is_some();
        match (&self.result, self.paused) {
            (Some(Ok(_)), _) => Status::Shutdown,
            (Some(Err(_)), _) => Status::InternalError,
            (None, _) if self.jobs.is_busy() => Status::SaveVm,
            (None, _) if !has_guest && outgoing.is_some() => Status::PostMigrate,
            (None, _) if self.is_arriving() => Status::InMigrate,
            (None, _) if finishes => Status::FinishMigrate,
            (None, true) => Status::Paused,
            (None, false) => Status::Running,
        }
    }

    fn stop(&mut self) -> Result<(), ControlError> {
        self.check_controllable()?;
        if let Some(guest) = self.guest.as_ref().filter(|_| !self.paused) {
            guest.pause();
            self.paused = true;
            self.send_event(Event::Stop);
        }
        Ok(())
    }

    fn cont(&mut self) -> Result<(), ControlError> {
        self.check_controllable()?;
        if let Some(guest) = self.guest.as_ref().filter(|_| self.paused) {
            guest.resume();
            self.paused = false;
            self.send_event(Event::Resume);
        }
        Ok(())
    }

    fn system_reset(&mut self) -> Result<(), ControlError> {
        self.check_not_migrating()?;
        self.check_controllable()?;
        if self.reboot {
            self.reset(ShutdownCause::HostQmpSystemReset);
        } else {
            self.finish(Ending::Reset, ShutdownCause::HostQmpSystemReset);
        }
        Ok(())
    }
}
