//! The testbed's error and its exit codes.

use crate::artifacts::build::BuildError;
use crate::artifacts::setup::SetupError;
use crate::demo::DemoError;
use crate::forward::RelayError;
use crate::machine;
use crate::program::{Executable, NoSuchCommand, ProgramFileError};
use std::io;
use std::path::PathBuf;

/// Errors of the testbed's commands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestbedError {
    /// Fetching or building failed.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The list of artifacts could not be written.
    #[error(transparent)]
    List(#[from] BuildError),
    /// No program has the command.
    #[error(transparent)]
    Command(#[from] NoSuchCommand),
    /// The file given as the program is none for the host.
    #[error(transparent)]
    ProgramFile(#[from] ProgramFileError),
    /// The host failed.
    #[error(transparent)]
    Machine(#[from] machine::Error),
    /// A connection between two hosts failed.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// A step of a demonstration failed.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The path of a file for the host has no file name.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The path given.
        path: PathBuf,
    },
    /// A socket cannot be created.
    #[error("cannot listen at {}", path.display())]
    Listen {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Signals cannot be handled.
    #[error("cannot pass on signals")]
    Signals(#[source] io::Error),
    /// The output of the command cannot be passed on.
    #[error("cannot pass on the output of {program}")]
    Output {
        /// The program.
        program: Executable,
        /// The cause.
        source: io::Error,
    },
    /// A signal ended the command.
    #[error("{program} was ended by signal {signal}")]
    Killed {
        /// The program.
        program: Executable,
        /// The signal.
        signal: i32,
    },
    /// Cargo cannot be started.
    #[error("cannot run `cargo test`")]
    Cargo(#[source] io::Error),
}

impl TestbedError {
    /// The exit code of the testbed for this error: 2 for a command that no program has and
    /// for a file that is no program, 3 if packages are missing, otherwise 4.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Command(_) | Self::ProgramFile(_) => 2,
            Self::Setup(SetupError::Packages { .. }) => 3,
            _ => 4,
        }
    }
}
