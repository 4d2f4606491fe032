//! Arguments of the commands that write and read formats of other tools.

use super::{HostArgument, ModelArgument};
use clap::{Args, Subcommand, ValueEnum};
use idreg_runtime::formats::{TextFormat, qemu};
use idreg_runtime::number;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Write a custom CPU template of Firecracker.
    Firecracker(ExportedArguments),
    /// Write the parts of a libvirt domain that make the guest.
    Libvirt {
        /// The guest and the output.
        #[command(flatten)]
        export: ExportedArguments,
        /// The variant of QEMU, for `<qemu:commandline>`; without it, QEMU as released.
        #[arg(long, value_name = "DIALECT")]
        dialect: Option<DialectArgument>,
    },
    /// Write a feature file for Kubernetes' node-feature-discovery.
    ///
    /// Labels are the named models that the host can give and hashes of the guest's view and of the
    /// kernel's masks; features of the architecture are features without labels.
    Nfd {
        /// The guest and the output.
        #[command(flatten)]
        export: ExportedArguments,
        /// Let the file expire after this time: a number with a unit s, m, h or d.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expiry: Option<Duration>,
    },
    /// Write traits for OpenStack's Placement, one on each line.
    Traits(ExportedArguments),
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// The format of the file.
    #[arg(value_name = "FORMAT")]
    pub format: ImportFormat,
    /// The file; `-` is the standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Make a view of a dump of Firecracker, which is a host otherwise.
    #[arg(long)]
    pub view: bool,
    /// Write to this file instead of the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The formats of `import`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// The format is told by the content.
    Auto,
    /// A template of Firecracker is a model; a dump or a fingerprint is a host or a view.
    Firecracker,
    /// QEMU's command line, or the value of `-cpu` alone, is a model.
    Qemu,
    /// The answer of QEMU's `query-cpu-model-expansion` is a model.
    Qmp,
    /// `CP 4...` values of the registry of Windows are a host.
    Windows,
    /// The output of the UEFI application ArmCpuInfo is a host.
    Armcpuinfo,
    /// A boot log of firmware, a boot loader or Linux is a host.
    Bootlog,
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
            Self::Qemu { export, .. } | Self::Libvirt { export, .. } | Self::Nfd { export, .. } => {
                export
            }
            Self::Firecracker(export) | Self::Traits(export) => export,
        }
    }
}

impl ImportFormat {
    /// The format of a text.
    #[must_use]
    pub fn of(self, text: &str) -> TextFormat {
        match self {
            Self::Auto => TextFormat::of(text),
            Self::Firecracker => TextFormat::Firecracker,
            Self::Qemu => TextFormat::Qemu,
            Self::Qmp => TextFormat::Expansion,
            Self::Windows => TextFormat::Windows,
            Self::Armcpuinfo => TextFormat::ArmCpuInfo,
            Self::Bootlog => TextFormat::BootLog,
        }
    }
}

/// Parses a number with a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .unwrap_or((text, ""));
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let number = number::parse(number).ok().filter(|number| *number > 0);
    let most = 100 * 366 * 86_400;
    let seconds = number
        .zip(seconds)
        .and_then(|(number, seconds)| number.checked_mul(seconds));
    seconds
        .filter(|seconds| *seconds <= most)
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number with a unit s, m, h or d, up to 100 years".to_owned())
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
