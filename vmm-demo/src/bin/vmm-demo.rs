//! `vmm-demo`: runs guests with a chosen view of the Arm ID registers.

use std::process::ExitCode;
use std::time::Instant;
use vmm_demo::cli;
use vmm_demo::cli::vmm_demo::{VmmDemoCli, VmmDemoCommand};
use vmm_demo::commands::{exit_code, manual, migrate, migration_plan, restore, run, snapshot};
use vmm_demo::output::log;

fn main() -> ExitCode {
    let started = Instant::now();
    let VmmDemoCli {
        command,
        models: folder,
        log,
    } = cli::parse();
    log::start(log.filter.as_ref());
    let done = |()| ExitCode::SUCCESS;
    let result = match &command {
        VmmDemoCommand::Run(arguments) => run::run(arguments, &folder, started).map(ExitCode::from),
        VmmDemoCommand::Snapshot(arguments) => snapshot::snapshot(arguments).map(ExitCode::from),
        VmmDemoCommand::Restore(arguments) => {
            restore::restore(arguments, &folder, started).map(ExitCode::from)
        }
        VmmDemoCommand::Migrate(arguments) => match arguments.judgement.files() {
            Some((view, host)) => {
                let judgement = &arguments.judgement;
                let tolerance = judgement.tolerance.tolerance();
                migration_plan::plan(view, host, &tolerance, judgement.json).map(ExitCode::from)
            }
            None => migrate::migrate(arguments).map(ExitCode::from),
        },
        VmmDemoCommand::Completions(arguments) => {
            manual::completions::<VmmDemoCli>(arguments).map(done)
        }
        VmmDemoCommand::Man(arguments) => manual::man::<VmmDemoCli>(arguments).map(done),
    };
    exit_code(result, command.model(), command.json())
}
