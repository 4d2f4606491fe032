//! The clocks of a guest.

use super::counter;
use rustix::time::{ClockId, clock_gettime};
use std::fmt;

/// Nanoseconds of a second.
pub(super) const NANOSECONDS: u64 = 1_000_000_000;

/// A clock of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockName {
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    Monotonic,
    /// `CLOCK_REALTIME`, in nanoseconds.
    Realtime,
    /// CNTVCT_EL0, in ticks.
    Counter,
}

impl fmt::Display for ClockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Monotonic => "CLOCK_MONOTONIC",
            Self::Realtime => "CLOCK_REALTIME",
            Self::Counter => "CNTVCT_EL0",
        })
    }
}

impl ClockName {
    /// The time now.
    pub(super) fn read(self) -> u64 {
        match self {
            Self::Monotonic => nanoseconds(ClockId::Monotonic),
            Self::Realtime => nanoseconds(ClockId::Realtime),
            Self::Counter => counter::read(),
        }
    }
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let part = |part: i64| u64::try_from(part).unwrap_or_default();
    part(time.tv_sec) * NANOSECONDS + part(time.tv_nsec)
}
