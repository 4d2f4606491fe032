//! Remote control of the guest: the QMP thread sends calls, the main thread answers them.

use crate::endpoint::Endpoint;
use crate::migration::inquiry::DoubtDecision;
use crate::qmp::guest::{ControlError, GuestControl, MigrationControl, Status, VcpuInfo};
use crate::qmp::job::{JobInfo, SnapshotSave};
use crate::qmp::migration::{MigrationInfo, MigrationSettings};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::time::Duration;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Timeout of a call. The longest call is a reset: some seconds on a busy emulated host.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Channel for the answer of a call that the main thread carries out or refuses.
pub type Done = SyncSender<Result<(), ControlError>>;

/// Call to the main thread, with the channel for its answer.
#[derive(Debug)]
pub enum Call {
    /// `query-status`.
    Status(SyncSender<Status>),
    /// `query-cpus-fast`.
    Cpus(SyncSender<Vec<VcpuInfo>>),
    /// `stop`.
    Stop(Done),
    /// `cont`.
    Cont(Done),
    /// `system_reset`.
    Reset(Done),
    /// `quit`.
    Quit(Done),
    /// `snapshot-save`.
    SnapshotSave(SnapshotSave, Done),
    /// `query-jobs`.
    Jobs(SyncSender<Vec<JobInfo>>),
    /// `job-cancel`, with the job's name.
    CancelJob(String, Done),
    /// `job-dismiss`, with the job's name.
    DismissJob(String, Done),
    /// `migrate`.
    Migrate(Endpoint, Done),
    /// `query-migrate`.
    Migration(SyncSender<MigrationInfo>),
    /// `migrate_cancel`.
    CancelMigration(Done),
    /// `migrate-resolve`.
    ResolveMigration(DoubtDecision, Done),
    /// `query-migrate-parameters`.
    MigrationSettings(SyncSender<MigrationSettings>),
    /// `migrate-set-parameters`.
    SetMigrationSettings(MigrationSettings, Done),
}

/// Receiving end, for the main thread.
#[derive(Debug)]
pub struct CallQueue {
    calls: Receiver<SentCall>,
    wake: EventFd,
}

/// Sending end, for the QMP thread.
#[derive(Debug)]
pub struct RemoteControl {
    calls: Sender<SentCall>,
    wake: EventFd,
    timeout: Duration,
}

/// Call in the queue.
#[derive(Debug)]
struct SentCall {
    call: Call,
    progress: Arc<Progress>,
}

/// Progress of a call: both threads may end its wait in the queue, but only one of them does.
#[derive(Debug, Default)]
struct Progress(AtomicU8);

impl Progress {
    const QUEUED: u8 = 0;
    const BEGUN: u8 = 1;
    const WITHDRAWN: u8 = 2;

    /// True if the main thread may carry the call out.
    fn begin(&self) -> bool {
        self.leave_queue(Self::BEGUN)
    }

    /// True if the main thread will never carry the call out.
    fn withdraw(&self) -> bool {
        self.leave_queue(Self::WITHDRAWN)
    }

    fn leave_queue(&self, to: u8) -> bool {
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        self.0
            .compare_exchange(Self::QUEUED, to, success, failure)
            .is_ok()
    }
}

/// Call without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum CallError {
    #[error("the guest has ended; this program is about to exit")]
    Ended,
    #[error(
        "the main thread does not answer for {0:?}, so that the command was not carried out and \
         will not be; try again, or end the process by a signal (SIGTERM, then SIGKILL)"
    )]
    NotBegun(Duration),
    #[error(
        "the command has begun, and has not finished in {0:?}; `query-status` answers when it has"
    )]
    NotFinished(Duration),
}

impl From<CallError> for ControlError {
    fn from(error: CallError) -> Self {
        Self(error.to_string())
    }
}

/// Creates the two ends of a call channel.
///
/// # Errors
///
/// The kernel's error if `eventfd` or `dup` fails.
pub fn channel() -> io::Result<(RemoteControl, CallQueue)> {
    let (sender, receiver) = mpsc::channel();
    let wake = EventFd::new(EFD_NONBLOCK)?;
    let remote = RemoteControl {
        calls: sender,
        wake: wake.try_clone()?,
        timeout: CALL_TIMEOUT,
    };
    let calls = CallQueue {
        calls: receiver,
        wake,
    };
    Ok((remote, calls))
}

