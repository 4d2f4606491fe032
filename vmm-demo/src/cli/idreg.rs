//! The command line of `idreg`.

use super::{
    CompletionsArguments, HostArgument, LogArguments, ManArguments, ModelArgument, VcpuOptions,
    examples,
};
use crate::socket_address::Address;
use clap::{Args, Parser, Subcommand};
use idreg_runtime::model::CpuModel;
use std::path::PathBuf;

/// What guests may see of the ID registers of Arm hosts: reads hosts, checks CPU models.
#[derive(Debug, Parser)]
#[command(name = "idreg", version, after_help = examples::IDREG)]
pub struct IdregCli {
    /// The command.
    #[command(subcommand)]
    pub command: IdregCommand,
    /// What is logged.
    #[command(flatten)]
    pub log: LogArguments,
}

/// The commands of `idreg`.
#[derive(Debug, Subcommand)]
pub enum IdregCommand {
    /// List the properties of a host: their values, what they may be set to, and what is in the way.
    #[command(after_help = examples::PROPS)]
    Props(PropsArguments),
    /// Check whether a host can give a guest a CPU model, and show what would be written.
    #[command(after_help = examples::CHECK)]
    Check(CheckArguments),
    /// Write this host's registers, masks and capabilities to a file, as JSON.
    Dump(DumpArguments),
    /// Answer questions about CPU models on a socket, in the protocol of QEMU's clients (QMP).
    ///
    /// There is no guest; the server ends with `quit` or a signal.
    #[command(after_help = examples::QMP)]
    Qmp(QmpArguments),
    /// Print what a shell completes on this program's command line.
    #[command(after_help = examples::IDREG_COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Print the manual's page, or write one for each command.
    #[command(after_help = examples::IDREG_MAN)]
    Man(ManArguments),
}

/// Arguments of `props`.
#[derive(Debug, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct PropsArguments {
    /// List what has such a name, with `*` for any characters; of properties also those that cannot be changed.
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// Also show what the properties are under a CPU model.
    #[arg(long, value_name = "MODEL")]
    pub cpu: Option<CpuModel>,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
    /// List the properties that cannot be changed too.
    #[arg(long)]
    pub all: bool,
    /// List features of the architecture instead.
    #[arg(long)]
    pub features: bool,
    /// Ask KVM itself which values it takes, one by one.
    #[arg(long = "try", conflicts_with_all = ["file", "features"])]
    pub ask_kvm: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dump`.
#[derive(Debug, Args)]
pub struct DumpArguments {
    /// The options of its vCPUs.
    #[command(flatten)]
    pub options: VcpuOptions,
    /// The file to write; without it the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print JSON, which is what a host file is anyway.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The CPU model.
    #[command(flatten)]
    pub model: ModelArgument,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
    /// Also apply the model to a scratch VM of this machine, and report what KVM stores otherwise.
    #[arg(long = "try", conflicts_with = "file")]
    pub ask_kvm: bool,
    /// With --try, run the built-in guest too, since KVM changes some registers when a guest starts.
    #[arg(long, requires = "ask_kvm", conflicts_with = "file")]
    pub run: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `qmp`.
#[derive(Debug, Args)]
pub struct QmpArguments {
    /// The socket to make and listen at.
    #[arg(long, value_name = "unix:PATH")]
    pub listen: Address,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
}

impl IdregCommand {
    /// The CPU model asked for, if the command takes one.
    #[must_use]
    pub fn model(&self) -> Option<&CpuModel> {
        match self {
            Self::Check(arguments) => Some(&arguments.model.cpu),
            Self::Props(arguments) => arguments.cpu.as_ref(),
            Self::Dump(arguments) => Some(&arguments.options.cpu),
            Self::Qmp(_) | Self::Completions(_) | Self::Man(_) => None,
        }
    }

    /// Whether JSON is asked for.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Check(arguments) => arguments.json,
            Self::Props(arguments) => arguments.json,
            Self::Dump(arguments) => arguments.json,
            Self::Qmp(_) | Self::Completions(_) | Self::Man(_) => false,
        }
    }
}
