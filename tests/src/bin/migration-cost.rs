//! `migration-cost`: measures live migrations between two processes of one host, of the demo VMM
//! and of QEMU, beside memcpy and a bare socket.

use clap::Parser;
use idreg_tests::cost::{CostOptions, finish};
use idreg_tests::migration_cost::{Guests, measure};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure live migrations between two processes of one host, beside memcpy, a socket and QEMU.
///
/// It needs `Image` and `initrd.cpio.gz` in the working directory, as `cargo testbed exec --linux`
/// puts them there, and memory for three times the guest's.
#[derive(Debug, Parser)]
#[command(name = "migration-cost", version)]
struct MigrationCostArgs {
    /// Size of the memory that a guest has touched, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 32,
          value_parser = clap::value_parser!(u32).range(1..))]
    touched: u32,
    #[command(flatten)]
    options: CostOptions,
    /// Number of connections of the demo VMM for memory; QEMU has one.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=16))]
    channels: u32,
    /// QEMU for arm64, which an overlay brings.
    #[arg(
        long,
        value_name = "PATH",
        default_value = "/usr/bin/qemu-system-aarch64"
    )]
    qemu: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = MigrationCostArgs::parse();
    let guests = Guests {
        touched_mib: args.touched,
        options: args.options,
        channels: args.channels,
        qemu: args.qemu,
    };
    finish(measure(&guests), args.json)
}