impl CallQueue {
    /// Eventfd that becomes readable when a call arrives.
    #[must_use]
    pub fn wake(&self) -> &EventFd {
        &self.wake
    }

    /// The next call that the QMP thread waits for, or `None`. It must be carried out.
    #[must_use]
    pub fn next(&self) -> Option<Call> {
        let mut sent = self.calls.try_iter();
        let begun = sent.find(|sent| sent.progress.begin());
        begun.map(|sent| sent.call)
    }
}

impl RemoteControl {
    /// Sets the time after which a call without an answer fails; by default 30 seconds.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sends a call and waits for its answer. A call that timed out in the queue is withdrawn.
    fn call<T>(&self, call: impl FnOnce(SyncSender<T>) -> Call) -> Result<T, CallError> {
        let (sender, answer) = mpsc::sync_channel(1);
        let progress = Arc::new(Progress::default());
        let sent = SentCall {
            call: call(sender),
            progress: Arc::clone(&progress),
        };
        self.calls.send(sent).map_err(|_| CallError::Ended)?;
        // Fails only if the counter is full: the main thread is awake then.
        let _awake = self.wake.write(1);
        match answer.recv_timeout(self.timeout) {
            Ok(answer) => Ok(answer),
            // The main thread has dropped the queue.
            Err(RecvTimeoutError::Disconnected) => Err(CallError::Ended),
            Err(RecvTimeoutError::Timeout) if progress.withdraw() => {
                Err(CallError::NotBegun(self.timeout))
            }
            // The answer may have arrived since.
            Err(RecvTimeoutError::Timeout) => answer.try_recv().map_err(|error| match error {
                TryRecvError::Empty => CallError::NotFinished(self.timeout),
                TryRecvError::Disconnected => CallError::Ended,
            }),
        }
    }

    fn command(&self, call: impl FnOnce(Done) -> Call) -> Result<(), ControlError> {
        self.call(call)?
    }
}

impl GuestControl for RemoteControl {
    fn status(&self) -> Result<Status, ControlError> {
        match self.call(Call::Status) {
            Err(CallError::Ended) => Ok(Status::Shutdown),
            answer => Ok(answer?),
        }
    }

    fn cpus(&self) -> Result<Vec<VcpuInfo>, ControlError> {
        Ok(self.call(Call::Cpus)?)
    }

    fn stop(&self) -> Result<(), ControlError> {
        self.command(Call::Stop)
    }

    fn cont(&self) -> Result<(), ControlError> {
        self.command(Call::Cont)
    }

    fn system_reset(&self) -> Result<(), ControlError> {
        self.command(Call::Reset)
    }

    fn system_powerdown(&self) -> Result<(), ControlError> {
        Err(ControlError(
            "this machine has no power button; shut the guest down from inside, or use `quit`"
                .to_owned(),
        ))
    }

    fn quit(&self) -> Result<(), ControlError> {
        self.command(Call::Quit)
    }

    fn snapshot_save(&self, save: SnapshotSave) -> Result<(), ControlError> {
        self.command(|done| Call::SnapshotSave(save, done))
    }

    fn jobs(&self) -> Result<Vec<JobInfo>, ControlError> {
        Ok(self.call(Call::Jobs)?)
    }

    fn cancel_job(&self, id: &str) -> Result<(), ControlError> {
        self.command(|done| Call::CancelJob(id.to_owned(), done))
    }

    fn dismiss_job(&self, id: &str) -> Result<(), ControlError> {
        self.command(|done| Call::DismissJob(id.to_owned(), done))
    }
}

impl MigrationControl for RemoteControl {
    fn migrate(&self, to: Endpoint) -> Result<(), ControlError> {
        self.command(|done| Call::Migrate(to, done))
    }

    fn migration(&self) -> Result<MigrationInfo, ControlError> {
        Ok(self.call(Call::Migration)?)
    }

    fn cancel_migration(&self) -> Result<(), ControlError> {
        self.command(Call::CancelMigration)
    }

    fn resolve_migration(&self, decision: DoubtDecision) -> Result<(), ControlError> {
        self.command(|done| Call::ResolveMigration(decision, done))
    }

    fn migration_settings(&self) -> Result<MigrationSettings, ControlError> {
        Ok(self.call(Call::MigrationSettings)?)
    }

    fn set_migration_settings(&self, settings: MigrationSettings) -> Result<(), ControlError> {
        self.command(|done| Call::SetMigrationSettings(settings, done))
    }
}
