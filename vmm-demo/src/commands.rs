//! The commands of both programs.

pub mod baseline;
pub mod check;
pub mod compare;
pub mod decode;
pub mod diff;
pub mod dump;
pub mod evacuate;
pub mod export;
pub mod import;
pub mod manual;
#[cfg(target_os = "linux")]
pub mod migrate;
#[cfg(not(target_os = "linux"))]
#[path = "commands/migrate/unsupported.rs"]
pub mod migrate;
pub mod migration_plan;
pub mod models;
mod placement;
pub mod props;
#[cfg(target_os = "linux")]
pub mod qmp;
#[cfg(not(target_os = "linux"))]
#[path = "commands/qmp/unsupported.rs"]
pub mod qmp;
pub mod report;
pub mod restore;
pub mod run;
#[cfg(target_os = "linux")]
pub mod snapshot;
#[cfg(not(target_os = "linux"))]
#[path = "commands/snapshot/unsupported.rs"]
pub mod snapshot;
pub mod where_view;

use crate::output;
use crate::output::failure::Failure;
use crate::output::json::FailureReport;
use idreg_runtime::model::CpuModel;
use std::process::ExitCode;

/// The answer of a command that judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is possible, for one at least.
    Possible,
    /// It is not possible.
    Impossible,
    /// Some files could not be used, so that the answer is not about all.
    Incomplete,
}

impl Verdict {
    /// The answer after a number of files that could not be used.
    #[must_use]
    pub const fn new(is_possible: bool, unusable: u64) -> Self {
        match (unusable, is_possible) {
            (0, true) => Self::Possible,
            (0, false) => Self::Impossible,
            _ => Self::Incomplete,
        }
    }
}

/// 0, 1 or 2.
impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Possible => Self::SUCCESS,
            Verdict::Impossible => Self::from(1),
            Verdict::Incomplete => Self::from(2),
        }
    }
}

/// Prints a command's failure, with `json` also as JSON, and returns the program's exit code.
#[must_use]
pub fn exit_code(
    result: Result<impl Into<ExitCode>, Failure>,
    model: Option<&CpuModel>,
    json: bool,
) -> ExitCode {
    match result {
        Ok(code) => code.into(),
        Err(failure) => {
            if json {
                // The message and the exit code report the failure even if this write fails.
                let _ = output::json(&FailureReport::new(model, &failure));
            }
            output::error(&failure.message());
            ExitCode::from(failure.exit_code())
        }
    }
}
