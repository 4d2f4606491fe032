//! What `--report` writes of a guest's run.

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

/// The file for a report: opened before there is a guest, so that a path that is of no use is told at once, and removed if
/// it was made for a report that is never written.
#[derive(Debug)]
pub(super) struct ReportFile {
    path: PathBuf,
    file: File,
    made_for_nothing: bool,
}

impl ReportFile {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let open = |options: &mut OpenOptions| options.write(true).open(path);
        let (opened, made) = match open(OpenOptions::new().create_new(true)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                (open(OpenOptions::new().create(true)), false)
            }
            opened => (opened, true),
        };
        Ok(Self {
            path: path.to_owned(),
            file: opened.map_err(|error| failed(path, error))?,
            made_for_nothing: made,
        })
    }

    pub(super) fn write(mut self, report: &LinuxRunReport<'_>) -> Result<(), Failure> {
        let mut json = serde_json::to_string_pretty(report).map_err(Failure::other)?;
        json.push('\n');
        self.made_for_nothing = false;
        self.replace_content(&json)
            .map_err(|error| failed(&self.path, error))
    }

    fn replace_content(&mut self, text: &str) -> io::Result<()> {
        // Pipes and devices have no length to be set.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        self.file.write_all(text.as_bytes())
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        if self.made_for_nothing {
            // Somebody else may have removed it.
            let _gone = fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path, source: io::Error) -> Failure {
    Failure::WriteFile {
        path: path.to_owned(),
        source,
    }
}
