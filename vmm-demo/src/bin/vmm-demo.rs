//! `vmm-demo`: runs guests with a chosen view of the Arm ID registers.

use std::process::ExitCode;
use std::time::Instant;
use vmm_demo::cli;
use vmm_demo::cli::vmm_demo::{VmmDemoCli, VmmDemoCommand};
use vmm_demo::commands::{exit_code, manual, migrate, restore, run, snapshot};
use vmm_demo::guest::ending::Ending;
use vmm_demo::output::log;

fn main() -> ExitCode {
    let started = Instant::now();
    let VmmDemoCli {
        command,
        models: folder,
        log,
    } = cli::parse();
    log::start(log.filter.as_ref());
    let done = |()| Ending::Done;
    let result = match &command {
        VmmDemoCommand::Run(arguments) => run::run(arguments, &folder, started),
        VmmDemoCommand::Snapshot(arguments) => snapshot::snapshot(arguments),
        VmmDemoCommand::Restore(arguments) => restore::restore(arguments, &folder, started),
        VmmDemoCommand::Migrate(arguments) => migrate::migrate(arguments),
        VmmDemoCommand::Completions(arguments) => {
            manual::completions::<VmmDemoCli>(arguments).map(done)
        }
        VmmDemoCommand::Man(arguments) => manual::man::<VmmDemoCli>(arguments).map(done),
    };
    exit_code(result, command.model(), command.json())
}
