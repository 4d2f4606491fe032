//! Program `sysreg`: checks, lists and updates descriptions of the arm64 system registers.

// Cargo does not build the program without the feature, but rust-analyzer reads its files.
#![cfg(feature = "cli")]

mod check;
mod cli;
mod defines;
mod description;
mod failure;
mod import;
mod output;
mod rules;

use clap::Parser;
use cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check(arguments) => check::check(&arguments),
        Command::Defines(arguments) => defines::defines(&arguments),
        Command::Rules(arguments) => rules::rules(&arguments),
        Command::Import(arguments) => import::import(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
