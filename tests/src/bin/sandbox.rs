//! `sandbox`: reads a host, plans, applies and verifies under a seccomp filter of the documented
//! system calls, or without `/sys` and `/proc`.

use clap::Parser;
use idreg_runtime::model::CpuModel;
use idreg_tests::sandbox::{Confinement, confined};
use std::process::ExitCode;

/// Read a host, plan, apply and verify in a sandbox, and print what was read and written as JSON.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version)]
struct SandboxArgs {
    /// The sandbox.
    confinement: Confinement,
    /// Model of the guest's CPU.
    #[arg(long, value_name = "MODEL", default_value = "host")]
    cpu: CpuModel,
    /// Ioctl or system call that is left out of the filter.
    #[arg(long, value_name = "NAME")]
    without: Option<String>,
}

fn main() -> ExitCode {
    let args = SandboxArgs::parse();
    match confined(args.confinement, &args.cpu, args.without.as_deref()) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}
