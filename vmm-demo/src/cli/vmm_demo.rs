//! The command line of `vmm-demo`.

use super::{CompletionsArguments, LogArguments, ManArguments, ModelArgument, examples};
use crate::size::MemorySize;
use crate::socket_address::Address;
use clap::{Args, Parser, Subcommand};
use idreg_runtime::config::target::TargetCpu;
use idreg_runtime::model::CpuModel;
use std::path::PathBuf;

/// A small VMM that runs guests with a chosen view of the Arm ID registers.
#[derive(Debug, Parser)]
#[command(name = "vmm-demo", version, after_help = examples::VMM_DEMO)]
pub struct VmmDemoCli {
    /// The command.
    #[command(subcommand)]
    pub command: VmmDemoCommand,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// The commands of `vmm-demo`.
#[derive(Debug, Subcommand)]
pub enum VmmDemoCommand {
    /// Run a guest with a CPU model and show what it sees.
    ///
    /// Without --kernel the guest is a built-in program that reads every ID register; with it, Linux.
    #[command(after_help = examples::RUN)]
    Run(RunArguments),
    /// Print what a shell completes on this program's command line.
    #[command(after_help = examples::VMM_DEMO_COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Print the manual's page, or write one for each command.
    #[command(after_help = examples::VMM_DEMO_MAN)]
    Man(ManArguments),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The CPU model.
    #[command(flatten)]
    pub model: ModelArgument,
    /// The number of vCPUs; all get the model, and the built-in guest runs on the first.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub smp: u16,
    /// Show every field of every register, not only what matters most.
    #[arg(long, conflicts_with = "kernel")]
    pub all: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "kernel")]
    pub json: bool,
    /// What a Linux guest is made of.
    #[command(flatten)]
    pub linux: LinuxArguments,
}

/// Arguments of `run` for a Linux guest.
#[derive(Debug, Args)]
#[command(next_help_heading = "A Linux guest")]
pub struct LinuxArguments {
    /// Run this arm64 kernel (an uncompressed `Image`) in place of the built-in guest.
    #[arg(long, value_name = "IMAGE")]
    pub kernel: Option<PathBuf>,
    /// Give the kernel this initial RAM disk.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub initrd: Option<PathBuf>,
    /// Give the kernel this command line [default: console=ttyS0]
    #[arg(long, value_name = "WORDS", requires = "kernel")]
    pub append: Option<String>,
    /// The guest's memory: a number with K, M, G or T, and M if there is none.
    #[arg(long, value_name = "SIZE", default_value = "512M", requires = "kernel")]
    pub mem: MemorySize,
    /// Answer QMP at this socket, which is made for it and removed in the end.
    #[arg(long, value_name = "unix:PATH", requires = "kernel")]
    pub qmp: Option<Address>,
    /// End when the guest resets itself, with exit code 6, and do not start it again.
    #[arg(long, requires = "kernel")]
    pub no_reboot: bool,
    /// Tell the guest of a CPU that it may come to run on, for its errata; may be given several times.
    #[arg(long, value_name = "midr=N[,revidr=N][,aidr=N]", requires = "kernel")]
    pub impl_cpu: Vec<TargetCpu>,
    /// Write what was done, how it ended and how long the start took to a file, as JSON.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub report: Option<PathBuf>,
}

impl VmmDemoCommand {
    /// The CPU model asked for, if the command takes one.
    #[must_use]
    pub fn model(&self) -> Option<&CpuModel> {
        match self {
            Self::Run(arguments) => Some(&arguments.model.cpu),
            Self::Completions(_) | Self::Man(_) => None,
        }
    }

    /// Whether JSON is asked for.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Run(arguments) => arguments.json,
            Self::Completions(_) | Self::Man(_) => false,
        }
    }
}
