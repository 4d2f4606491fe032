//! Runs fatal instructions and reads in a child process.

use super::hexadecimal::Hexadecimal;
use super::instructions::INSTRUCTIONS;
use super::physical::{PeekError, peek};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output};

/// The file of the running program.
const THIS_PROGRAM: &str = "/proc/self/exe";

const EXECUTE: &str = "--execute";
const PEEK: &str = "--peek";

/// Signals with which an instruction or a read may end a process
/// (Linux 7.2, `include/uapi/asm-generic/signal.h`).
const SIGNALS: [(i32, &str); 6] = [
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
];

/// Task of a child of the guest's first program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Execute the instruction of this name.
    Execute(String),
    /// Read eight bytes at this physical address.
    Peek(u64),
}

/// Errors of an attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// The child could not be started.
    #[error("cannot start {THIS_PROGRAM} again")]
    Start(#[source] io::Error),
    /// No instruction has this name.
    #[error("no instruction is named `{name}`")]
    NoInstruction {
        /// The name asked for.
        name: String,
    },
    /// Physical memory cannot be read.
    #[error(transparent)]
    Peek(#[from] PeekError),
    /// A signal ended the child, or it failed.
    #[error("{how}")]
    Ended {
        /// The signal's name or the child's error message.
        how: String,
    },
}

impl Attempt {
    /// The attempt in the arguments of this process, or `None` for those of the first program.
    #[must_use]
    pub fn from_arguments(arguments: &[String]) -> Option<Self> {
        match arguments {
            [word, name] if word == EXECUTE => Some(Self::Execute(name.clone())),
            [word, address] if word == PEEK => Some(Self::Peek(address.parse().ok()?)),
            _ => None,
        }
    }

    fn arguments(&self) -> [String; 2] {
        match self {
            Self::Execute(name) => [EXECUTE.to_owned(), name.clone()],
            Self::Peek(address) => [PEEK.to_owned(), address.to_string()],
        }
    }

    /// Makes the attempt in this process, and returns the text to print.
    ///
    /// # Errors
    ///
    /// [`AttemptError::NoInstruction`] or [`AttemptError::Peek`].
    pub fn make(&self) -> Result<String, AttemptError> {
        match self {
            Self::Execute(name) => {
                let named = INSTRUCTIONS.iter().find(|(known, _)| known == name);
                let (_, execute) =
                    named.ok_or_else(|| AttemptError::NoInstruction { name: name.clone() })?;
                execute();
                Ok(String::new())
            }
            Self::Peek(address) => Ok(Hexadecimal(peek(*address)?).to_string()),
        }
    }

    /// Makes the attempt in a child.
    fn start(&self) -> Result<Output, AttemptError> {
        Command::new(THIS_PROGRAM)
            .args(self.arguments())
            .output()
            .map_err(AttemptError::Start)
    }
}

/// Each instruction with `runs`, or the signal with which it ends a process.
pub(super) fn instructions() -> Result<Vec<(&'static str, String)>, AttemptError> {
    let names = INSTRUCTIONS.iter().map(|(name, _)| *name);
    let tried = names.map(|name| {
        let output = Attempt::Execute(name.to_owned()).start()?;
        Ok((name, failure(&output).unwrap_or_else(|| "runs".to_owned())))
    });
    tried.collect()
}

/// The eight bytes at a physical address, as text.
pub(super) fn peeked(address: u64) -> Result<String, AttemptError> {
    let output = Attempt::Peek(address).start()?;
    match failure(&output) {
        None => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Some(how) => Err(AttemptError::Ended { how }),
    }
}

/// The failure of a child, or `None`.
fn failure(output: &Output) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.signal(), said.trim()) {
        _ if output.status.success() => None,
        (Some(signal), _) => Some(signal_name(signal)),
        (None, "") => Some(ended(output.status)),
        (None, said) => Some(said.to_owned()),
    }
}

fn ended(status: ExitStatus) -> String {
    format!("it ended with {status}")
}

fn signal_name(signal: i32) -> String {
    let known = SIGNALS.iter().find(|(number, _)| *number == signal);
    known.map_or_else(
        || format!("signal {signal}"),
        |(_, name)| (*name).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_back() {
        for attempt in [Attempt::Execute("sve".into()), Attempt::Peek(u64::MAX)] {
            assert_eq!(Attempt::from_arguments(&attempt.arguments()), Some(attempt));
        }
        for arguments in [&["--peek", "0x"][..], &["--execute"], &["quiet"], &[]] {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            assert_eq!(Attempt::from_arguments(&arguments), None, "{arguments:?}");
        }
    }

    #[test]
    fn an_unknown_instruction_is_named() {
        let error = Attempt::Execute("nop".into()).make().unwrap_err();
        assert_eq!(error.to_string(), "no instruction is named `nop`");
    }

    #[test]
    fn the_end_of_a_child_is_reported() {
        let how =
            |script: &str| failure(&Command::new("sh").args(["-c", script]).output().unwrap());
        assert_eq!(how("exit 0"), None);
        assert_eq!(how("kill -ILL $$").as_deref(), Some("SIGILL"));
        assert_eq!(how("kill -USR1 $$").as_deref(), Some("signal 10"));
        assert_eq!(how("echo no >&2; exit 1").as_deref(), Some("no"));
        assert_eq!(
            how("exit 3").as_deref(),
            Some("it ended with exit status: 3")
        );
    }
}
