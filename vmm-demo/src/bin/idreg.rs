//! `idreg`: hosts and CPU models.

use clap::Parser;
use std::process::ExitCode;
use vmm_demo::cli::idreg::{Cli, Command};
use vmm_demo::commands::{check, dump, exit_code, manual, props, qmp};
use vmm_demo::guest::ending::Ending;
use vmm_demo::output::log;

fn main() -> ExitCode {
    let Cli { command, log } = Cli::parse();
    log::start(log.filter.as_ref());
    let done = |()| Ending::Done;
    let result = match &command {
        Command::Props(arguments) => props::props(arguments).map(done),
        Command::Check(arguments) => check::check(arguments).map(done),
        Command::Dump(arguments) => dump::dump(arguments).map(done),
        Command::Qmp(arguments) => qmp::qmp(arguments),
        Command::Completions(arguments) => manual::completions::<Cli>(arguments).map(done),
        Command::Man(arguments) => manual::man::<Cli>(arguments).map(done),
    };
    exit_code(result, command.model(), command.json())
}
