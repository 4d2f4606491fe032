//! Arguments and help texts of the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use sysreg::Generator;

/// Checks, lists and updates descriptions of the arm64 system registers.
///
/// A description is a file like the Linux kernel's arch/arm64/tools/sysreg.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  a description has errors, or a change would break existing properties
  2  wrong usage, or a file cannot be read
  4  any other failure";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reports all errors and warnings of a description.
    ///
    /// Writes the report to the standard output, and a last line with the totals to the standard
    /// error. Warnings alone are not a failure; a description without registers is.
    #[command(after_help = "\
Example, for a description in two files:
  sysreg check linux/arch/arm64/tools/sysreg vendor.sysreg")]
    Check(Check),
    /// Prints the macros that the kernel's own generator makes of a description.
    ///
    /// One macro on a line: name, tab and value, in the order of the kernel's generator,
    /// arch/arm64/tools/gen-sysreg.awk. The generators of 6.1 and 6.2 do not make the macros that
    /// end in _UNKN.
    #[command(after_help = "\
Example, the mask of every field:
  sysreg defines linux/arch/arm64/tools/sysreg | grep _MASK")]
    Defines(Defines),
    /// Updates this project's description from a kernel's file, and reports the changes.
    ///
    /// Imports the registers of KVM's feature ID range. Keeps MIDR_EL1, MPIDR_EL1, REVIDR_EL1 and
    /// AIDR_EL1, which are not in the kernel's file, and the comment at the top of the current
    /// description, which may name a kernel version. Writes the description to the standard output
    /// or to a file, and the report to the standard error.
    #[command(after_help = "\
A property breaks if its name or its bits change or are removed, if the name or the number of one \
of its values changes or is removed, or if its values become signed or unsigned.

Examples, a preview of the changes of a new kernel, and the import:
  sysreg import --check linux/arch/arm64/tools/sysreg
  sysreg import linux/arch/arm64/tools/sysreg -o sysreg/data/aarch64-id.sysreg")]
    Import(Import),
    /// Prints the rule of every field, for programs in other languages.
    ///
    /// For each field: the values that KVM accepts, the option or part of a VM that sets it or that
    /// it needs, the software that can act on it, and the architecture's features that it defines.
    #[command(after_help = "\
Examples, the fields that only a hypervisor can act on, and a header for a C program:
  sysreg rules --json | jq '.fields[] | select(.audience == \"el2\") | .property'
  sysreg rules --c-header > idreg-rules.h")]
    Rules(Rules),
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Reports a second name for a value as an error, like the generator of Linux 7.2.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct Defines {
    /// The Linux version of the generator.
    ///
    /// From 7.3 on, a register whose layout is defined in another block has _RES0, _RES1 and _UNKN
    /// too: those of that block.
    #[arg(long, value_enum, default_value = "7.3", value_name = "VERSION")]
    pub(crate) like: Like,
    #[command(flatten)]
    pub(crate) files: Files,
}

/// A version of the kernel's generator.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Like {
    #[value(name = "7.2")]
    Linux7_2,
    #[value(name = "7.3")]
    Linux7_3,
}

impl From<Like> for Generator {
    fn from(like: Like) -> Self {
        match like {
            Like::Linux7_2 => Self::Linux7_2,
            Like::Linux7_3 => Self::Linux7_3,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// The description; several files are one description, with unique names.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// Prints JSON with the schema `idreg-rules/1`.
    #[arg(long, required_unless_present = "c_header")]
    pub(crate) json: bool,
    /// Prints a header in C11, with tables and functions.
    #[arg(long, conflicts_with = "json")]
    pub(crate) c_header: bool,
    /// The description, in one file or several [default: built-in].
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The kernel's file, arch/arm64/tools/sysreg.
    #[arg(value_name = "FILE", required_unless_present = "arm_names")]
    pub(crate) kernel: Option<PathBuf>,
    /// Writes the table of the fields that Arm's specification names otherwise, from the
    /// specification's fields in QEMU's form (target/arm/cpu-idregs.h.inc).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kernel", "check"])]
    pub(crate) arm_names: Option<PathBuf>,
    /// Writes only the report, to the standard output; fails if an existing property would break.
    #[arg(long, conflicts_with = "output")]
    pub(crate) check: bool,
    /// The current description, for the comparison and the kept registers [default: built-in].
    #[arg(long, value_name = "FILE")]
    pub(crate) current: Option<PathBuf>,
    /// The file to write, replaced as a whole or not at all [default: the standard output].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
