//! The migration of the guest to another process.

use super::running::RunningGuest;
use crate::endpoint::Endpoint;
use crate::guest::supervisor::Supervisor;
use crate::migration::MigrationTimeouts;
use crate::migration::control::{Control, MigrationObserver};
use crate::migration::doubt::{DoubtError, SourceDoubt};
use crate::migration::end::SourceEnd;
use crate::migration::endpoint::{EndpointError, Security};
use crate::migration::failure::MigrationFailure;
use crate::migration::hello::MemoryMode;
use crate::migration::inquiry::{self, AttemptEnd, DoubtDecision, Question};
use crate::migration::lease::Lease;
use crate::migration::lease_file::LeaseFile;
use crate::migration::progress::MigrationNotice;
use crate::migration::source::{self, SourceOptions};
use crate::migration::streams::StreamSource;
use crate::migration::tls::{TlsClient, TlsDirectory};
use crate::migration::token::Token;
use crate::migration::transport::Transport;
use crate::output::failure::Failure;
use crate::qmp::event::{Event, EventSender};
use crate::qmp::guest::ControlError;
use crate::qmp::migration::{MigrationInfo, MigrationMode, MigrationSettings, MigrationStatus};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The last migration of the guest to another process, or the one that is under way.
#[derive(Debug)]
pub(crate) struct Outgoing {
    control: Arc<Control>,
    thread: JoinHandle<()>,
    /// The status at the end, and the error; `None` while the migration is under way.
    end: Option<(MigrationStatus, Option<String>)>,
    pub(crate) doubt: Option<OutgoingDoubt>,
    /// The way to the destination, which can be asked after a lost link.
    way: Way,
    /// True if the migration has paused the guest.
    pub(crate) has_paused: bool,
    /// The reason why the migration has lost its guest.
    pub(crate) lost: Option<&'static str>,
}

/// A migration in doubt, with its guest, which is paused.
#[derive(Debug)]
pub(crate) struct OutgoingDoubt {
    doubt: SourceDoubt,
    guest: RunningGuest,
    way: Way,
}

/// The end of an attempt: of the migration, or before it.
pub(crate) enum OutgoingEnd {
    /// There is no connection.
    NotConnected(String),
    /// The migration has ended.
    Ended(SourceEnd, RunningGuest),
}

/// The way to a destination.
#[derive(Clone, Debug)]
struct Way {
    to: Endpoint,
    security: Security<TlsClient>,
}

