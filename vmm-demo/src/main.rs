//! The demo VMM of idreg: guests with a chosen view of the Arm ID registers.

mod check;
mod cli;
mod dump;
mod failure;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod gic;
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
mod run;
mod table;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod vm;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match &Cli::parse().command {
        Command::Run(arguments) => run::run(arguments),
        Command::Props(arguments) => props::props(arguments),
        Command::Dump(arguments) => dump::dump(arguments),
        Command::Check(arguments) => check::check(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure.chain());
            ExitCode::from(failure.exit_code())
        }
    }
}
