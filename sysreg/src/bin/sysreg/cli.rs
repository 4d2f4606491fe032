//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Check, list and refresh descriptions of the arm64 system registers.
///
/// A description is a file such as the Linux kernel's arch/arm64/tools/sysreg.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 a description with errors, or an existing property would break; 2 usage, or a \
file that cannot be read; 4 anything else.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report everything that is wrong with a description.
    ///
    /// The report goes to the standard output, a closing line with the totals to the standard error.
    /// Warnings alone are no failure.
    #[command(after_help = "\
Example, for a description in two files:
  sysreg check linux/arch/arm64/tools/sysreg vendor.sysreg")]
    Check(Check),
    /// Print the macros that the kernel's own generator makes of a description.
    ///
    /// One a line, name and value with a tab between them, as arch/arm64/tools/gen-sysreg.awk of
    /// Linux 7.2 makes them and in its order. Those of 6.1 and 6.2 do not make the ones that
    /// end in _UNKN.
    #[command(after_help = "\
Example, the mask of every field:
  sysreg defines linux/arch/arm64/tools/sysreg | grep _MASK")]
    Defines(Defines),
    /// Make this project's description anew from a kernel's file, and report what changes.
    ///
    /// Taken are the registers of KVM's feature ID range. MIDR_EL1, MPIDR_EL1, REVIDR_EL1 and
    /// AIDR_EL1, which the kernel's file does not have, are kept, and so is the comment at the top of
    /// the current description, which may name a kernel version. The description goes to the standard
    /// output or a file, the report to the standard error.
    #[command(after_help = "\
A property breaks if its name or bits change or go, or the name or number of one of its values, or \
if these become signed or unsigned.

Examples, to see what a new kernel would change, and to take it over:
  sysreg import --check linux/arch/arm64/tools/sysreg
  sysreg import linux/arch/arm64/tools/sysreg -o sysreg/data/aarch64-id.sysreg")]
    Import(Import),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Take a second name for a value for an error, as the generator of Linux 7.2 does.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct Defines {
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// The description; several files are one, in which nothing is defined twice.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The kernel's file, arch/arm64/tools/sysreg.
    #[arg(value_name = "FILE")]
    pub(crate) kernel: PathBuf,
    /// Write no description, only the report, to the standard output; fail if an existing property
    /// would break.
    #[arg(long, conflicts_with = "output")]
    pub(crate) check: bool,
    /// The description to compare with and to keep registers of; without it the one built in.
    #[arg(long, value_name = "FILE")]
    pub(crate) current: Option<PathBuf>,
    /// The file to write; without it the standard output. It is replaced as a whole or not at all.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
