//! `conformance`: compares KVM's behaviour with the predictions of `idreg-runtime`, for random
//! overrides.

use clap::Parser;
use idreg_tests::conformance::{ConformanceReport, compare};
use std::process::ExitCode;
use vmm_demo::cli::{LogArguments, VcpuOptions};
use vmm_demo::commands::exit_code;
use vmm_demo::guest::ending::Ending;
use vmm_demo::output::failure::Failure;
use vmm_demo::output::{self, log};

/// Compare KVM's behaviour with this library's predictions, for random overrides.
///
/// Each try writes registers of a scratch VM and reads them back. The predictions come from the
/// fake vCPU that tests use and from a plan for the same overrides.
#[derive(Debug, Parser)]
#[command(name = "conformance", version)]
struct ConformanceArgs {
    #[command(flatten)]
    options: VcpuOptions,
    /// Number of tries.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: u64,
    /// Seed of the random numbers; the same seed on the same machine gives the same tries.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    log: LogArguments,
}

fn main() -> ExitCode {
    let args = ConformanceArgs::parse();
    log::start(args.log.filter.as_ref());
    let model = &args.options.cpu;
    let result = compare(model, args.count, args.seed).and_then(|report| {
        print(&report, args.json)?;
        Ok(report)
    });
    match result {
        Ok(report) if report.disagree > 0 => {
            let ConformanceReport {
                tried, disagree, ..
            } = report;
            output::error(&format!(
                "{disagree} of {tried} tries differ from the prediction"
            ));
            ExitCode::FAILURE
        }
        result => exit_code(result.map(|_| Ending::Done), Some(model), args.json),
    }
}

fn print(report: &ConformanceReport, json: bool) -> Result<(), Failure> {
    if json {
        output::json(report)
    } else {
        output::text(&report.to_string())
    }
}
