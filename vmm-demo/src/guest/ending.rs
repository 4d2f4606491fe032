//! How the run of a guest ended.

use crate::output::failure::Failure;
use serde::Serialize;
use std::process::ExitCode;

/// Why there is no guest any more, if nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The command has done what was asked, without a guest that goes on.
    Done,
    /// The guest switched itself off.
    PoweredOff,
    /// QMP's `quit`, or Ctrl-A x on the console.
    Quit,
    /// The guest reset itself, and was not to start again.
    Reset,
    /// This program got a signal of this number.
    Signal(u8),
}

impl Ending {
    /// The ending by a signal, of which there are 64.
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
            // As shells count a program that a signal ended.
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

/// What there is to say of a run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub result: Result<Ending, Failure>,
    /// How often the guest was started again.
    pub resets: u64,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ending.code().into()
    }
}
