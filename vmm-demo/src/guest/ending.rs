//! Endings of a guest's run, and their exit codes.

use crate::output::failure::Failure;
use serde::Serialize;
use std::process::ExitCode;

/// Reason for the end of a run in which nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The command is done and left no guest running.
    Done,
    /// The guest powered itself off.
    PoweredOff,
    /// QMP's `quit`, or Ctrl-A x on the console.
    Quit,
    /// The guest reset itself under `--no-reboot`, or without boot files after `restore`.
    Reset,
    /// This program received the signal of this number.
    Signal(u8),
}

impl Ending {
    /// The ending by a signal. Signal numbers end at 64.
    #[must_use]
    pub fn of_signal(number: i32) -> Self {
        Self::Signal(u8::try_from(number).unwrap_or(u8::MAX))
    }

    /// The exit code of this program.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done | Self::PoweredOff => 0,
            Self::Quit => 5,
            Self::Reset => 6,
            // The convention of shells for a program ended by a signal.
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

/// Outcome of a run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The ending, or the failure.
    pub result: Result<Ending, Failure>,
    /// Number of resets after which the guest started again.
    pub resets: u64,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ending.code().into()
    }
}