impl Outgoing {
    /// Starts to migrate a guest.
    ///
    /// # Errors
    ///
    /// [`ControlError`]: certificates are missing, or the kernel has no thread left.
    pub(crate) fn start(
        to: Endpoint,
        settings: &MigrationSettings,
        guest: RunningGuest,
        events: Option<EventSender>,
    ) -> Result<Self, ControlError> {
        let refuse = |failure: Failure| ControlError(failure.message());
        let way = Way::new(to, settings).map_err(refuse)?;
        let mode = settings.mode_to(&way.to, guest.has_shared_memory());
        let options = way.options(settings, mode).map_err(refuse)?;
        let control = Control::new(settings.parameters);
        let control = Arc::new(match events {
            Some(events) => control.observed(status_events(events)),
            None => control,
        });
        let (handle, there) = (Arc::clone(&control), way.clone());
        let thread = thread::Builder::new().name("migration".to_owned());
        let thread = thread.spawn(move || travel(&there, options, guest, &handle));
        Ok(Self {
            control,
            thread: thread.map_err(|error| ControlError(error.to_string()))?,
            end: None,
            doubt: None,
            way,
            has_paused: false,
            lost: None,
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
            None if self.control.is_cancelled() => MigrationStatus::Cancelling,
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

    /// Ends the migration and returns its status.
    pub(crate) fn end(&mut self, end: OutgoingEnd) -> MigrationStatus {
        let (status, error) = match end {
            OutgoingEnd::NotConnected(error) => (MigrationStatus::Failed, Some(error)),
            OutgoingEnd::Ended(SourceEnd::Completed, _) => (MigrationStatus::Completed, None),
            OutgoingEnd::Ended(SourceEnd::Continues(failure), _) => match failure {
                MigrationFailure::Cancelled => (MigrationStatus::Cancelled, None),
                failure => (
                    MigrationStatus::Failed,
                    Some(Failure::other(failure).message()),
                ),
            },
            OutgoingEnd::Ended(SourceEnd::InDoubt(doubt), guest) => {
                let error = doubt.failure().to_string();
                let way = self.way.clone();
                self.doubt = Some(OutgoingDoubt { doubt, guest, way });
                (MigrationStatus::InDoubt, Some(error))
            }
        };
        self.end = Some((status, error));
        status
    }

    /// Ends the doubt with a status.
    pub(crate) fn decide(&mut self, status: MigrationStatus) {
        self.has_paused = false;
        if let Some(end) = &mut self.end {
            end.0 = status;
        }
    }
}

impl OutgoingDoubt {
    /// Asks the destination, if it can be reached, and resumes or ends the guest.
    pub(crate) fn resolve(&mut self, decision: DoubtDecision) -> Result<(), DoubtError> {
        let question = self.doubt.inquiry().question(decision);
        let heard = self.way.ask(question);
        self.doubt.inquiry().hear(heard);
        self.doubt.resolve(decision, &mut self.guest)
    }
}

impl Way {
    fn new(to: Endpoint, settings: &MigrationSettings) -> Result<Self, Failure> {
        let security = match (&to, &settings.tls_creds) {
            (Endpoint::Unix(_), _) => Security::PlainLoopback,
            (Endpoint::Tcp { .. }, Some(directory)) => {
                let client = TlsDirectory(directory.clone()).client();
                Security::Tls(client.map_err(Failure::other)?)
            }
            (Endpoint::Tcp { .. }, None) if settings.plain => Security::PlainLoopback,
            (Endpoint::Tcp { .. }, None) => return Err(Failure::other(NoCertificates)),
        };
        Ok(Self { to, security })
    }

    fn options(
        &self,
        settings: &MigrationSettings,
        mode: MigrationMode,
    ) -> Result<SourceOptions, Failure> {
        let timeouts = MigrationTimeouts::default();
        let streams = (settings.channels > 1).then(|| {
            let way = self.clone();
            let open = move || {
                let opened = way.connect(timeouts.link);
                opened.map_err(io::Error::other)
            };
            StreamSource::new(settings.channels, Box::new(open))
        });
        let lease = settings.lease.clone().map(LeaseFile::new);
        Ok(SourceOptions {
            token: Token::random().map_err(Failure::other)?,
            memory: match mode {
                MigrationMode::CprTransfer => MemoryMode::Shared,
                MigrationMode::Normal => MemoryMode::Copy,
            },
            zstd: settings.zstd,
            streams,
            lease: lease.map(|lease| Box::new(lease) as Box<dyn Lease>),
            timeouts,
        })
    }

    fn connect(&self, timeout: Duration) -> Result<Box<dyn Transport>, EndpointError> {
        self.to.connect(&self.security, timeout)
    }

    /// Asks the destination about a migration in doubt; `None` without an answer.
    fn ask(&self, question: Question) -> Option<AttemptEnd> {
        let timeout = MigrationTimeouts::default().link;
        let transport = self.connect(timeout);
        let transport = transport.inspect_err(|error| tracing::info!(%error, "nobody to ask"));
        let heard = inquiry::ask(transport.ok()?, question, &Arc::default(), timeout);
        let heard = heard.inspect_err(|error| tracing::info!(%error, "no answer"));
        heard.ok()
    }
}

/// A migration by TCP without protection.
#[derive(Debug, thiserror::Error)]
#[error(
    "TCP needs certificates: give their directory with `migrate-set-parameters` as `tls-creds`; \
     between addresses of this machine, `plain` true goes without"
)]
pub(crate) struct NoCertificates;

/// Connects, migrates, and reports the end to the main thread.
fn travel(way: &Way, options: SourceOptions, mut guest: RunningGuest, control: &Arc<Control>) {
    let main = guest.main().clone();
    let end = match way.connect(options.timeouts.link) {
        Ok(transport) => {
            let end = source::migrate(&mut guest, transport, options, control);
            OutgoingEnd::Ended(end, guest)
        }
        Err(error) => OutgoingEnd::NotConnected(Failure::other(error).message()),
    };
    let sent = main.send(move |supervisor: &mut Supervisor| supervisor.migration_ended(end));
    if let Err(error) = sent {
        tracing::debug!(%error, "nobody hears of the end of the migration");
    }
}

/// An observer that sends an event for each round, and for each new status before the end.
pub(super) fn status_events(events: EventSender) -> MigrationObserver {
    let last = Mutex::new(None);
    Box::new(move |notice| {
        let status = match notice {
            MigrationNotice::Step(step) => MigrationStatus::at(step),
            MigrationNotice::Pass(pass) => return events.send(Event::MigrationPass(pass)),
        };
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if status.is_active() && *last != Some(status) {
            *last = Some(status);
            events.send(Event::Migration(status));
        }
    })
}
