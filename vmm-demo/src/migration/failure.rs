//! Failures of a migration.

use super::guest::GuestError;
use super::lease::LeaseError;
use super::message::{InvalidMessage, MessageKind};
use super::objection::{Objection, PeerError};
use std::io;
use std::time::Duration;
use thiserror::Error;

/// The reason why a migration ended early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MigrationFailure {
    /// The destination cannot run the guest.
    #[error("the destination refuses the guest: {}", list(reasons))]
    Refused {
        /// The reasons.
        reasons: Vec<Objection>,
    },
    /// This side refuses the migration, and has said so to the other.
    #[error("this side refuses the guest: {}", list(reasons))]
    Refuses {
        /// The reasons.
        reasons: Vec<Objection>,
    },
    /// The other side has closed the connection.
    #[error("the other side has closed the connection; see its messages for the reason")]
    Closed,
    /// The connection has failed.
    #[error("the connection to the other side failed")]
    Link(#[source] io::Error),
    /// The other side sends or takes nothing, or too little.
    #[error("the connection has stalled: nothing useful in {:.1} s", after.as_secs_f64())]
    Stalled {
        /// The time that was waited.
        after: Duration,
    },
    /// The other side has sent a wrong message.
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    /// The other side has given up.
    #[error("the other side gave up: {0}")]
    Peer(String),
    /// The guest of this side cannot do a step.
    #[error("{step} failed")]
    Guest {
        /// The step.
        step: &'static str,
        /// The cause.
        source: GuestError,
    },
    /// The other side has refused to share memory, or none came.
    #[error("no descriptor of the guest's memory came: use the same Unix socket on one machine")]
    NoDescriptor,
    /// A pre-copy that does not converge has used up its time.
    #[error(
        "the pre-copy has used up its {:.0} s; {}; allow a longer downtime or more time, or let \
         the guest be slowed down",
        after.as_secs_f64(),
        match downtime {
            Some(downtime) => format!("a stop would take {:.1} s", downtime.as_secs_f64()),
            None => "the first round is not complete".to_owned(),
        }
    )]
    TimedOut {
        /// The time since the start.
        after: Duration,
        /// The downtime that stopping would have meant, or `None` before the end of a round.
        downtime: Option<Duration>,
    },
    /// The lease is not usable.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The other side holds the lease: the guest is its own.
    #[error("the other side holds the lease of this guest")]
    LeaseLost,
    /// The user has cancelled the migration.
    #[error("cancelled")]
    Cancelled,
}

impl MigrationFailure {
    /// Makes the failure of a received REFUSE or ERROR.
    pub(super) fn of_peer(kind: MessageKind, payload: &[u8]) -> Self {
        match (PeerError::parse(kind, payload), kind) {
            (Ok(PeerError { reasons }), MessageKind::Refuse) => Self::Refused { reasons },
            (Ok(PeerError { reasons }), _) => Self::Peer(list(&reasons)),
            (Err(error), _) => error.into(),
        }
    }

    pub(super) fn of_guest(step: &'static str) -> impl FnOnce(GuestError) -> Self {
        move |source| Self::Guest { step, source }
    }

    /// The reasons to be told to the other side.
    pub(super) fn objections(&self) -> Vec<Objection> {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        vec![Objection::new(text)]
    }
}

fn list(reasons: &[Objection]) -> String {
    let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    reasons.join("; ")
}
