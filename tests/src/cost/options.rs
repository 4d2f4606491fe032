//! The options of a measurement, and the end of its program.

use clap::Args;
use serde::Serialize;
use std::error::Error;
use std::fmt::Display;
use std::process::ExitCode;
use vmm_demo::commands::exit_code;
use vmm_demo::guest::ending::Ending;
use vmm_demo::output;
use vmm_demo::output::failure::Failure;

/// The options of every measurement of guests.
#[derive(Clone, Copy, Debug, Args)]
pub struct CostOptions {
    /// Size of a guest's memory in MiB.
    #[arg(long = "mem", value_name = "MIB", default_value_t = 192)]
    pub memory_mib: u32,
    /// Number of rounds of each; the figures are medians.
    #[arg(long = "count", value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
}

/// Prints a measurement's report or failure, and returns the program's exit code.
#[must_use]
pub fn finish<R, E>(report: Result<R, E>, json: bool) -> ExitCode
where
    R: Serialize + Display,
    E: Error + 'static,
{
    let result = report.map_err(Failure::other).and_then(|report| {
        if json {
            output::json(&report)
        } else {
            output::text(&report.to_string())
        }
    });
    exit_code(result.map(|()| Ending::Done), None, json)
}
