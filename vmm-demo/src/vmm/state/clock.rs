//! The counters of a guest while it does not run.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// The counters of a guest when it was stopped.
///
/// CNTVCT_EL0 and CNTPCT_EL0 have the same value: a VM starts with one offset for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockState {
    /// The value of both counters.
    pub count: u64,
    /// Their frequency in Hz (CNTFRQ_EL0).
    pub frequency: u64,
    /// The time of the host's clock then, in nanoseconds since 1970.
    pub stopped_at_ns: u64,
}

/// The treatment of the time between the stop of a guest and its restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClockPolicy {
    /// The counters are set forward by the time that has passed on the hosts' clocks: the guest's
    /// clock is right again.
    #[default]
    Advance,
    /// The counters go on from where they stood: the guest sees no gap, and its clock is late.
    Freeze,
}

/// A frequency that differs between the hosts; KVM cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the guest's counters run at {guest} Hz (CNTFRQ_EL0) and this host's at {host} Hz, which KVM \
     cannot change: the guest's clock would run at another speed; restore it on a host with the \
     same frequency"
)]
pub struct OtherFrequency {
    /// The guest's frequency in Hz.
    pub guest: u64,
    /// The host's frequency in Hz.
    pub host: u64,
}

impl ClockState {
    /// The counters of a guest that stops now.
    #[must_use]
    pub fn stopped(count: u64, frequency: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |since| since.as_nanos());
        Self {
            count,
            frequency,
            stopped_at_ns: u64::try_from(now).unwrap_or(u64::MAX),
        }
    }

    /// Checks that this host's counters have the frequency of the guest's; 0 is unknown.
    ///
    /// # Errors
    ///
    /// [`OtherFrequency`].
    pub fn check(&self, host: u64) -> Result<(), OtherFrequency> {
        let guest = self.frequency;
        if guest == host || guest == 0 || host == 0 {
            return Ok(());
        }
        Err(OtherFrequency { guest, host })
    }

    /// The value from which the counters go on at this time.
    ///
    /// With [`ClockPolicy::Advance`] a host's clock that is behind the other's sets nothing back:
    /// counters never go backwards.
    #[must_use]
    pub fn count_at(&self, now: SystemTime, policy: ClockPolicy) -> u64 {
        match policy {
            ClockPolicy::Freeze => self.count,
            ClockPolicy::Advance => {
                let stopped = UNIX_EPOCH + Duration::from_nanos(self.stopped_at_ns);
                let passed = now.duration_since(stopped).unwrap_or_default();
                self.count.saturating_add(self.ticks(passed))
            }
        }
    }

    fn ticks(&self, passed: Duration) -> u64 {
        let ticks = passed.as_nanos() * u128::from(self.frequency) / 1_000_000_000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: ClockState = ClockState {
        count: 1000,
        frequency: 62_500_000,
        stopped_at_ns: 1_700_000_000_000_000_000,
    };

    fn at(seconds: f64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs_f64(1_700_000_000.0 + seconds)
    }

    #[test]
    fn advancing_counters_catch_up() {
        assert_eq!(STATE.count_at(at(2.0), ClockPolicy::Advance), 125_001_000);
        assert_eq!(STATE.count_at(at(2.0), ClockPolicy::Freeze), 1000);
    }

    #[test]
    fn counters_never_go_backwards() {
        assert_eq!(STATE.count_at(at(-7.0), ClockPolicy::Advance), 1000);
        let far = ClockState {
            count: u64::MAX - 1,
            ..STATE
        };
        assert_eq!(far.count_at(at(2.0), ClockPolicy::Advance), u64::MAX);
    }

    #[test]
    fn other_frequencies_are_refused() {
        assert_eq!(STATE.check(62_500_000), Ok(()));
        assert_eq!(STATE.check(0), Ok(()));
        let error = STATE.check(1_000_000_000).unwrap_err().to_string();
        assert!(
            error.contains("62500000 Hz") && error.contains("1000000000"),
            "{error}"
        );
    }
}
