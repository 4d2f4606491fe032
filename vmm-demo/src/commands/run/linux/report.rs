//! The report of a run that `--report` writes.

use crate::guest::ending::{Ended, Ending};
use crate::output::failure::Failure;
use crate::output::json::{self, WriteEntry};
use crate::vmm::timeline::Timeline;
use idreg_runtime::plan::{Plan, Warning};
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The file's content.
#[derive(Serialize)]
pub(super) struct LinuxRunReport<'r> {
    schema: &'static str,
    /// The CPU model.
    cpu: String,
    kernel_release: &'r str,
    smp: u16,
    writes: Vec<WriteEntry>,
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

/// The file for a report.
///
/// It is opened before the guest starts, so that an unusable path is reported at once. A file that
/// was created for a report is removed if the report is never written.
#[derive(Debug)]
pub(super) struct ReportFile {
    path: PathBuf,
    file: File,
    remove_on_drop: bool,
}

impl ReportFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let open = |options: &mut OpenOptions| options.write(true).open(path);
        let (opened, created) = match open(OpenOptions::new().create_new(true)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (open(OpenOptions::new().create(true)), false)
            }
            opened => (opened, true),
        };
        Ok(Self {
            path: path.to_owned(),
            file: opened.map_err(|error| failed(path, error))?,
            remove_on_drop: created,
        })
    }

    pub(super) fn write(mut self, report: &LinuxRunReport<'_>) -> Result<(), Failure> {
        let mut json = serde_json::to_string_pretty(report).map_err(Failure::other)?;
        json.push('\n');
        self.remove_on_drop = false;
        self.replace_content(&json)
            .map_err(|error| failed(&self.path, error))
    }

    fn replace_content(&mut self, text: &str) -> io::Result<()> {
        // Pipes and devices have no length to set.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        if self.remove_on_drop {
            // Another process may have removed it already.
            let _removed = fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::WriteFile {
        path: path.to_owned(),
        source,
    }
}
