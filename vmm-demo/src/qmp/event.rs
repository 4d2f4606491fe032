//! Events: messages to clients that answer no request.

use super::job::{JobId, JobStatus};
use super::migration::MigrationStatus;
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{SystemTime, UNIX_EPOCH};
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};

/// An event (QEMU 11.1, `qapi/run-state.json`, `qapi/job.json` and
/// `qapi/migration.json`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The vCPUs have stopped.
    Stop,
    /// The vCPUs run again.
    Resume,
    /// The machine was reset.
    Reset(ShutdownCause),
    /// The machine has shut down, and the program is about to exit.
    Shutdown(ShutdownCause),
    /// A job has another status.
    JobStatusChange(JobId, JobStatus),
    /// The migration has another status.
    Migration(MigrationStatus),
    /// The round of memory of this number begins on the source, from 1.
    MigrationPass(u64),
}

/// Cause of a reset or a shutdown (`ShutdownCause` of QEMU 11.1, `qapi/run-state.json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShutdownCause {
    /// An error prevents further use of the guest.
    HostError,
    /// The command `quit`.
    HostQmpQuit,
    /// The command `system_reset`.
    HostQmpSystemReset,
    /// A signal to this program.
    HostSignal,
    /// Ctrl-A x on the console.
    HostUi,
    /// The guest powered itself off.
    GuestShutdown,
    /// The guest reset itself.
    GuestReset,
    /// The guest reported that it crashed.
    GuestPanic,
}

impl ShutdownCause {
    /// True if the guest is the cause.
    fn is_guest(self) -> bool {
        matches!(
            self,
            Self::GuestShutdown | Self::GuestReset | Self::GuestPanic
        )
    }
}

/// Limit of queued events; later events are dropped. A server this far behind has lost its clients.
const QUEUE_LENGTH: usize = 1024;

/// Sending end of the event queue; clones may be sent to any thread.
#[derive(Clone, Debug)]
pub struct EventSender {
    events: SyncSender<TimedEvent>,
    wake: Arc<EventFd>,
}

/// Receiving end of the event queue.
#[derive(Debug)]
pub(super) struct EventQueue {
    events: Receiver<TimedEvent>,
    wake: Arc<EventFd>,
}

/// Event with its time.
#[derive(Clone, Debug)]
pub(super) struct TimedEvent {
    event: Event,
    time: SystemTime,
}

/// Creates an event queue and its sender.
///
/// # Errors
///
/// The kernel's error if `eventfd` fails.
pub(super) fn channel() -> io::Result<(EventSender, EventQueue)> {
    let wake = Arc::new(EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC)?);
    let (sender, receiver) = sync_channel(QUEUE_LENGTH);
    let queue = EventQueue {
        events: receiver,
        wake: Arc::clone(&wake),
    };
    let events = sender;
    Ok((EventSender { events, wake }, queue))
}

impl EventSender {
    /// Queues an event and wakes the server; never blocks. No effect after the server's end.
    pub fn send(&self, event: Event) {
        let time = SystemTime::now();
        let _ = self.events.try_send(TimedEvent { event, time });
        self.wake();
    }

    /// Wakes the server. The only possible error means that it is awake already.
    pub(super) fn wake(&self) {
        let _ = self.wake.write(1);
    }
}

impl EventQueue {
    /// Eventfd that becomes readable when the server must act.
    pub(super) fn wake(&self) -> &EventFd {
        &self.wake
    }

    /// Makes the eventfd readable. The only possible error means that it is readable already.
    pub(super) fn wake_again(&self) {
        let _ = self.wake.write(1);
    }

    /// Takes the queued events, oldest first.
    pub(super) fn drain(&self) -> impl Iterator<Item = TimedEvent> + '_ {
        self.events.try_iter()
    }
}

/// An event's message to clients.
#[derive(Debug, Serialize)]
pub(super) struct EventMessage {
    timestamp: Timestamp,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<EventData>,
}

/// Time since the epoch.
#[derive(Debug, Serialize)]
struct Timestamp {
    seconds: u64,
    microseconds: u32,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum EventData {
    Shutdown { guest: bool, reason: ShutdownCause },
    Job { id: JobId, status: JobStatus },
    Migration { status: MigrationStatus },
    MigrationPass { pass: u64 },
}

impl From<ShutdownCause> for EventData {
    fn from(reason: ShutdownCause) -> Self {
        let guest = reason.is_guest();
        Self::Shutdown { guest, reason }
    }
}

impl TimedEvent {
    pub(super) fn message(self) -> EventMessage {
        let since = self.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (event, data) = match self.event {
            Event::Stop => ("STOP", None),
            Event::Resume => ("RESUME", None),
            Event::Reset(cause) => ("RESET", Some(cause.into())),
            Event::Shutdown(cause) => ("SHUTDOWN", Some(cause.into())),
            Event::Migration(status) => ("MIGRATION", Some(EventData::Migration { status })),
            Event::MigrationPass(pass) => {
                ("MIGRATION_PASS", Some(EventData::MigrationPass { pass }))
            }
            Event::JobStatusChange(id, status) => {
                ("JOB_STATUS_CHANGE", Some(EventData::Job { id, status }))
            }
        };
        EventMessage {
            timestamp: Timestamp {
                seconds: since.as_secs(),
                microseconds: since.subsec_micros(),
            },
            event,
            data,
        }
    }
}
