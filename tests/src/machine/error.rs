//! What can go wrong with a host.

use crate::artifacts::NotSetUp;
use crate::link::LinkError;
use crate::program::NoSuchCommand;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a host cannot be had or does not do what it was asked.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What an emulated host is made of is missing.
    #[error(transparent)]
    NotSetUp(#[from] NotSetUp),
    /// No program has the command.
    #[error(transparent)]
    Command(#[from] NoSuchCommand),
    /// QEMU or the link to the host could not be started.
    #[error("cannot start the host (`{}`, through util-linux's `setpriv`)", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This machine is an Arm host and cannot be used as one.
    #[error(
        "cannot use this machine as the host: its programs get no working directory or connection"
    )]
    Hardware {
        /// Why.
        source: io::Error,
    },
    /// A file for the host cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The emulated host did not come up.
    #[error("an emulated host with CPU `{cpu}` and kernel {release} did not come up\n{diagnosis}")]
    Boot {
        /// The CPU asked for.
        cpu: String,
        /// The kernel's release.
        release: String,
        /// What QEMU and the console said last.
        diagnosis: String,
        /// Whether it ended or took too long.
        source: LinkError,
    },
    /// The host ended.
    #[error("the host was lost during {action}\n{diagnosis}")]
    Lost {
        /// What was being done.
        action: String,
        /// What QEMU and the console said last.
        diagnosis: String,
    },
    /// A command took too long and was ended.
    #[error("{action} took longer than {} s{said}", limit.as_secs())]
    TimeLimit {
        /// What was being done.
        action: String,
        /// How long it was allowed to take.
        limit: Duration,
        /// What the command had printed.
        said: String,
    },
    /// A command was ended by a signal that the testbed did not send.
    #[error("{action} was ended by signal {signal}{said}")]
    Killed {
        /// What was being done.
        action: String,
        /// The signal.
        signal: i32,
        /// What the command had printed.
        said: String,
    },
    /// The host could not do it.
    #[error("{action} failed")]
    Failed {
        /// What was being done.
        action: String,
        /// What the host said.
        source: LinkError,
    },
}

/// The message and its causes: what a test that fails with this error should print.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\nbecause {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// A part of an error message below its first line; nothing if there is no text.
pub(super) fn section(title: &str, text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!("\n{title}:\n{text}"),
    }
}
