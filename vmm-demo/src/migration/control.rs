//! Control and progress of a migration, shared with other threads.

use super::progress::{MigrationNotice, MigrationProgress, MigrationStep};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The reaction to a pre-copy that does not converge in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeOutStrategy {
    /// Cancels the migration; the guest goes on at the source.
    Cancel,
    /// Stops the guest and sends the rest, whatever the downtime.
    Force,
}

/// The settings that the user can change while memory is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MigrationParameters {
    /// The longest time that the guest may stand still.
    pub downtime_limit: Duration,
    /// The most bytes per second of one migration, or `None` for no limit.
    pub bandwidth: Option<u64>,
    /// The time for the pre-copy, or `None` for no limit.
    pub time_out: Option<Duration>,
    /// The reaction when it is used up.
    pub strategy: TimeOutStrategy,
    /// True if vCPUs are slowed down while the pre-copy does not converge.
    pub auto_converge: bool,
}

/// QEMU's default downtime limit of 300 ms (QEMU 11.1, `qapi/migration.json`, `downtime-limit`),
/// and no other limit.
impl Default for MigrationParameters {
    fn default() -> Self {
        Self {
            downtime_limit: Duration::from_millis(300),
            bandwidth: None,
            time_out: None,
            strategy: TimeOutStrategy::Cancel,
            auto_converge: false,
        }
    }
}

/// The handle of other threads to a migration.
#[derive(Default)]
pub struct Control {
    cancelled: AtomicBool,
    parameters: Mutex<MigrationParameters>,
    progress: Mutex<MigrationProgress>,
    observer: Option<MigrationObserver>,
}

/// An observer of steps and rounds, called on the thread of the migration.
pub type MigrationObserver = Box<dyn Fn(MigrationNotice) + Send + Sync>;

impl Control {
    /// Makes the handle of a migration with these settings.
    #[must_use]
    pub fn new(parameters: MigrationParameters) -> Self {
        Self {
            parameters: Mutex::new(parameters),
            ..Self::default()
        }
    }

    /// The handle with an observer, called at the beginning of each step and each round.
    #[must_use]
    pub fn observed(self, observer: MigrationObserver) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// Cancels the migration before the hand-over; no effect after it.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// True if the migration is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The settings.
    #[must_use]
    pub fn parameters(&self) -> MigrationParameters {
        *lock(&self.parameters)
    }

    /// Changes the settings.
    pub fn set_parameters(&self, parameters: MigrationParameters) {
        *lock(&self.parameters) = parameters;
    }

    /// The progress so far.
    #[must_use]
    pub fn progress(&self) -> MigrationProgress {
        lock(&self.progress).clone()
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut MigrationProgress)) {
        change(&mut lock(&self.progress));
    }

    pub(super) fn enter(&self, step: MigrationStep) {
        tracing::debug!(%step, "migration");
        self.update(|progress| progress.step = step);
        self.notify(MigrationNotice::Step(step));
    }

    /// Begins a round of the source, with this number of bytes to send.
    pub(super) fn begin_pass(&self, remaining: u64) {
        let pass = {
            let mut progress = lock(&self.progress);
            let ram = &mut progress.ram;
            ram.remaining = remaining;
            ram.dirty_sync_count += 1;
            ram.dirty_sync_count
        };
        self.notify(MigrationNotice::Pass(pass));
    }

    fn notify(&self, notice: MigrationNotice) {
        if let Some(observer) = &self.observer {
            observer(notice);
        }
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("cancelled", &self.cancelled)
            .field("parameters", &self.parameters())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// No code that holds a lock panics, so that a poisoned lock guards a valid value.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
