//! The command line.

use clap::{Args, Parser, Subcommand};
use idreg_runtime::model::CpuModel;
use std::path::PathBuf;

/// A small VMM that runs guests with a chosen view of the Arm ID registers.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 refused or incompatible; 2 usage; 3 this machine cannot (no /dev/kvm, not arm64, \
a kernel too old); 4 anything else.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a guest with a CPU model and show what it sees.
    ///
    /// The guest is a built-in program that reads every ID register.
    Run(Run),
    /// List the properties of a host: their values, and which may be changed.
    Props(Props),
    /// Write this host's registers, masks and capabilities to a file, as JSON.
    Dump(Dump),
    /// Check whether a host can give a guest a CPU model, and show what would be written.
    Check(Check),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) model: Model,
    /// The number of vCPUs; all get the model, and the built-in guest runs on the first.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) smp: u16,
    /// Show every field of every register, not only what matters most.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Props {
    /// Also show what the properties are under a CPU model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) cpu: Option<CpuModel>,
    #[command(flatten)]
    pub(crate) host: HostFile,
    /// List the properties that cannot be changed too.
    #[arg(long)]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// The file to write; without it the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print JSON, which is what a host file is anyway.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) model: Model,
    #[command(flatten)]
    pub(crate) host: HostFile,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Model {
    /// `host`, or `host,SYSREG_<REGISTER>_<FIELD>=<VALUE>,...`: what the guest's CPUs shall be.
    #[arg(long, value_name = "MODEL", default_value = "host")]
    pub(crate) cpu: CpuModel,
}

#[derive(Debug, Args)]
pub(crate) struct HostFile {
    /// A host as `dump` wrote it, instead of this machine; works on any machine.
    #[arg(long = "host", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

impl Command {
    /// The CPU model asked for, if the command takes one.
    pub(crate) fn model(&self) -> Option<&CpuModel> {
        match self {
            Self::Run(arguments) => Some(&arguments.model.cpu),
            Self::Check(arguments) => Some(&arguments.model.cpu),
            Self::Props(arguments) => arguments.cpu.as_ref(),
            Self::Dump(_) => None,
        }
    }

    /// Whether JSON is asked for.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Run(arguments) => arguments.json,
            Self::Check(arguments) => arguments.json,
            Self::Props(arguments) => arguments.json,
            Self::Dump(arguments) => arguments.json,
        }
    }
}
