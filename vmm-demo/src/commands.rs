//! The commands of both programs.

pub mod check;
pub mod dump;
pub mod manual;
pub mod props;
#[cfg(target_os = "linux")]
pub mod qmp;
#[cfg(not(target_os = "linux"))]
#[path = "commands/qmp/unsupported.rs"]
pub mod qmp;
pub mod run;

use crate::guest::ending::Ending;
use crate::output;
use crate::output::failure::Failure;
use crate::output::json::FailureReport;
use idreg_runtime::model::CpuModel;
use std::process::ExitCode;

/// Prints a command's failure, with `json` also as JSON, and returns the program's exit code.
#[must_use]
pub fn exit_code(
    result: Result<Ending, Failure>,
    model: Option<&CpuModel>,
    json: bool,
) -> ExitCode {
    match result {
        Ok(ending) => ending.into(),
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
