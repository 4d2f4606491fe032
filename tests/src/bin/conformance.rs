//! `conformance`: compares what `idreg-runtime` foresees with what KVM does, for random overrides.

use clap::Parser;
use idreg_tests::conformance::{Report, compare};
use std::process::ExitCode;
use vmm_demo::cli::{LogArguments, VcpuOptions};
use vmm_demo::commands::exit_code;
use vmm_demo::guest::ending::Ending;
use vmm_demo::output::failure::Failure;
use vmm_demo::output::{self, log};

/// Compare what this library foresees with what KVM does, for random overrides.
///
/// Every try writes registers of a scratch VM and reads them back; the same writes go to the fake
/// vCPU that tests use, and through a plan.
#[derive(Debug, Parser)]
#[command(name = "conformance", version)]
struct Cli {
    #[command(flatten)]
    options: VcpuOptions,
    /// How many tries.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: u64,
    /// Where the random numbers start; the same seed on the same machine gives the same tries.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: LogArguments,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start(cli.log.filter.as_ref());
    let model = &cli.options.cpu;
    let result = compare(model, cli.count, cli.seed).and_then(|report| {
        print(&report, cli.json)?;
        Ok(report)
    });
    match result {
        Ok(report) if report.disagree > 0 => {
            let Report {
                tried, disagree, ..
            } = report;
            output::error(&format!(
                "{disagree} of {tried} tries came out otherwise than foreseen"
            ));
            ExitCode::FAILURE
        }
        result => exit_code(result.map(|_| Ending::Done), Some(model), cli.json),
    }
}

fn print(report: &Report, json: bool) -> Result<(), Failure> {
    if json {
        output::json(report)
    } else {
        output::text(&report.to_string())
    }
}
