//! How the run of a guest ended.

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
use crate::output::failure::Failure;
use serde::Serialize;
use std::process::ExitCode;

/// Why there is no guest any more, if nothing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "aarch64")),
    allow(dead_code, reason = "guests run on Arm machines alone")
)]
pub(crate) enum Ending {
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
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "there is nothing to end by a signal")
    )]
    pub(crate) fn of_signal(number: i32) -> Self {
        Self::Signal(u8::try_from(number).unwrap_or(u8::MAX))
    }

    /// The exit code of this program.
    pub(crate) const fn code(self) -> u8 {
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
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) struct Ended {
    pub(crate) result: Result<Ending, Failure>,
    /// How often the guest was started again.
    pub(crate) resets: u64,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ending.code().into()
    }
}
