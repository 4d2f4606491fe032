//! The saving of a guest by its QMP server.

use super::error::SnapshotCostError;
use crate::cost::{CostError, GuestProcess};
use serde_json::{Value, json};
use std::env;
use std::time::{Duration, Instant};
use vmm_demo::qmp::monitor::Monitor;
use vmm_demo::snapshot::memory::MemoryEncoding;

/// The name of the job.
const JOB: &str = "save";

/// The time limit of the job.
const LIMIT: Duration = Duration::from_mins(10);

/// Saves the guest, which then goes on, and returns the time in which it did not run.
pub(super) fn save(
    guest: &GuestProcess,
    file: &'static str,
    encoding: MemoryEncoding,
) -> Result<Duration, SnapshotCostError> {
    let mut monitor = guest.monitor()?;
    let path = env::current_dir().map_err(CostError::Process)?.join(file);
    let job = json!({ "job-id": JOB, "file": path, "memory": encoding });
    let started = Instant::now();
    monitor.execute("snapshot-save", &job)?;
    wait_for(&mut monitor, "RESUME", None)?;
    let pause = started.elapsed();
    wait_for(&mut monitor, "JOB_STATUS_CHANGE", Some("concluded"))?;
    let jobs: Value = monitor.query("query-jobs")?;
    if let Some(error) = jobs.pointer("/0/error").and_then(Value::as_str) {
        return Err(SnapshotCostError::NotSaved(error.to_owned()));
    }
    monitor.execute("job-dismiss", &json!({ "id": JOB }))?;
    Ok(pause)
}

/// Waits for the event of this name, and for a job's of this status.
fn wait_for(
    monitor: &mut Monitor,
    name: &str,
    status: Option<&str>,
) -> Result<(), SnapshotCostError> {
    loop {
        let event = monitor.next_event(LIMIT)?;
        let event =
            event.ok_or_else(|| SnapshotCostError::NotSaved(format!("no {name} in {LIMIT:?}")))?;
        let found = event.data.get("status").and_then(Value::as_str);
        if event.name == name && found == status {
            return Ok(());
        }
    }
}
