//! The migration of a guest to this process.

use super::arriving::{ArrivalOptions, ArrivingGuest};
use super::outgoing::status_events;
use crate::guest::main_thread::MainThread;
use crate::guest::supervisor::Supervisor;
use crate::migration::MigrationTimeouts;
use crate::migration::control::Control;
use crate::migration::destination::{self, DestinationOptions};
use crate::migration::doubt::{DestinationDoubt, DoubtError};
use crate::migration::end::DestinationEnd;
use crate::migration::endpoint::EndpointListener;
use crate::migration::failure::MigrationFailure;
use crate::migration::inquiry::{self, AttemptEnd, DoubtDecision, Question};
use crate::migration::lease::Lease;
use crate::migration::lease_file::LeaseFile;
use crate::migration::progress::MigrationStep;
use crate::output::failure::Failure;
use crate::qmp::event::EventSender;
use crate::qmp::migration::{MigrationInfo, MigrationStatus};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// The settings of a destination.
#[derive(Debug)]
pub(crate) struct IncomingOptions {
    pub(crate) listener: EndpointListener,
    pub(crate) lease: Option<PathBuf>,
    pub(crate) arrival: ArrivalOptions,
}

/// The migration to this process, awaited, under way or over.
#[derive(Debug)]
pub(crate) struct Incoming {
    control: Arc<Control>,
    thread: JoinHandle<()>,
    end: Option<(MigrationStatus, Option<String>)>,
    pub(crate) doubt: Option<IncomingDoubt>,
    /// The doubt that was decided, which still answers questions of the source.
    decided: Option<DestinationDoubt>,
}

/// A migration in doubt, with its guest, which is paused.
#[derive(Debug)]
pub(crate) struct IncomingDoubt {
    doubt: DestinationDoubt,
    guest: Box<ArrivingGuest>,
}

/// The end of the migration, with its guest if there is a doubt.
pub(crate) enum IncomingEnd {
    /// The listener fails.
    NotConnected(String),
    /// The migration has ended.
    Ended(DestinationEnd, Box<ArrivingGuest>),
}

impl Incoming {
    /// Starts to wait for a source.
    ///
    /// # Errors
    ///
    /// The kernel's error if it has no thread left.
    pub(crate) fn start(
        options: IncomingOptions,
        main: MainThread<Supervisor>,
        events: Option<EventSender>,
    ) -> io::Result<Self> {
        let control = match events {
            Some(events) => Control::default().observed(status_events(events)),
            None => Control::default(),
        };
        let control = Arc::new(control);
        let handle = Arc::clone(&control);
        let thread = thread::Builder::new().name("migration".to_owned());
        let thread = thread.spawn(move || receive(options, &main, &handle))?;
        Ok(Self {
            control,
            thread,
            end: None,
            doubt: None,
            decided: None,
        })
    }

    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    pub(crate) fn status(&self) -> MigrationStatus {
        match &self.end {
            Some((status, _)) => *status,
            None => MigrationStatus::at(self.control.progress().step),
        }
    }

    pub(crate) fn info(&self) -> MigrationInfo {
        let error_desc = self.end.as_ref().and_then(|(_, error)| error.clone());
        MigrationInfo {
            error_desc,
            ..MigrationInfo::new(self.status(), &self.control.progress())
        }
    }

    /// Ends the migration; returns its status, and the failure that ends the process.
    pub(crate) fn end(&mut self, end: IncomingEnd) -> (MigrationStatus, Option<Failure>) {
        let (status, error, failure) = match end {
            IncomingEnd::NotConnected(error) => {
                let failure = Failure::other(NoGuest(error.clone()));
                (MigrationStatus::Failed, Some(error), Some(failure))
            }
            IncomingEnd::Ended(DestinationEnd::Runs, _) => (MigrationStatus::Completed, None, None),
            IncomingEnd::Ended(DestinationEnd::Discarded(failure), _) => {
                let failure = of_migration(failure);
                let error = failure.message();
                (MigrationStatus::Failed, Some(error), Some(failure))
            }
            IncomingEnd::Ended(DestinationEnd::InDoubt(doubt), guest) => {
                let error = doubt.failure().to_string();
                self.doubt = Some(IncomingDoubt { doubt, guest });
                (MigrationStatus::InDoubt, Some(error), None)
            }
        };
        self.end = Some((status, error));
        (status, failure)
    }

