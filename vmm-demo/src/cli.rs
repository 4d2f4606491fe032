//! The command line.

mod examples;

use crate::size::MemorySize;
#[cfg(target_os = "linux")]
use crate::socket_address::Address;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::config::target::TargetCpu;
use idreg_runtime::model::{CpuModel, Override};
use std::error::Error;
use std::path::PathBuf;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// A small VMM that runs guests with a chosen view of the Arm ID registers.
#[derive(Debug, Parser)]
#[command(version, about, after_help = examples::EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say on the standard error what this program does: off, error, warn, info, debug or trace.
    ///
    /// Also by part, as in `info,vmm_demo::qmp=trace`.
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_filter)]
    pub(crate) log: Option<Targets>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a guest with a CPU model and show what it sees.
    ///
    /// Without --kernel the guest is a built-in program that reads every ID register; with it, Linux.
    #[command(after_help = examples::RUN)]
    Run(Run),
    /// List the properties of a host: their values, what they may be set to, and what is in the way.
    #[command(after_help = examples::PROPS)]
    Props(Props),
    /// Write this host's registers, masks and capabilities to a file, as JSON.
    Dump(Dump),
    /// Check whether a host can give a guest a CPU model, and show what would be written.
    #[command(after_help = examples::CHECK)]
    Check(Check),
    /// Compare what this library foresees with what KVM does, for random overrides.
    ///
    /// Every try writes registers of a scratch VM and reads them back; the same writes go to the fake vCPU
    /// that tests use, and through a plan.
    Agree(Agree),
    /// Measure reading a host, planning and applying, beside the same ioctls without this library.
    Cost(Cost),
    /// Answer questions about CPU models on a socket, in the protocol of QEMU's clients (QMP).
    ///
    /// There is no guest; the server ends with `quit` or a signal.
    #[cfg(target_os = "linux")]
    #[command(after_help = examples::QMP)]
    Qmp(Qmp),
    /// Print what a shell completes on this program's command line.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(Completions),
    /// Print the manual's page, or write one for each command.
    #[command(after_help = examples::MAN)]
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) model: Model,
    /// The number of vCPUs; all get the model, and the built-in guest runs on the first.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) smp: u16,
    /// Show every field of every register, not only what matters most.
    #[arg(long, conflicts_with = "kernel")]
    pub(crate) all: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "kernel")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) linux: Linux,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "A Linux guest")]
pub(crate) struct Linux {
    /// Run this arm64 kernel (an uncompressed `Image`) in place of the built-in guest.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) kernel: Option<PathBuf>,
    /// Give the kernel this initial RAM disk.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub(crate) initrd: Option<PathBuf>,
    /// Give the kernel this command line [default: console=ttyS0]
    #[arg(long, value_name = "WORDS", requires = "kernel")]
    pub(crate) append: Option<String>,
    /// The guest's memory: a number with K, M, G or T, and M if there is none.
    #[arg(long, value_name = "SIZE", default_value = "512M", requires = "kernel")]
    pub(crate) mem: MemorySize,
    /// Answer QMP at this socket, which is made for it and removed in the end.
    #[cfg(target_os = "linux")]
    #[arg(long, value_name = "unix:PATH", requires = "kernel")]
    pub(crate) qmp: Option<Address>,
    /// End when the guest resets itself, with exit code 6, and do not start it again.
    #[arg(long, requires = "kernel")]
    pub(crate) no_reboot: bool,
    /// Tell the guest of a CPU that it may come to run on, for its errata; may be given several times.
    #[arg(long, value_name = "midr=N[,revidr=N][,aidr=N]", requires = "kernel")]
    pub(crate) impl_cpu: Vec<TargetCpu>,
    /// Write what was done, how it ended and how long the start took to a file, as JSON.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Props {
    /// List what has such a name, with `*` for any characters; of properties also those that cannot be changed.
    #[arg(value_name = "PATTERN")]
    pub(crate) pattern: Option<String>,
    /// Also show what the properties are under a CPU model.
    #[arg(long, value_name = "MODEL")]
    pub(crate) cpu: Option<CpuModel>,
    #[command(flatten)]
    pub(crate) host: HostFile,
    /// List the properties that cannot be changed too.
    #[arg(long)]
    pub(crate) all: bool,
    /// List features of the architecture instead.
    #[arg(long)]
    pub(crate) features: bool,
    /// Ask KVM itself which values it takes, one by one.
    #[arg(long = "try", conflicts_with_all = ["file", "features"])]
    pub(crate) ask_kvm: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    #[command(flatten)]
    pub(crate) options: Options,
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
    /// Also apply the model to a scratch VM of this machine, and report what KVM stores otherwise.
    #[arg(long = "try", conflicts_with = "file")]
    pub(crate) ask_kvm: bool,
    /// With --try, run the built-in guest too, since KVM changes some registers when a guest starts.
    #[arg(long, requires = "ask_kvm", conflicts_with = "file")]
    pub(crate) run: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Agree {
    #[command(flatten)]
    pub(crate) options: Options,
    /// How many tries.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) count: u64,
    /// Where the random numbers start; the same seed on the same machine gives the same tries.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) model: Model,
    /// How many rounds of each; the figures are medians.
    #[arg(long, value_name = "N", default_value_t = 101)]
    pub(crate) count: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(target_os = "linux")]
#[derive(Debug, Args)]
pub(crate) struct Qmp {
    /// The socket to make and listen at.
    #[arg(long, value_name = "unix:PATH")]
    pub(crate) listen: Address,
    #[command(flatten)]
    pub(crate) host: HostFile,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for each command into this directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) directory: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `host`, or `host,OPTION=on|off,...`: what the host's vCPUs are made with.
    #[arg(long, value_name = "MODEL", default_value = "host", value_parser = only_options)]
    pub(crate) cpu: CpuModel,
}

