//! The guest's arrival from another process.

use super::Supervisor;
use super::migration::arriving::Arrival;
use super::migration::incoming::{Incoming, IncomingEnd, IncomingOptions};
use crate::guest::console::Terminal;
use crate::output::failure::Failure;
use crate::qmp::event::Event;

impl Supervisor {
    /// Starts to wait for a guest.
    pub(super) fn await_guest(&mut self, options: IncomingOptions) -> Result<(), Failure> {
        let events = self.qmp.as_ref().map(|qmp| qmp.events.clone());
        let incoming = Incoming::start(options, self.main_calls.sender(), events);
        self.incoming = Some(incoming.map_err(Failure::other)?);
        Ok(())
    }

    /// Takes a guest that has arrived and does not run yet.
    pub(crate) fn arrive(&mut self, arrival: Arrival) {
        self.builder = Some(arrival.builder);
        self.guest = Some(arrival.guest);
        self.input.pending().extend(arrival.input);
        self.paused = arrival.is_stopped;
    }

    /// Lets the guest that has arrived run, and connects the console.
    pub(crate) fn run_arrived(&mut self) {
        if let Some(guest) = self.guest.as_ref().filter(|_| !self.paused) {
            guest.resume();
            self.send_event(Event::Resume);
        }
        match Terminal::take() {
            Ok(terminal) => self.terminal = Some(terminal),
            Err(error) => tracing::warn!(%error, "the terminal's mode stays as it is"),
        }
        self.must_start_input = true;
    }

    /// Discards the guest, which has not run.
    pub(crate) fn discard_arrived(&mut self) {
        self.guest = None;
        self.builder = None;
    }

    /// Tells QMP of the end of the migration. Without a guest the run ends.
    pub(crate) fn arrival_ended(&mut self, end: IncomingEnd) {
        let Some(incoming) = &mut self.incoming else {
            return;
        };
        let (status, failure) = incoming.end(end);
        self.send_event(Event::Migration(status));
        if let Some(failure) = failure {
            self.fail(failure);
        }
    }
}
