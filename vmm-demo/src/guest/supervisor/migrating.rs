//! The guest's migration to another process: what its thread asks of the main thread, and QMP's
//! commands for it.

use super::Supervisor;
use super::migration::incoming::Incoming;
use super::migration::outgoing::{Outgoing, OutgoingEnd};
use super::migration::running::RunningGuest;
use crate::endpoint::Endpoint;
use crate::guest::lifecycle::{Guest, GuestBuilder};
use crate::output::failure::Failure;
use crate::qmp::event::Event;
use crate::qmp::guest::ControlError;
use crate::qmp::migration::{MigrationInfo, MigrationSettings, MigrationStatus};
use crate::snapshot::migrated::MigratedGuest;
use idreg_runtime::view::View;
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Interval at which vCPUs that are slowed down leave the guest.
const THROTTLE_PERIOD: Duration = Duration::from_millis(20);

/// Time in which the other side learns that a run has ended.
const ABANDON_TIMEOUT: Duration = Duration::from_secs(2);

/// Interval of looks at the migration's thread.
const ABANDON_INTERVAL: Duration = Duration::from_millis(5);

/// A guest that a migration can no longer have.
#[derive(Debug, Error)]
#[error("{0}")]
struct GuestLost(&'static str);

impl Supervisor {
    /// Starts to migrate the guest.
    pub(super) fn migrate(&mut self, to: Endpoint) -> Result<(), ControlError> {
        self.check_not_migrating()?;
        // A guest that is handed over, or in doubt, must not migrate a second time.
        self.check_controllable()?;
        let guest = self.guest.as_ref();
        let guest = guest.ok_or_else(|| ControlError("there is no guest to migrate".to_owned()))?;
        let running = RunningGuest::new(self.main_calls.sender(), guest.memory().clone());
        let events = self.qmp.as_ref().map(|qmp| qmp.events.clone());
        let outgoing = Outgoing::start(to, &self.migration_settings, running, events)?;
        self.outgoing = Some(outgoing);
        Ok(())
    }

    /// Checks that no migration is under way.
    pub(super) fn check_not_migrating(&self) -> Result<(), ControlError> {
        const OUT: &str = "There's a migration process in progress: wait for its end \
                           (`query-migrate`), or cancel it (`migrate_cancel`)";
        const IN: &str = "Guest is waiting for an incoming migration: start it at the source";
        if self.is_migrating() {
            return Err(ControlError(OUT.to_owned()));
        }
        if self.guest.is_none() && self.is_arriving() {
            return Err(ControlError(IN.to_owned()));
        }
        Ok(())
    }

    /// True if a migration of the guest to another process is under way.
    pub(super) fn is_migrating(&self) -> bool {
        let outgoing = self.outgoing.as_ref();
        outgoing.is_some_and(|outgoing| outgoing.status().is_active())
    }

    /// Checks that the user may stop the guest and let it go on.
    pub(super) fn check_controllable(&self) -> Result<(), ControlError> {
        self.jobs.check_idle()?;
        let outgoing = self.outgoing.as_ref();
        let handed_over = outgoing.is_some_and(|outgoing| outgoing.has_paused);
        match (handed_over, self.is_arriving()) {
            (false, false) if self.guest.is_none() && self.outgoing.is_some() => Err(ControlError(
                "the guest has migrated, and runs elsewhere".to_owned(),
            )),
            (false, false) => Ok(()),
            (true, _) => Err(ControlError(
                "the guest is stopped for its migration, which decides if it goes on here \
                 (`query-migrate`, `migrate-resolve`)"
                    .to_owned(),
            )),
            (false, true) => Err(ControlError(
                "the guest has not arrived (`query-migrate`)".to_owned(),
            )),
        }
    }

    /// True if the guest has not arrived, or it is in doubt if it has.
    pub(super) fn is_arriving(&self) -> bool {
        self.incoming.as_ref().is_some_and(|incoming| {
            incoming.status().is_active() || incoming.status() == MigrationStatus::InDoubt
        })
    }

    pub(super) fn migration_info(&self) -> MigrationInfo {
        match (&self.outgoing, &self.incoming) {
            (Some(outgoing), _) => outgoing.info(),
            (None, Some(incoming)) => incoming.info(),
            (None, None) => MigrationInfo::default(),
        }
    }

    pub(super) fn cancel_migration(&self) {
        if let Some(outgoing) = self.outgoing.as_ref().filter(|_| self.is_migrating()) {
            outgoing.control().cancel();
        }
    }

    pub(super) fn set_migration_settings(&mut self, settings: MigrationSettings) {
        if let Some(outgoing) = &self.outgoing {
            outgoing.control().set_parameters(settings.parameters);
        }
        self.migration_settings = settings;
    }

    /// The guest and its builder, unless the guest has ended or started anew since the migration
    /// began.
    fn migrating(&self) -> Result<(&Guest, &GuestBuilder), Failure> {
        const ENDED: &str = "the guest has ended";
        let lost = |reason| Failure::other(GuestLost(reason));
        if let Some(reason) = self.outgoing.as_ref().and_then(|outgoing| outgoing.lost) {
            return Err(lost(reason));
        }
        match (&self.guest, &self.builder) {
            (Some(guest), Some(builder)) if self.result.is_none() => Ok((guest, builder)),
            _ => Err(lost(ENDED)),
        }
    }

    /// The guest, as far as its migration may have it.
    pub(crate) fn migrating_guest(&self) -> Result<&Guest, Failure> {
        self.migrating().map(|(guest, _)| guest)
    }

    /// Reads the guest's view, for which its vCPUs leave it for a moment.
    pub(crate) fn view_to_migrate(&mut self) -> Result<View, Failure> {
        let (guest, builder) = self.migrating()?;
        let runs = !self.paused;
        if runs {
            guest.pause();
        }
        let view = guest.view(builder);
        if runs {
            guest.resume();
        }
        view
    }

    pub(crate) fn pause_to_migrate(&mut self) -> Result<(), Failure> {
        let guest = self.migrating_guest()?;
        if !self.paused {
            guest.pause();
            self.send_event(Event::Stop);
        }
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.has_paused = true;
        }
        Ok(())
    }

    pub(crate) fn resume_after_migration(&mut self) {
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.has_paused = false;
        }
        if let Some(guest) = self.guest.as_ref().filter(|_| !self.paused) {
            guest.resume();
            self.send_event(Event::Resume);
        }
    }

    /// Reads the state of the paused guest.
    pub(crate) fn state_to_migrate(&mut self) -> Result<Vec<u8>, Failure> {
        let input = self.input.pending().iter().copied().collect();
        let (guest, builder) = self.migrating()?;
        let migrated = MigratedGuest {
            machine: guest.machine_state(builder)?,
            console: guest.console_state(input),
            is_stopped: self.paused,
        };
        migrated.to_bytes().map_err(Failure::other)
    }

    /// Lets the guest's vCPUs run for this share of the time less, in percent.
    pub(crate) fn throttle(&mut self, percent: u8) -> Result<(), Failure> {
        self.migrating_guest()?.throttle(percent, THROTTLE_PERIOD);
        let (first, interval) = match percent {
            0 => (Duration::ZERO, None),
            _ => (THROTTLE_PERIOD, Some(THROTTLE_PERIOD)),
        };
        let set = self.throttle_timer.reset(first, interval);
        set.map_err(Failure::other)
    }

    /// Takes the vCPUs out of the guest, so that they wait as the throttle says.
    pub(super) fn handle_throttle_timer(&mut self) {
        // A timer that was stopped since its event would block the read for ever.
        if !self.throttle_timer.is_armed().unwrap_or(false) {
            return;
        }
        let _expirations = self.throttle_timer.wait();
        if let Some(guest) = &self.guest {
            guest.kick();
        }
    }

    /// Ends the guest, which runs elsewhere.
    pub(crate) fn end_migrated_guest(&mut self) {
        self.terminal = None;
        if let (Some(guest), Some(builder)) = (self.guest.take(), &self.builder)
            && let Err(failure) = guest.end(&builder.plan)
        {
            tracing::warn!(failure = failure.message(), "the guest that has migrated");
        }
    }

    /// Cancels the migration of a run that ends, and waits until the other side knows.
    pub(super) fn abandon_migration(&mut self) {
        self.main_calls.close();
        let outgoing = self.outgoing.as_ref();
        let outgoing = outgoing.filter(|outgoing| outgoing.status().is_active());
        let incoming = self.incoming.as_ref();
        let controls = outgoing.map(Outgoing::control).into_iter();
        for control in controls.chain(incoming.map(Incoming::control)) {
            control.cancel();
        }
        let started = Instant::now();
        let is_finished = || {
            outgoing.is_none_or(Outgoing::is_finished) && incoming.is_none_or(Incoming::is_finished)
        };
        while !is_finished() && started.elapsed() < ABANDON_TIMEOUT {
            thread::sleep(ABANDON_INTERVAL);
        }
    }

    /// Tells QMP of the end of the migration.
    pub(crate) fn migration_ended(&mut self, end: OutgoingEnd) {
        if let Some(outgoing) = &mut self.outgoing {
            let status = outgoing.end(end);
            outgoing.has_paused = status == MigrationStatus::InDoubt;
            self.send_event(Event::Migration(status));
        }
    }
}