#[derive(Debug, Args)]
pub(crate) struct Model {
    /// What the guest's CPUs shall be: `host`, or `host,NAME=VALUE,...`.
    ///
    /// Names are `SYSREG_<REGISTER>_<FIELD>` with a number; `FEAT_<NAME>` and the options sve, `sve<BITS>`, pauth, pmu, mte,
    /// aarch64, el2 with `on` or `off`; midr, revidr, aidr with a number. `enforce` makes errors of
    /// inconsistencies, which are warnings otherwise.
    #[arg(long, value_name = "MODEL", default_value = "host")]
    pub(crate) cpu: CpuModel,
}

#[derive(Debug, Args)]
pub(crate) struct HostFile {
    /// A host as `dump` wrote it, instead of this machine; works on any machine.
    #[arg(long = "host", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Reads what is to be logged. A word alone is a level: the library takes any other for a part of this program of which
/// everything is to be said.
fn log_filter(text: &str) -> Result<Targets, Box<dyn Error + Send + Sync>> {
    let alone = text.split(',').filter(|part| !part.contains('='));
    for word in alone {
        if word.parse::<LevelFilter>().is_err() {
            return Err(format!(
                "`{word}` is no level: those are off, error, warn, info, debug and trace"
            )
            .into());
        }
    }
    Ok(text.parse()?)
}

/// Reads a model of options alone: nothing else says how a host is to be read.
fn only_options(text: &str) -> Result<CpuModel, Box<dyn Error + Send + Sync>> {
    let model: CpuModel = text.parse()?;
    let other = |asked: &&Override| asked.property.parse::<CpuOption>().is_err();
    match model.overrides().iter().find(other) {
        Some(other) => Err(format!(
            "`{}` is no option of the vCPU: those are sve, sve<BITS>, pauth, pmu, mte, aarch64 and el2",
            other.property
        )
        .into()),
        None => Ok(model),
    }
}

impl Command {
    /// The CPU model asked for, if the command takes one.
    pub(crate) fn model(&self) -> Option<&CpuModel> {
        match self {
            Self::Run(arguments) => Some(&arguments.model.cpu),
            Self::Check(arguments) => Some(&arguments.model.cpu),
            Self::Props(arguments) => arguments.cpu.as_ref(),
            Self::Cost(arguments) => Some(&arguments.model.cpu),
            Self::Dump(Dump { options, .. }) | Self::Agree(Agree { options, .. }) => {
                Some(&options.cpu)
            }
            #[cfg(target_os = "linux")]
            Self::Qmp(_) => None,
            Self::Completions(_) | Self::Man(_) => None,
        }
    }

    /// Whether JSON is asked for.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Run(arguments) => arguments.json,
            Self::Check(arguments) => arguments.json,
            Self::Props(arguments) => arguments.json,
            Self::Dump(arguments) => arguments.json,
            Self::Agree(arguments) => arguments.json,
            Self::Cost(arguments) => arguments.json,
            #[cfg(target_os = "linux")]
            Self::Qmp(_) => false,
            Self::Completions(_) | Self::Man(_) => false,
        }
    }
}
