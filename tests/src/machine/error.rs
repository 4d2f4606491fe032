//! Errors of hosts.

use crate::artifacts::{Kernel, NotSetUp};
use crate::link::LinkError;
use crate::program::NoSuchCommand;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Errors of booting and using a host.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of an emulated host is missing.
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
        /// The cause.
        source: io::Error,
    },
    /// This machine is an Arm host, but the testbed cannot use it.
    #[error(
        "cannot use this machine as the host: no working directory or connection for its programs"
    )]
    Hardware {
        /// The cause.
        source: io::Error,
    },
    /// A file for the host cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The emulated host did not boot.
    #[error(
        "an emulated host with CPU `{cpu}` and kernel {release} did not boot; if other CPUs do not \
         either, {}\n{diagnosis}",
        remedy(*kernel, release)
    )]
    Boot {
        /// The emulated CPU.
        cpu: String,
        /// The kernel.
        kernel: Kernel,
        /// The kernel's release.
        release: String,
        /// Last messages of QEMU and the console.
        diagnosis: String,
        /// The cause: an early end or the time limit.
        source: LinkError,
    },
    /// The host ended.
    #[error("the host was lost during {action}\n{diagnosis}")]
    Lost {
        /// The action that failed.
        action: String,
        /// Last messages of QEMU and the console.
        diagnosis: String,
    },
    /// A command took too long and was ended.
    #[error("{action} took longer than {} s{said}", limit.as_secs())]
    TimeLimit {
        /// The action that failed.
        action: String,
        /// The time limit.
        limit: Duration,
        /// Output of the command so far, and the last messages on the host's console.
        said: String,
    },
    /// A command was ended by a signal that the testbed did not send.
    #[error("{action} was ended by signal {signal}{said}")]
    Killed {
        /// The action that failed.
        action: String,
        /// The signal.
        signal: i32,
        /// Output of the command so far.
        said: String,
    },
    /// The host refused or failed.
    #[error("{action} failed")]
    Failed {
        /// The action that failed.
        action: String,
        /// The cause.
        source: LinkError,
    },
}

/// Prints the message and its causes, for tests that fail with this error.
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

/// The way out if no CPU boots with a kernel.
fn remedy(kernel: Kernel, release: &str) -> String {
    let Some(recorded) = kernel.recorded_release() else {
        return format!("the cache's `kernels/{kernel}` may be damaged: it is fetched if missing");
    };
    if release == recorded {
        let command = "`cargo testbed setup --refresh` fetches it again";
        return format!("the kernel may be damaged: {command}");
    }
    format!("`cargo testbed setup --recorded` fetches {recorded}, with which the tests last passed")
}

/// A part of an error message below its first line; empty without text.
pub(super) fn section(title: &str, text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!("\n{title}:\n{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(release: &str) -> String {
        let error = Error::Boot {
            cpu: "max".to_owned(),
            kernel: Kernel::Latest,
            release: release.to_owned(),
            diagnosis: "QEMU was still running".to_owned(),
            source: LinkError::Lost,
        };
        error.to_string()
    }

    #[test]
    fn kernel_that_does_not_boot_comes_with_the_release_that_did() {
        let recorded = Kernel::Latest.recorded_release().unwrap();
        let newer = message("9.9.9");
        assert!(
            newer.contains(&format!("setup --recorded` fetches {recorded}")),
            "{newer}"
        );
        assert!(message(recorded).contains("setup --refresh` fetches it again"));
    }
}
