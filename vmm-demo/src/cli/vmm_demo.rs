//! The command line of `vmm-demo`.

use super::migrations::{IncomingArguments, MigrateArguments};
use super::snapshots::{RestoreArguments, SnapshotArguments};
use super::{
    CompletionsArguments, LogArguments, ManArguments, ModelArgument, ModelsArgument, examples,
};
use crate::output::failure::Failure;
use crate::size::MemorySize;
use crate::socket_address::Address;
use clap::{Args, Parser, Subcommand};
use idreg_runtime::config::target::TargetCpu;
use idreg_runtime::firmware::{FirmwareRegister, FirmwareSetting, FirmwareValues};
use idreg_runtime::model::CpuModel;
use std::path::PathBuf;

/// A small VMM that runs guests with a chosen view of the Arm ID registers.
#[derive(Debug, Parser)]
#[command(name = "vmm-demo", version, after_help = examples::VMM_DEMO)]
pub struct VmmDemoCli {
    /// The command.
    #[command(subcommand)]
    pub command: VmmDemoCommand,
    /// The folder of the user's models.
    #[command(flatten)]
    pub models: ModelsArgument,
    /// The log level.
    #[command(flatten)]
    pub log: LogArguments,
}

/// The commands of `vmm-demo`.
#[derive(Debug, Subcommand)]
pub enum VmmDemoCommand {
    /// Run a guest with a CPU model: a built-in program or Linux.
    ///
    /// Without --kernel the guest is a built-in program that reads every ID register, and its
    /// values are shown. With --kernel the guest is Linux. With --incoming it is one that `migrate`
    /// moves here, with the model that it has.
    #[command(after_help = examples::RUN)]
    Run(Box<RunArguments>),
    /// Save a running guest into a file.
    ///
    /// The guest is paused while the file is written. Its process writes the file; the command
    /// waits for the end and shows the progress.
    #[command(after_help = examples::SNAPSHOT)]
    Snapshot(SnapshotArguments),
    /// Let a saved guest go on here, with its console on this terminal.
    ///
    /// The guest must fit this host as `idreg where` judges it; else every reason is printed. The
    /// boot files are not in a snapshot: a restored guest that resets itself ends with exit code 6.
    #[command(after_help = examples::RESTORE)]
    Restore(Box<RestoreArguments>),
    /// Move a running guest to another process, on this machine or another.
    ///
    /// `run --incoming` waits for it there. The guest runs on while its memory is copied; between
    /// processes of this machine the memory is taken over as it is. The command waits for the end,
    /// shows the progress, and ends the process here when the guest runs there.
    #[command(after_help = examples::MIGRATE)]
    Migrate(Box<MigrateArguments>),
    /// Print a completion script for a shell.
    #[command(after_help = examples::VMM_DEMO_COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Print the manual page, or write the pages of all commands.
    #[command(after_help = examples::VMM_DEMO_MAN)]
    Man(ManArguments),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The CPU model.
    #[command(flatten)]
    pub model: ModelArgument,
    /// The number of vCPUs. All have the model; the built-in guest runs on the first.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=512)
    )]
    pub smp: u16,
    /// Write the guest's view to this file, for `idreg where`: what was read back from its vCPUs.
    ///
    /// With --kernel the file is there before the guest's first instruction.
    #[arg(long, value_name = "FILE")]
    pub view: Option<PathBuf>,
    /// Write this firmware register before the guest first runs, so that it fits older hosts. Can
    /// be given several times.
    ///
    /// NAME is that of `asm/kvm.h`, and VALUE a number, or a version as in
    /// KVM_REG_ARM_PSCI_VERSION=1.1. `idreg compare` and `idreg baseline` print the values that
    /// hosts have in common. KVM compares the level of a mitigation
    /// (KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1, 2 and 3) with the host's, which the guest finds in any
    /// case.
    #[arg(long, value_name = "NAME=VALUE")]
    pub firmware: Vec<FirmwareSetting>,
    /// Show every field of every register, also zero and unchanged ones.
    #[arg(long, conflicts_with = "kernel")]
    pub all: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "kernel")]
    pub json: bool,
    /// The files and devices of a Linux guest.
    #[command(flatten)]
    pub linux: LinuxArguments,
    /// The way of a guest from another process.
    #[command(flatten)]
    pub incoming: IncomingArguments,
}

