//! `overhead`: measures the time to read a host, plan and apply, beside the same ioctls without
//! `idreg-runtime`.

use clap::Parser;
use idreg_tests::overhead::measure;
use std::process::ExitCode;
use vmm_demo::cli::{LogArguments, ModelArgument};
use vmm_demo::commands::exit_code;
use vmm_demo::guest::ending::Ending;
use vmm_demo::output::log;

/// Measure the time to read a host, plan and apply, beside the same ioctls without this library.
#[derive(Debug, Parser)]
#[command(name = "overhead", version)]
struct OverheadArgs {
    #[command(flatten)]
    model: ModelArgument,
    /// Number of rounds of each; the figures are medians.
    #[arg(long, value_name = "N", default_value_t = 101)]
    count: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: LogArguments,
}

fn main() -> ExitCode {
    let args = OverheadArgs::parse();
    log::start(args.log.filter.as_ref());
    let model = &args.model.cpu;
    let result = measure(model, args.count, args.json).map(|()| Ending::Done);
    exit_code(result, Some(model), args.json)
}
