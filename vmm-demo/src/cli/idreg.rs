//! The command line of `idreg`.

use super::{
    CompletionsArguments, HostArgument, LogArguments, ManArguments, ModelArgument, ModelsArgument,
    VcpuOptions,
    decode::DecodeArguments,
    examples,
    fleet::{BaselineArguments, CompareArguments, ReportArguments},
    formats::{ExportArguments, ImportArguments},
    views::{DiffArguments, EvacuateArguments, WhereArguments},
};
use crate::socket_address::Address;
use clap::{Args, Parser, Subcommand};
use idreg_runtime::model::CpuModel;
use std::path::PathBuf;

/// Reads the Arm ID registers of KVM hosts and checks CPU models for their guests.
#[derive(Debug, Parser)]
#[command(name = "idreg", version, after_help = examples::IDREG)]
pub struct IdregCli {
    /// The command.
    #[command(subcommand)]
    pub command: IdregCommand,
    /// The folder of the user's models.
    #[command(flatten)]
    pub models: ModelsArgument,
    /// The log level.
    #[command(flatten)]
    pub log: LogArguments,
}

/// The commands of `idreg`.
#[derive(Debug, Subcommand)]
pub enum IdregCommand {
    /// List the properties of a host with their values and allowed values.
    #[command(after_help = examples::PROPS)]
    Props(PropsArguments),
    /// Check whether a CPU model is possible on a host, and show the register writes it needs.
    #[command(after_help = examples::CHECK)]
    Check(CheckArguments),
    /// List the named CPU models, and the values that a host cannot give.
    #[command(after_help = examples::MODELS)]
    Models(ListModelsArguments),
    /// Write this host's registers, masks and capabilities to a file, as JSON.
    Dump(DumpArguments),
    /// Find the hosts where a guest can go, with the CPU model for each.
    ///
    /// The guest is given by its view, which was read back from its vCPUs.
    #[command(after_help = examples::WHERE)]
    Where(WhereArguments),
    /// Find a target for each guest of a host, among other hosts.
    #[command(after_help = examples::EVACUATE)]
    Evacuate(EvacuateArguments),
    /// Write a CPU model on a host in a format of another tool, and list what it cannot express.
    #[command(after_help = examples::EXPORT)]
    Export(ExportArguments),
    /// Make a host, a view or a CPU model of a file of another tool, and list what it lacks.
    #[command(after_help = examples::IMPORT)]
    Import(ImportArguments),
    /// Compare two readings of one host, such as before and after an update.
    #[command(after_help = examples::DIFF)]
    Diff(DiffArguments),
    /// Compare the guests of two hosts, and show the model that both hosts can give.
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArguments),
    /// Find the greatest CPU model that several hosts can give, with the form that each host needs.
    #[command(after_help = examples::BASELINE)]
    Baseline(BaselineArguments),
    /// Explain a register, or a message that another program prints when CPUs do not fit.
    ///
    /// Registers are names, encodings or ids of KVM, with values. Messages are those of QEMU, KVM,
    /// Linux, Firecracker, Cloud Hypervisor and libvirt.
    #[command(after_help = examples::DECODE)]
    Decode(DecodeArguments),
    /// Write a page for browsers on several hosts, and the CPU model that they have in common.
    ///
    /// The page is one HTML file that needs no network.
    #[command(after_help = examples::REPORT)]
    Report(ReportArguments),
    /// Serve queries about CPU models on a socket, in QEMU's machine protocol (QMP).
    ///
    /// There is no guest. The server runs until a client sends `quit` or a signal arrives.
    #[command(after_help = examples::QMP)]
    Qmp(QmpArguments),
    /// Print a completion script for a shell.
    #[command(after_help = examples::IDREG_COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Print the manual page, or write the pages of all commands.
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
    /// List the properties, read-only ones too, or features of this name; `*` matches any text.
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// Also show the values under this CPU model.
    #[arg(long, value_name = "MODEL")]
    pub cpu: Option<CpuModel>,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
    /// Also list read-only properties, or, with --features, features that the host lacks.
    #[arg(long)]
    pub all: bool,
    /// List features of the architecture instead of properties.
    #[arg(long)]
    pub features: bool,
    /// Also write values to a scratch VM one by one, and show those that KVM accepts.
    #[arg(long = "try", conflicts_with_all = ["file", "features"])]
    pub ask_kvm: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dump`.
#[derive(Debug, Args)]
pub struct DumpArguments {
    /// The options of the host's vCPUs.
    #[command(flatten)]
    pub options: VcpuOptions,
    /// Write to this file instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Print JSON; a host file is always JSON, with or without this option.
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
    /// Also apply the model to a scratch VM of this machine and report every difference.
    #[arg(long = "try", conflicts_with = "file")]
    pub ask_kvm: bool,
    /// With --try, also run the built-in guest: KVM changes some registers when a guest starts.
    #[arg(long, requires = "ask_kvm", conflicts_with = "file")]
    pub run: bool,
    /// With --run, write the guest's view to this file, for `idreg where`: what was read back from
    /// its vCPU.
    #[arg(short, long, value_name = "VIEW", requires = "run")]
    pub output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ListModelsArguments {
    /// The command, or none to list the models.
    #[command(subcommand)]
    pub command: Option<ModelsCommand>,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// The commands of `models`.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Show every field of a named model, its options, sources and lineage.
    Show(ShowModelArguments),
    /// Make a model file of the values that a host gives its guests.
    ///
    /// The fields that only a hypervisor can act on, and MIDR_EL1, REVIDR_EL1 and AIDR_EL1, stay
    /// the host's.
    Make(MakeModelArguments),
}

/// Arguments of `models show`.
#[derive(Debug, Args)]
pub struct ShowModelArguments {
    /// The model's name; without a version, the newest.
    pub name: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `models make`.
#[derive(Debug, Args)]
pub struct MakeModelArguments {
    /// The new model's name, without a version.
    pub name: String,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
    /// Use the values of the guest in this file, written by `check -o` or `vmm-demo run --view`,
    /// instead of those of a host.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub view: Option<PathBuf>,
    /// Write to this file instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `qmp`.
#[derive(Debug, Args)]
pub struct QmpArguments {
    /// Create this socket and listen at it.
    #[arg(long, value_name = "unix:PATH")]
    pub listen: Address,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
}

impl IdregCommand {
    /// The CPU model, or `None` for a command without one.
    #[must_use]
    pub fn model(&self) -> Option<&CpuModel> {
        match self {
            Self::Check(arguments) => Some(&arguments.model.cpu),
            Self::Props(arguments) => arguments.cpu.as_ref(),
            Self::Dump(arguments) => Some(&arguments.options.cpu),
            Self::Export(arguments) => Some(&arguments.format.arguments().model.cpu),
            Self::Import(_)
            | Self::Models(_)
            | Self::Compare(_)
            | Self::Where(_)
            | Self::Evacuate(_)
            | Self::Diff(_)
            | Self::Baseline(_)
            | Self::Decode(_)
            | Self::Report(_)
            | Self::Qmp(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }

    /// True if the command prints JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Check(arguments) => arguments.json,
            Self::Props(arguments) => arguments.json,
            Self::Dump(arguments) => arguments.json,
            Self::Where(arguments) => arguments.json,
            Self::Evacuate(arguments) => arguments.json,
            Self::Diff(arguments) => arguments.json,
            Self::Compare(arguments) => arguments.json,
            Self::Baseline(arguments) => arguments.json,
            Self::Decode(arguments) => arguments.json,
            Self::Models(arguments) => match &arguments.command {
                Some(ModelsCommand::Show(arguments)) => arguments.json,
                Some(ModelsCommand::Make(_)) => false,
                None => arguments.json,
            },
            Self::Export(_)
            | Self::Import(_)
            | Self::Report(_)
            | Self::Qmp(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}
