//! `snapshot`: saves a running guest into a file, by its QMP server.

use crate::cli::snapshots::SnapshotArguments;
use crate::guest::ending::Ending;
use crate::guest::signals::{Signals, install_signal_handlers, pending_signal};
use crate::output::failure::Failure;
use crate::output::progress::ByteProgress;
use crate::output::{self, escaped_path};
use crate::qmp::job::JobStatus;
use crate::qmp::monitor::{Monitor, MonitorError};
use serde::Deserialize;
use serde_json::json;
use std::path::{self, Path, PathBuf};
use std::process;
use std::time::Duration;

/// Interval of questions for the job's progress, unless an event arrives earlier.
const INTERVAL: Duration = Duration::from_millis(100);

/// Time in which a guest's process ends after `quit`.
const QUIT_TIMEOUT: Duration = Duration::from_secs(30);

/// A guest that was not saved, or not ended after it was saved.
#[derive(Debug, thiserror::Error)]
enum NotSaved {
    #[error(
        "cannot save to `{}`: the path is not UTF-8, and QMP has no other; use another path",
        escaped_path(.0)
    )]
    Path(PathBuf),
    #[error("the guest was not saved, and goes on: {0}")]
    Job(String),
    #[error(
        "another client has dismissed the job before its result was read; look if `{}` is new",
        escaped_path(.0)
    )]
    Dismissed(PathBuf),
    #[error(
        "the guest is saved, but its process has not ended in {QUIT_TIMEOUT:?}; end it by a signal"
    )]
    NotEnded,
}

/// A job as `query-jobs` lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JobReport {
    id: String,
    status: JobStatus,
    current_progress: u64,
    total_progress: u64,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StatusReport {
    running: bool,
}

/// Saves a guest; with `--quit` it does not run any more after it was saved. A signal cancels the
/// job, and the guest goes on.
///
/// # Errors
///
/// [`Failure`]: no guest answers, or it was not saved; it goes on then.
pub fn snapshot(arguments: &SnapshotArguments) -> Result<Ending, Failure> {
    let file = absolute(&arguments.file)?;
    let mut signals = install_signal_handlers().map_err(Failure::other)?;
    let mut monitor = Monitor::connect(&arguments.qmp)?;
    let mut is_stopped = false;
    if arguments.quit {
        is_stopped = monitor.query::<StatusReport>("query-status")?.running;
        // It must not run between its snapshot and its end.
        monitor.execute("stop", &json!({}))?;
    }
    let saved = save(&mut monitor, arguments, &file, &mut signals);
    if !matches!(saved, Ok(Ending::Done)) && is_stopped {
        go_on(&mut monitor);
    }
    if saved.as_ref().is_ok_and(|ending| *ending == Ending::Done) && arguments.quit {
        monitor.execute("quit", &json!({}))?;
        if !monitor.wait_for_end(QUIT_TIMEOUT)? {
            return Err(Failure::other(NotSaved::NotEnded));
        }
    }
    saved
}

/// Starts the job, waits for its end and dismisses it.
fn save(
    monitor: &mut Monitor,
    arguments: &SnapshotArguments,
    file: &str,
    signals: &mut Signals,
) -> Result<Ending, Failure> {
    let id = format!("snapshot-{}", process::id());
    let job = json!({ "job-id": id, "file": file, "memory": arguments.memory });
    monitor.execute("snapshot-save", &job)?;
    let mut progress = ByteProgress::new("saved");
    let mut ending = Ending::Done;
    loop {
        let jobs: Vec<JobReport> = monitor.query("query-jobs")?;
        let Some(job) = jobs.into_iter().find(|job| job.id == id) else {
            let dismissed = NotSaved::Dismissed(arguments.file.clone());
            return Err(Failure::other(dismissed));
        };
        progress.report(job.current_progress, job.total_progress);
        if job.status == JobStatus::Concluded {
            drop(progress);
            dismiss(monitor, &id)?;
            return match (ending, job.error) {
                (Ending::Done, Some(error)) => Err(Failure::other(NotSaved::Job(error))),
                (ending, _) => Ok(ending),
            };
        }
        if let Some(signal) = pending_signal(signals) {
            ending = signal;
            ignore_refusal(monitor.execute("job-cancel", &json!({ "id": id })))?;
        }
        monitor.next_event(INTERVAL)?;
    }
}

/// Removes the job from the list, unless another client was faster.
fn dismiss(monitor: &mut Monitor, id: &str) -> Result<(), Failure> {
    ignore_refusal(monitor.execute("job-dismiss", &json!({ "id": id })))
}

fn ignore_refusal<T>(result: Result<T, MonitorError>) -> Result<(), Failure> {
    match result {
        Ok(_) | Err(MonitorError::Refused { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Lets the guest that this command has stopped go on, after a failure that is reported anyway.
fn go_on(monitor: &mut Monitor) {
    if let Err(error) = monitor.execute("cont", &json!({})) {
        let error = Failure::from(error).message();
        output::warnings(&[format!("the guest stays stopped: {error}")]);
    }
}

/// The path for the guest's process, which can have another working directory.
fn absolute(file: &Path) -> Result<String, Failure> {
    let unusable = |_| Failure::Unusable(NotSaved::Path(file.to_owned()).into());
    let absolute = path::absolute(file).map_err(Failure::other)?;
    absolute.into_os_string().into_string().map_err(unusable)
}

impl From<MonitorError> for Failure {
    fn from(error: MonitorError) -> Self {
        match error {
            MonitorError::Nobody { .. }
            | MonitorError::Connect { .. }
            | MonitorError::NotQmp(_) => Self::Socket(error.into()),
            MonitorError::Refused { .. } => Self::Refused(error.into()),
            _ => Self::other(error),
        }
    }
}
