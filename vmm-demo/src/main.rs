//! The demo VMM of idreg: guests with a chosen view of the Arm ID registers.

mod agree;
mod check;
mod cli;
mod cost;
mod dump;
mod failure;
mod guest;
mod json;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod layout;
mod machine;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod memory;
mod output;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod probe;
mod props;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "what calls the guest comes next")]
mod qmp;
mod run;
mod table;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod vm;

use clap::Parser;
use cli::{Cli, Command};
use failure::Failure;
use json::Failed;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let result = match &command {
        Command::Run(arguments) => run::run(arguments),
        Command::Props(arguments) => props::props(arguments),
        Command::Dump(arguments) => dump::dump(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::Agree(arguments) => agree::agree(arguments),
        Command::Cost(arguments) => cost::cost(arguments),
        #[cfg(target_os = "linux")]
        Command::Qmp(arguments) => qmp::qmp(arguments),
    };
    let Err(failure) = result else {
        return ExitCode::SUCCESS;
    };
    // What disagrees has been printed, and there is one object for each run.
    if command.json() && !matches!(failure, Failure::Disagree { .. }) {
        // The message and the exit code tell of the failure even if this cannot be written.
        let _ = output::json(&Failed::new(command.model(), &failure));
    }
    if failure.is_stop() {
        output::note(&failure.message());
    } else {
        output::error(&failure.message());
    }
    ExitCode::from(failure.exit_code())
}