    /// Ends the doubt with a status. It still answers questions of the source.
    pub(crate) fn decide(&mut self, status: MigrationStatus, doubt: IncomingDoubt) {
        self.decided = Some(doubt.doubt);
        if let Some(end) = &mut self.end {
            end.0 = status;
        }
    }

    /// Answers a question of the source.
    pub(crate) fn answer(&mut self, question: Question) -> AttemptEnd {
        let doubt = self.doubt.as_mut().map(|doubt| &mut doubt.doubt);
        if let Some(doubt) = doubt.or(self.decided.as_mut()) {
            return doubt.inquiry().answer(question);
        }
        let is_known = self.control.progress().token == Some(question.token);
        match self.status() {
            MigrationStatus::Completed if is_known => AttemptEnd::Runs,
            MigrationStatus::Failed if is_known => AttemptEnd::Discarded,
            _ => AttemptEnd::Unknown,
        }
    }
}

impl IncomingDoubt {
    /// Runs or discards the guest. The source cannot be asked, since it does not listen.
    pub(crate) fn resolve(&mut self, decision: DoubtDecision) -> Result<(), DoubtError> {
        self.doubt.resolve(decision, &mut *self.guest)
    }
}

/// A guest that did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("no guest has arrived: {0}")]
struct NoGuest(String);

/// The failure of this process. A refusal is one of the guest, not of this process.
fn of_migration(failure: MigrationFailure) -> Failure {
    match failure {
        MigrationFailure::Refuses { .. } | MigrationFailure::Refused { .. } => {
            Failure::Refused(failure.into())
        }
        failure => Failure::other(NoGuest(Failure::other(failure).message())),
    }
}

/// Waits for a source, receives its guest and reports the end to the main thread.
fn receive(options: IncomingOptions, main: &MainThread<Supervisor>, control: &Arc<Control>) {
    let IncomingOptions {
        listener,
        lease,
        arrival,
    } = options;
    let listener = Arc::new(listener);
    let timeouts = MigrationTimeouts::default();
    let mut guest = ArrivingGuest::new(main.clone(), arrival);
    let end = loop {
        let transport = match listener.accept(control, timeouts.link) {
            Ok(transport) => transport,
            Err(error) => break IncomingEnd::NotConnected(Failure::other(error).message()),
        };
        let streams = Arc::clone(&listener);
        let lease = lease.clone().map(LeaseFile::new);
        let options = DestinationOptions {
            streams: Some(Box::new(move |control, deadline| {
                streams.accept_stream(control, deadline)
            })),
            lease: lease.map(|lease| Box::new(lease) as Box<dyn Lease>),
            timeouts,
        };
        match destination::receive(&mut guest, transport, options, control) {
            // A client that did not get as far as to offer a guest: a port scan, or a mistake.
            DestinationEnd::Discarded(failure)
                if control.progress().step == MigrationStep::Hello && !is_refusal(&failure) =>
            {
                tracing::warn!(%failure, "a client is not a source; waiting on");
            }
            end => break IncomingEnd::Ended(end, Box::new(guest)),
        }
    };
    // The next guest of the host may arrive at the same address.
    let may_ask = !control.progress().source_has_ended;
    let listener = may_ask.then_some(listener);
    let ended = move |supervisor: &mut Supervisor| supervisor.arrival_ended(end);
    if let Err(error) = main.send(ended) {
        tracing::debug!(%error, "nobody hears of the end of the migration");
        return;
    }
    if let Some(listener) = listener {
        answer_questions(&listener, main, control);
    }
}

/// Answers sources that are in doubt, until the run of the guest ends.
fn answer_questions(
    listener: &EndpointListener,
    main: &MainThread<Supervisor>,
    control: &Arc<Control>,
) {
    let timeout = MigrationTimeouts::default().link;
    while let Ok(transport) = listener.accept(control, timeout) {
        let answered = inquiry::answer(transport, control, timeout, |question| {
            let answer = main.call(move |supervisor| supervisor.answer_question(question));
            answer.unwrap_or(AttemptEnd::Unknown)
        });
        if let Err(error) = answered {
            tracing::info!(%error, "a client asks no question about a migration");
        }
    }
}

const fn is_refusal(failure: &MigrationFailure) -> bool {
    matches!(
        failure,
        MigrationFailure::Refuses { .. } | MigrationFailure::Cancelled
    )
}
