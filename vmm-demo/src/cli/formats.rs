//! Arguments of the commands that write and read formats of other tools.

use super::{HostArgument, ModelArgument};
use clap::{Args, Subcommand, ValueEnum};
use idreg_runtime::formats::qemu;
use std::path::PathBuf;

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The format.
    #[command(subcommand)]
    pub format: ExportFormat,
}

/// The formats of `export`.
#[derive(Debug, Subcommand)]
pub enum ExportFormat {
    /// Write QEMU's options `-cpu` and, if the model needs it, `-machine`.
    Qemu {
        /// The guest and the output.
        #[command(flatten)]
        export: ExportedArguments,
        /// The variant of QEMU; without it, QEMU as released.
        #[arg(long, value_name = "DIALECT")]
        dialect: Option<DialectArgument>,
    },
}

/// The guest that is exported, and the output.
#[derive(Debug, Args)]
pub struct ExportedArguments {
    /// The CPU model.
    #[command(flatten)]
    pub model: ModelArgument,
    /// The host.
    #[command(flatten)]
    pub host: HostArgument,
    /// Write to this file instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Fail if the format cannot express a part of the guest, and write nothing.
    #[arg(long)]
    pub strict: bool,
}

/// A variant of QEMU with properties for fields.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DialectArgument {
    /// The series with SYSREG properties, versions 1 to 3: the kernel's spelling.
    Kernel,
    /// The fork for Kunpeng: the kernel's spelling, and target CPUs.
    Kunpeng,
    /// The series since version 4: the architecture's spelling.
    Arm,
}

impl ExportFormat {
    /// The guest and the output.
    #[must_use]
    pub const fn arguments(&self) -> &ExportedArguments {
        match self {
            Self::Qemu { export, .. } => export,
        }
    }
}

impl From<DialectArgument> for qemu::Dialect {
    fn from(dialect: DialectArgument) -> Self {
        match dialect {
            DialectArgument::Kernel => Self::Kernel,
            DialectArgument::Kunpeng => Self::Kunpeng,
            DialectArgument::Arm => Self::Arm,
        }
    }
}
