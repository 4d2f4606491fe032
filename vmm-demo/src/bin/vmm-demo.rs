//! `vmm-demo`: guests with a chosen view of the Arm ID registers.

use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;
use vmm_demo::cli::vmm_demo::{Cli, Command};
use vmm_demo::commands::{exit_code, manual, run};
use vmm_demo::guest::ending::Ending;
use vmm_demo::output::log;

fn main() -> ExitCode {
    let started = Instant::now();
    let Cli { command, log } = Cli::parse();
    log::start(log.filter.as_ref());
    let done = |()| Ending::Done;
    let result = match &command {
        Command::Run(arguments) => run::run(arguments, started),
        Command::Completions(arguments) => manual::completions::<Cli>(arguments).map(done),
        Command::Man(arguments) => manual::man::<Cli>(arguments).map(done),
    };
    exit_code(result, command.model(), command.json())
}
