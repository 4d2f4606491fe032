//! `snapshot-cost`: measures the size of a guest's snapshots and the time to save and restore it,
//! beside `memcpy` and zstd.

use clap::Parser;
use idreg_tests::snapshot_cost::{Guests, measure};
use std::process::ExitCode;
use vmm_demo::commands::exit_code;
use vmm_demo::guest::ending::Ending;
use vmm_demo::output;
use vmm_demo::output::failure::Failure;

/// Measure the size of snapshots and the time to save and restore guests, beside memcpy and zstd.
///
/// It needs `Image` and `initrd.cpio.gz` in the working directory, as `cargo testbed exec --linux`
/// puts them there, and memory for four times the guest's.
#[derive(Debug, Parser)]
#[command(name = "snapshot-cost", version)]
struct SnapshotCostArgs {
    /// Sizes of the memory that a guest rewrites, in MiB; one guest for each.
    #[arg(long, value_name = "MIB", value_delimiter = ',', default_values_t = [16, 64, 128])]
    touched: Vec<u32>,
    /// Size of a guest's memory in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 192)]
    mem: u32,
    /// Number of rounds of each; the figures are medians.
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = SnapshotCostArgs::parse();
    let guests = Guests {
        touched_mib: args.touched,
        memory_mib: args.mem,
        rounds: args.count,
    };
    let result = measure(&guests).map_err(Failure::other).and_then(|report| {
        if args.json {
            output::json(&report)
        } else {
            output::text(&report.to_string())
        }
    });
    exit_code(result.map(|()| Ending::Done), None, args.json)
}
