//! Decisions about a migration in doubt. Each is made on a thread of its own: it asks the other
//! side, and then calls the main thread.

use super::Supervisor;
use super::migration::incoming::IncomingDoubt;
use super::migration::outgoing::OutgoingDoubt;
use crate::guest::remote::Done;
use crate::migration::inquiry::{AttemptEnd, DoubtDecision, Question};
use crate::output::failure::Failure;
use crate::qmp::event::Event;
use crate::qmp::guest::ControlError;
use crate::qmp::migration::MigrationStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A doubt of either side.
#[derive(Debug)]
enum Doubt {
    Outgoing(OutgoingDoubt),
    Incoming(IncomingDoubt),
}

/// The doubt until a thread takes it: if no thread can be started, it is still there.
type Slot = Arc<Mutex<Option<Doubt>>>;

impl Supervisor {
    /// Decides the migration in doubt, and answers when that is done or refused.
    pub(super) fn resolve_migration(&mut self, decision: DoubtDecision, done: &Done) {
        let outgoing = self.outgoing.as_mut();
        let outgoing = outgoing.and_then(|outgoing| outgoing.doubt.take());
        let incoming = self.incoming.as_mut();
        let doubt = outgoing.map(Doubt::Outgoing).or_else(|| {
            let incoming = incoming.and_then(|incoming| incoming.doubt.take());
            incoming.map(Doubt::Incoming)
        });
        let Some(doubt) = doubt else {
            let text = "no migration is in doubt (`query-migrate`)";
            let _not_waiting = done.try_send(Err(ControlError(text.to_owned())));
            return;
        };
        let slot: Slot = Arc::new(Mutex::new(Some(doubt)));
        let (main, theirs) = (self.main_calls.sender(), Arc::clone(&slot));
        let answer = done.clone();
        let thread = thread::Builder::new().name("migration".to_owned());
        let started = thread.spawn(move || {
            let Some(mut doubt) = lock(&theirs).take() else {
                return;
            };
            let resolved = doubt.resolve(decision);
            let resolved = resolved.map_err(|failure| ControlError(failure.message()));
            let decided = move |supervisor: &mut Self| {
                supervisor.decided(doubt, decision, resolved.is_ok());
                let _not_waiting = answer.try_send(resolved);
            };
            if let Err(error) = main.send(decided) {
                tracing::debug!(%error, "nobody hears of the decision");
            }
        });
        if let Err(error) = started {
            if let Some(doubt) = lock(&slot).take() {
                self.put_back(doubt);
            }
            let _not_waiting = done.try_send(Err(ControlError(error.to_string())));
        }
    }

    fn put_back(&mut self, doubt: Doubt) {
        match (doubt, &mut self.outgoing, &mut self.incoming) {
            (Doubt::Outgoing(doubt), Some(outgoing), _) => outgoing.doubt = Some(doubt),
            (Doubt::Incoming(doubt), _, Some(incoming)) => incoming.doubt = Some(doubt),
            _ => {}
        }
    }

    /// Ends the doubt, or keeps it after a refusal.
    fn decided(&mut self, doubt: Doubt, decision: DoubtDecision, is_resolved: bool) {
        if !is_resolved {
            self.put_back(doubt);
            return;
        }
        let runs_here = decision == DoubtDecision::Run;
        let status = match (&doubt, runs_here) {
            (Doubt::Outgoing(_), true) | (Doubt::Incoming(_), false) => MigrationStatus::Failed,
            (Doubt::Outgoing(_), false) | (Doubt::Incoming(_), true) => MigrationStatus::Completed,
        };
        self.send_event(Event::Migration(status));
        match doubt {
            Doubt::Outgoing(_) => {
                if let Some(outgoing) = &mut self.outgoing {
                    outgoing.decide(status);
                }
            }
            Doubt::Incoming(doubt) => {
                if let Some(incoming) = &mut self.incoming {
                    incoming.decide(status, doubt);
                }
                if !runs_here {
                    self.fail(Failure::other(Discarded));
                }
            }
        }
    }

    /// Answers a question of the source about the guest that has arrived here.
    pub(crate) fn answer_question(&mut self, question: Question) -> AttemptEnd {
        match &mut self.incoming {
            Some(incoming) => incoming.answer(question),
            None => AttemptEnd::Unknown,
        }
    }
}

/// A guest that the user has discarded on the destination.
#[derive(Debug, thiserror::Error)]
#[error("the guest was discarded here (`migrate-resolve`)")]
struct Discarded;

impl Doubt {
    fn resolve(&mut self, decision: DoubtDecision) -> Result<(), Failure> {
        match self {
            Self::Outgoing(doubt) => doubt.resolve(decision),
            Self::Incoming(doubt) => doubt.resolve(decision),
        }
        .map_err(Failure::other)
    }
}

/// Nothing panics with the lock held.
fn lock(slot: &Slot) -> MutexGuard<'_, Option<Doubt>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
