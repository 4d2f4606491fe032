//! The report of a run that `--report` writes.

use crate::guest::ending::{Ended, Ending};
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use crate::output::json::{self, WriteEntry};
use crate::vmm::timeline::Timeline;
use idreg_runtime::firmware::FirmwareValues;
use idreg_runtime::plan::{Plan, Warning};
use serde::Serialize;

/// The file's content.
#[derive(Serialize)]
pub(super) struct LinuxRunReport<'r> {
    schema: &'static str,
    /// The CPU model.
    cpu: String,
    kernel_release: &'r str,
    smp: u16,
    writes: Vec<WriteEntry>,
    /// The firmware registers that were written.
    #[serde(skip_serializing_if = "FirmwareValues::is_empty")]
    firmware: &'r FirmwareValues,
    warnings: Vec<String>,
    /// The number of restarts after a reset.
    resets: u64,
    /// The ending; `None` if the run failed.
    ending: Option<Ending>,
    /// The message if the run failed.
    error: Option<String>,
    exit_code: u8,
    /// Microseconds of each step, in order, from the start of this program to the first vCPU's
    /// entry into the guest.
    start_us: &'r Timeline,
}

impl<'r> LinuxRunReport<'r> {
    pub(super) fn new(plan: &'r Plan, smp: u16, ended: &Ended, timeline: &'r Timeline) -> Self {
        let result = &ended.result;
        Self {
            schema: "idreg-run/1",
            cpu: plan.model().to_string(),
            kernel_release: plan.kernel_release(),
            smp,
            writes: json::writes(plan),
            firmware: plan.firmware(),
            warnings: plan.warnings().iter().map(Warning::to_string).collect(),
            resets: ended.resets,
            ending: result.as_ref().ok().copied(),
            error: result.as_ref().err().map(Failure::message),
            exit_code: match result {
                Ok(ending) => ending.code(),
                Err(failure) => failure.exit_code(),
            },
            start_us: timeline,
        }
    }
}

/// Writes the report of a run.
pub(super) fn write(file: OutputFile, report: &LinuxRunReport<'_>) -> Result<(), Failure> {
    let mut json = serde_json::to_string_pretty(report).map_err(Failure::other)?;
    json.push('\n');
    file.write(json.as_bytes())
}
