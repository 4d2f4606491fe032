//! `idreg`: reads hosts and checks CPU models.

use std::process::ExitCode;
use vmm_demo::cli;
use vmm_demo::cli::idreg::{IdregCli, IdregCommand};
use vmm_demo::commands::{
    baseline, check, compare, decode, diff, dump, evacuate, exit_code, export, import, manual,
    models, props, qmp, report, where_view,
};
use vmm_demo::output::log;

fn main() -> ExitCode {
    let IdregCli {
        command,
        models: folder,
        log,
    } = cli::parse();
    log::start(log.filter.as_ref());
    let done = |()| ExitCode::SUCCESS;
    let result = match &command {
        IdregCommand::Props(arguments) => props::props(arguments).map(done),
        IdregCommand::Check(arguments) => check::check(arguments).map(done),
        IdregCommand::Models(arguments) => models::models(arguments, &folder).map(done),
        IdregCommand::Dump(arguments) => dump::dump(arguments).map(done),
        IdregCommand::Qmp(arguments) => qmp::qmp(arguments, &folder).map(ExitCode::from),
        IdregCommand::Evacuate(arguments) => evacuate::evacuate(arguments).map(ExitCode::from),
        IdregCommand::Export(arguments) => export::export(arguments, &folder).map(done),
        IdregCommand::Import(arguments) => import::import(arguments).map(done),
        IdregCommand::Diff(arguments) => diff::diff(arguments).map(ExitCode::from),
        IdregCommand::Where(arguments) => where_view::where_view(arguments).map(ExitCode::from),
        IdregCommand::Compare(arguments) => compare::compare(arguments).map(ExitCode::from),
        IdregCommand::Decode(arguments) => decode::decode(arguments).map(ExitCode::from),
        IdregCommand::Baseline(arguments) => baseline::baseline(arguments).map(ExitCode::from),
        IdregCommand::Report(arguments) => report::report(arguments, &folder).map(ExitCode::from),
        IdregCommand::Completions(arguments) => {
            manual::completions::<IdregCli>(arguments).map(done)
        }
        IdregCommand::Man(arguments) => manual::man::<IdregCli>(arguments).map(done),
    };
    exit_code(result, command.model(), command.json())
}
