//! Shutdown and reset of the guest, by vCPUs, signals and failures.

use super::Supervisor;
use crate::guest::ending::Ending;
use crate::guest::lifecycle::Guest;
use crate::guest::signals::pending_signal;
use crate::output::failure::Failure;
use crate::qmp::event::{Event, ShutdownCause};
use crate::vmm::vcpus::{GuestExit, VcpuError};

impl Supervisor {
    /// Handles a vCPU's exit that ends or resets the guest.
    pub(super) fn handle_vcpu_exit(&mut self) {
        let Some(report) = self.guest.as_ref().and_then(Guest::vcpu_exit) else {
            return;
        };
        match report {
            GuestExit::PoweredOff => self.finish(Ending::PoweredOff, ShutdownCause::GuestShutdown),
            GuestExit::Reset if self.reboot => self.reset(ShutdownCause::GuestReset),
            GuestExit::Reset => self.finish(Ending::Reset, ShutdownCause::GuestReset),
            GuestExit::Failed(error) => self.fail(vcpu_failure(error)),
        }
    }

    /// Replaces the guest with a newly built one.
    pub(super) fn reset(&mut self, cause: ShutdownCause) {
        if let Some(outgoing) = &mut self.outgoing {
            outgoing.lost = Some("the guest has reset itself; migrate it again");
        }
        let guest = self.guest.take();
        let ended = self.verify_ended(guest);
        let rebuilt = ended.and_then(|()| match &mut self.builder {
            Some(builder) => builder.rebuild().map(Some),
            None => Ok(None),
        });
        match rebuilt {
            Ok(guest) => {
                self.resets += 1;
                self.send_event(Event::Reset(cause));
                if let Some(guest) = guest.as_ref().filter(|_| !self.paused) {
                    guest.resume();
                }
                self.guest = guest;
            }
            Err(failure) => self.fail(failure),
        }
    }

    pub(super) fn handle_signals(&mut self) {
        if let Some(ending) = pending_signal(&mut self.signals) {
            self.finish(ending, ShutdownCause::HostSignal);
        }
    }

    /// Ends the run with this ending, unless it has a result already.
    pub(super) fn finish(&mut self, ending: Ending, cause: ShutdownCause) {
        if self.result.is_none() {
            self.result = Some(Ok(ending));
            self.send_event(Event::Shutdown(cause));
        }
    }

    /// Ends the run with a failure, unless a signal is pending or it has a result already.
    pub(super) fn fail(&mut self, failure: Failure) {
        // A signal interrupts long KVM ioctls, which then fail with EINTR.
        self.handle_signals();
        if self.result.is_none() {
            let cause = shutdown_cause(&failure);
            self.result = Some(Err(failure));
            self.send_event(Event::Shutdown(cause));
        }
    }

    /// Ends a guest and verifies the registers of its vCPUs.
    pub(super) fn verify_ended(&self, guest: Option<Guest>) -> Result<(), Failure> {
        match (guest, &self.builder) {
            (Some(guest), Some(builder)) => guest.end(&builder.plan),
            _ => Ok(()),
        }
    }
}

/// The cause of a shutdown by a failure. Only a system event is a panic of the guest: QEMU ends no
/// guest for an access to an unmapped address, and `host-error` means that a guest cannot go on.
fn shutdown_cause(failure: &Failure) -> ShutdownCause {
    match failure {
        Failure::Guest(error)
            if matches!(error.downcast_ref(), Some(VcpuError::SystemEvent { .. })) =>
        {
            ShutdownCause::GuestPanic
        }
        _ => ShutdownCause::HostError,
    }
}

/// Maps a vCPU error to a failure of the command.
fn vcpu_failure(error: VcpuError) -> Failure {
    if error.is_of_guest() {
        Failure::Guest(error.into())
    } else {
        Failure::other(error)
    }
}
