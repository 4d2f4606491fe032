//! The demo VMM of idreg: guests with a chosen view of the Arm ID registers.

#![cfg_attr(
    not(all(target_os = "linux", target_arch = "aarch64")),
    allow(dead_code, reason = "guests run on Arm machines alone")
)]

mod agree;
mod cli;
mod commands;
mod cost;
mod guest;
mod machine;
mod output;
mod probe;
#[cfg(target_os = "linux")]
mod qmp;
mod size;
#[cfg(target_os = "linux")]
mod socket_address;
mod vmm;

use clap::Parser;
use cli::{Cli, Command};
use guest::ending::Ending;
use output::failure::Failure;
use output::json::Failed;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let started = Instant::now();
    let cli = Cli::parse();
    output::log::start(cli.log.as_ref());
    let command = cli.command;
    let result = match &command {
        Command::Run(arguments) => commands::run::run(arguments, started),
        Command::Props(arguments) => commands::props::props(arguments).map(|()| Ending::Done),
        Command::Dump(arguments) => commands::dump::dump(arguments).map(|()| Ending::Done),
        Command::Check(arguments) => commands::check::check(arguments).map(|()| Ending::Done),
        Command::Agree(arguments) => agree::agree(arguments).map(|()| Ending::Done),
        Command::Cost(arguments) => cost::cost(arguments).map(|()| Ending::Done),
        #[cfg(target_os = "linux")]
        Command::Qmp(arguments) => commands::qmp::qmp(arguments),
        Command::Completions(arguments) => {
            commands::manual::completions(arguments).map(|()| Ending::Done)
        }
        Command::Man(arguments) => commands::manual::man(arguments).map(|()| Ending::Done),
    };
    match result {
        Ok(ending) => ending.into(),
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
    output::error(&failure.message());
    ExitCode::from(failure.exit_code())
}
