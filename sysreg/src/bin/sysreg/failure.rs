//! Failures of commands, with their exit codes and messages.

use std::fmt;
use std::io;
use std::path::PathBuf;
use sysreg::SourceError;

/// A command's failure.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A description with errors, which are shown before; the text is the last line.
    Invalid(String),
    /// A description that describes no register.
    NoRegister(String),
    /// A file without the fields of Arm's specification.
    NoArmFields {
        path: PathBuf,
        cause: String,
    },
    /// Existing properties would break; the report lists them.
    Breaks,
    ReadFile {
        path: PathBuf,
        source: io::Error,
    },
    /// Files that together are over the limit.
    TooLarge(SourceError),
    WriteFile {
        path: PathBuf,
        source: io::Error,
    },
    Output(io::Error),
}

impl Failure {
    /// The exit code: 1 for an invalid description or a break, 2 for usage, 4 for other failures.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Invalid(_) | Self::NoRegister(_) | Self::NoArmFields { .. } | Self::Breaks => 1,
            Self::ReadFile { .. } | Self::TooLarge(_) => 2,
            Self::WriteFile { .. } | Self::Output(_) => 4,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(summary) => f.write_str(summary),
            Self::NoRegister(name) => write!(
                f,
                "`{name}` describes no register: a description is a file like the kernel's \
                 arch/arm64/tools/sysreg"
            ),
            Self::NoArmFields { path, cause } => {
                write!(f, "cannot use `{}`: {cause}", path.display())
            }
            Self::Breaks => f.write_str("existing properties would break"),
            Self::ReadFile { path, source } => {
                write!(f, "cannot read `{}`: {source}", path.display())
            }
            Self::TooLarge(error) => error.fmt(f),
            Self::WriteFile { path, source } => {
                write!(f, "cannot write `{}`: {source}", path.display())
            }
            Self::Output(error) => write!(f, "cannot write to the standard output: {error}"),
        }
    }
}
