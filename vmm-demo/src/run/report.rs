//! What `--report` writes of a guest's run.

use super::Ending;
use super::linux::other;
use super::supervisor::Ended;
use crate::failure::Failure;
use crate::json::{self, Write};
use crate::timeline::Timeline;
use idreg_runtime::plan::{Plan, Warning};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// The file's content.
#[derive(Serialize)]
pub(super) struct Report<'r> {
    schema: &'static str,
    /// The CPU model.
    cpu: String,
    kernel_release: &'r str,
    smp: u16,
    writes: Vec<Write>,
    warnings: Vec<String>,
    /// How often the guest was started again.
    resets: u64,
    /// How the run ended; nothing if it failed.
    ending: Option<Ending>,
    /// Why it failed.
    error: Option<String>,
    exit_code: u8,
    /// Microseconds of each step from the start of this program to the first vCPU's entry into the guest, in order.
    start_us: &'r Timeline,
}

impl<'r> Report<'r> {
    pub(super) fn new(plan: &'r Plan, smp: u16, ended: &Ended, timeline: &'r Timeline) -> Self {
        let result = &ended.result;
        Self {
            schema: "idreg-run/1",
            cpu: plan.model().to_string(),
            kernel_release: plan.kernel_release(),
            smp,
            writes: json::writes(plan),
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

    /// Writes it to a file.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let mut json = serde_json::to_string_pretty(self).map_err(other)?;
        json.push('\n');
        fs::write(path, json).map_err(|source| Failure::WriteFile {
            path: path.to_owned(),
            source,
        })
    }
}
