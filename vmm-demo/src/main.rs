//! The demo VMM of idreg: guests with a chosen view of the Arm ID registers.

mod agree;
mod check;
mod cli;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod console;
mod cost;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod cpu;
mod dump;
mod failure;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod fdt;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod gate;
mod guest;
mod json;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod kernel;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod layout;
mod log;
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
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod serial;
mod size;
mod table;
#[cfg(any(test, all(target_os = "linux", target_arch = "aarch64")))]
mod timeline;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod vm;

use clap::Parser;
use cli::{Cli, Command};
use failure::Failure;
use json::Failed;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let started = Instant::now();
    let cli = Cli::parse();
    log::start(cli.log.as_ref());
    let command = cli.command;
    let result = match &command {
        Command::Run(arguments) => {
            return match run::run(arguments, started) {
                Ok(ending) => ending.into(),
                Err(failure) => failed(&command, &failure),
            };
        }
        Command::Props(arguments) => props::props(arguments),
        Command::Dump(arguments) => dump::dump(arguments),
        Command::Check(arguments) => check::check(arguments),
        Command::Agree(arguments) => agree::agree(arguments),
        Command::Cost(arguments) => cost::cost(arguments),
        #[cfg(target_os = "linux")]
        Command::Qmp(arguments) => qmp::qmp(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failed(&command, &failure),
    }
}

/// Tells of a failure, and with which code to exit for it.
fn failed(command: &Command, failure: &Failure) -> ExitCode {
    // What disagrees has been printed, and there is one object for each run.
    if command.json() && !matches!(failure, Failure::Disagree { .. }) {
        // The message and the exit code tell of the failure even if this cannot be written.
        let _ = output::json(&Failed::new(command.model(), failure));
    }
    if failure.is_stop() {
        output::note(&failure.message());
    } else {
        output::error(&failure.message());
    }
    ExitCode::from(failure.exit_code())
}
