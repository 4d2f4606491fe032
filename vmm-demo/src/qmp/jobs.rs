//! Commands of jobs: `snapshot-save`, `query-jobs`, `job-cancel`, `job-dismiss`.

use super::arguments::Arguments;
use super::guest::{ControlError, GuestControl};
use super::job::{JobId, SnapshotSave};
use super::message::{CommandResult, QmpError, ReturnValue};
use crate::snapshot::memory::MemoryEncoding;

const ENCODINGS: [(&str, MemoryEncoding); 2] =
    [("zstd", MemoryEncoding::Zstd), ("raw", MemoryEncoding::Raw)];

/// Arguments of QEMU's `snapshot-save` (QEMU 11.1, `qapi/migration.json`), which saves into disk
/// images. This machine has none.
const OF_DISK_IMAGES: [&str; 3] = ["tag", "vmstate", "devices"];

/// Starts to save the guest into a file.
pub(super) fn snapshot_save(guest: &dyn GuestControl, mut arguments: Arguments) -> CommandResult {
    if let Some(name) = OF_DISK_IMAGES.iter().find(|name| arguments.has(name)) {
        return Err(QmpError::generic(format!(
            "Parameter '{name}' is unexpected: QEMU saves snapshots inside disk images, and this \
             machine has none; its snapshot is a file of its own: give 'job-id', 'file' (a path) \
             and, if wanted, 'memory' ('zstd' or 'raw')"
        )));
    }
    let job = job_id(&mut arguments, "job-id")?;
    let file = arguments.string("file")?.into();
    let memory = arguments.optional_word("memory", &ENCODINGS)?;
    arguments.finish()?;
    let memory = memory.unwrap_or_default();
    let started = guest.snapshot_save(SnapshotSave { job, file, memory });
    started.map_err(QmpError::generic)?;
    Ok(ReturnValue::empty())
}

/// Lists the jobs.
pub(super) fn query_jobs(guest: &dyn GuestControl, arguments: Arguments) -> CommandResult {
    arguments.finish()?;
    let jobs = guest.jobs().map_err(QmpError::generic)?;
    Ok(ReturnValue::new(&jobs))
}

/// Acts on the job of the argument `id`.
pub(super) fn with_id(
    mut arguments: Arguments,
    action: impl FnOnce(&str) -> Result<(), ControlError>,
) -> CommandResult {
    let id = arguments.string("id")?;
    arguments.finish()?;
    action(&id).map_err(QmpError::generic)?;
    Ok(ReturnValue::empty())
}

fn job_id(arguments: &mut Arguments, name: &str) -> Result<JobId, QmpError> {
    arguments.string(name)?.parse().map_err(QmpError::generic)
}