/// Arguments of `run` for a Linux guest.
#[derive(Debug, Args)]
#[command(next_help_heading = "A Linux guest")]
pub struct LinuxArguments {
    /// Run this arm64 kernel instead of the built-in guest: an `Image`, plain or with gzip, or an
    /// EFI zboot image with gzip or zstd.
    #[arg(long, value_name = "IMAGE", group = "linux_guest")]
    pub kernel: Option<PathBuf>,
    /// Give the kernel this initial RAM disk.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub initrd: Option<PathBuf>,
    /// Give the kernel this command line [default: console=ttyS0]
    #[arg(long, value_name = "WORDS", requires = "kernel")]
    pub append: Option<String>,
    /// The guest's memory: a number with a unit K, M (the default), G or T.
    #[arg(long, value_name = "SIZE", default_value = "512M", requires = "kernel")]
    pub mem: MemorySize,
    /// Create this socket, serve QMP at it, and remove it at the end.
    #[arg(long, value_name = "unix:PATH", requires = "linux_guest")]
    pub qmp: Option<Address>,
    /// Exit with code 6 when the guest resets itself, instead of starting it again.
    #[arg(long, requires = "kernel")]
    pub no_reboot: bool,
    /// Announce a CPU that the guest may migrate to, so that it applies the workarounds for that
    /// CPU's errata. Can be given several times.
    #[arg(long, value_name = "midr=N[,revidr=N][,aidr=N]", requires = "kernel")]
    pub impl_cpu: Vec<TargetCpu>,
    /// Write a JSON report of the run to this file: register writes, ending and start times.
    #[arg(long, value_name = "FILE", requires = "linux_guest")]
    pub report: Option<PathBuf>,
}

/// Settings of firmware registers that exclude each other.
#[derive(Debug, thiserror::Error)]
enum ContradictoryFirmware {
    #[error("--firmware {first} and --firmware {second} exclude each other; leave one out")]
    Twice {
        first: FirmwareSetting,
        second: FirmwareSetting,
    },
    #[error(
        "--firmware {setting} hides the hypercalls by which a guest asks for the CPUs of \
         --impl-cpu; leave one of the two out"
    )]
    HiddenCpus { setting: FirmwareSetting },
}

impl RunArguments {
    /// The firmware registers to write.
    ///
    /// # Errors
    ///
    /// [`Failure::Unusable`] for a register with two values, or one that hides `--impl-cpu`.
    pub fn firmware(&self) -> Result<FirmwareValues, Failure> {
        /// Both hypercalls for target CPUs (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`,
        /// `KVM_REG_ARM_VENDOR_HYP_BIT_DISCOVER_IMPL_VER` and `_CPUS`).
        const DISCOVER_CALLS: u64 = 0b11;
        let unusable = |error: ContradictoryFirmware| Err(Failure::Unusable(error.into()));
        let mut values = FirmwareValues::default();
        for second in self.firmware.iter().copied() {
            let FirmwareSetting { register, value } = second;
            if let Some(value) = values.get(register) {
                let first = FirmwareSetting { register, value };
                return unusable(ContradictoryFirmware::Twice { first, second });
            }
            let hides = value & DISCOVER_CALLS != DISCOVER_CALLS;
            let is_asked = !self.linux.impl_cpu.is_empty();
            if register == FirmwareRegister::VendorHyp2 && hides && is_asked {
                return unusable(ContradictoryFirmware::HiddenCpus { setting: second });
            }
            values.set(register, value);
        }
        Ok(values)
    }
}

impl VmmDemoCommand {
    /// The CPU model, or `None` for a command without one.
    #[must_use]
    pub fn model(&self) -> Option<&CpuModel> {
        match self {
            Self::Run(arguments) => Some(&arguments.model.cpu),
            Self::Snapshot(_)
            | Self::Restore(_)
            | Self::Migrate(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }

    /// True if the command prints JSON.
    #[must_use]
    pub fn json(&self) -> bool {
        match self {
            Self::Run(arguments) => arguments.json,
            Self::Migrate(arguments) => arguments.judgement.json,
            Self::Snapshot(_) | Self::Restore(_) | Self::Completions(_) | Self::Man(_) => false,
        }
    }
}
