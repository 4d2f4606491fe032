//! `snapshot-cost`: measures the size of a guest's snapshots and the time to save and restore it,
//! beside `memcpy` and zstd.

use clap::Parser;
use idreg_tests::cost::{CostOptions, finish};
use idreg_tests::snapshot_cost::{Guests, measure};
use std::process::ExitCode;

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
    #[command(flatten)]
    options: CostOptions,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = SnapshotCostArgs::parse();
    let guests = Guests {
        touched_mib: args.touched,
        options: args.options,
    };
    finish(measure(&guests), args.json)
}
