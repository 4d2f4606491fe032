//! The decision after each round of a pre-copy: another round, the stop, or the end.

use super::control::{MigrationParameters, TimeOutStrategy};
use std::time::Duration;

/// The share of sent memory that is dirty again after a round of a pre-copy that does not converge,
/// in percent (QEMU 11.1, `qapi/migration.json`, `throttle-trigger-threshold`).
const STALL_PERCENT: u64 = 50;

/// The number of such rounds before vCPUs are slowed down (QEMU 11.1, `migration/ram.c`,
/// `migration_trigger_throttle`).
const STALLED_ROUNDS: u32 = 2;

/// The share of the downtime limit below which no round makes the downtime shorter, in percent: the
/// state of the machine takes longer.
const SHORT_PERCENT: u32 = 5;

/// The maximum number of rounds that only make the downtime shorter.
const SHORTENING_ROUNDS: u32 = 3;

/// The first share of time that vCPUs lose, in percent (QEMU 11.1, `cpu-throttle-initial`).
const FIRST_THROTTLE: u8 = 20;

/// The step of the share (QEMU 11.1, `cpu-throttle-increment`).
const THROTTLE_STEP: u8 = 10;

/// The maximum of the share (QEMU 11.1, `max-cpu-throttle`).
const MAX_THROTTLE: u8 = 99;

/// The measurements of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundMeasurement {
    /// The bytes of guest memory that were to be sent.
    pub memory: u64,
    /// The bytes of those pages that are not zero.
    pub sent: u64,
    /// The time until the destination had written them.
    pub duration: Duration,
    /// The bytes of guest memory that were written meanwhile.
    pub dirty: u64,
    /// The time since the start of the migration.
    pub elapsed: Duration,
}

impl RoundMeasurement {
    /// The bandwidth in bytes of guest memory per second, before compression. Zero pages do not
    /// count: the next round may have none.
    #[must_use]
    pub fn bandwidth(&self) -> u64 {
        let microseconds = self.duration.as_micros().max(1);
        let bandwidth = u128::from(self.sent) * 1_000_000 / microseconds;
        u64::try_from(bandwidth).unwrap_or(u64::MAX)
    }

    /// The rate in bytes per second at which the guest wrote memory.
    #[must_use]
    pub fn dirty_rate(&self) -> u64 {
        let microseconds = self.duration.as_micros().max(1);
        let rate = u128::from(self.dirty) * 1_000_000 / microseconds;
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    /// The time in which the dirty memory can be sent: the downtime that a stop now means.
    #[must_use]
    pub fn expected_downtime(&self) -> Duration {
        let bandwidth = self.bandwidth().max(1);
        let microseconds = u128::from(self.dirty) * 1_000_000 / u128::from(bandwidth);
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(u64::MAX))
    }

    /// True if the guest writes less than half as fast as memory is sent, so that another round
    /// leaves less than half of the rest.
    const fn halves_the_rest(&self) -> bool {
        self.dirty.saturating_mul(2) < self.sent
    }
}

/// The decision after a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundDecision {
    /// Stops the guest and sends the rest.
    Stop,
    /// Sends what is dirty while the guest runs, slowed down by this share in percent.
    Continue {
        /// The share of time that vCPUs lose.
        throttle: u8,
    },
    /// Ends the migration.
    TimedOut,
}

/// The state of a pre-copy between its rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Convergence {
    stalled: u32,
    throttle: u8,
    /// The number of rounds that only made the downtime shorter.
    shortened: u32,
}

impl Convergence {
    /// Decides after a round.
    pub fn decide(
        &mut self,
        round: &RoundMeasurement,
        parameters: &MigrationParameters,
    ) -> RoundDecision {
        let fits = round.expected_downtime() <= parameters.downtime_limit;
        if let Some(decision) = time_out(round.elapsed, parameters) {
            return if fits { RoundDecision::Stop } else { decision };
        }
        if fits && !self.shortens(round, parameters) {
            return RoundDecision::Stop;
        }
        let stalled = round.dirty.saturating_mul(100) > round.memory.saturating_mul(STALL_PERCENT);
        self.stalled = if stalled { self.stalled + 1 } else { 0 };
        if self.is_stalled() && parameters.auto_converge {
            self.stalled = 0;
            self.throttle = match self.throttle {
                0 => FIRST_THROTTLE,
                share => share.saturating_add(THROTTLE_STEP).min(MAX_THROTTLE),
            };
        }
        RoundDecision::Continue {
            throttle: self.throttle,
        }
    }

    /// True if another round is worth its time, although the rest fits the downtime limit. QEMU
    /// stops there.
    fn shortens(&mut self, round: &RoundMeasurement, parameters: &MigrationParameters) -> bool {
        let short = parameters.downtime_limit * SHORT_PERCENT / 100;
        let shortens = self.shortened < SHORTENING_ROUNDS
            && round.expected_downtime() > short
            && round.halves_the_rest();
        self.shortened += u32::from(shortens);
        shortens
    }

    /// True if the guest writes memory about as fast as it is sent.
    #[must_use]
    pub const fn is_stalled(&self) -> bool {
        self.stalled >= STALLED_ROUNDS
    }
}

/// The decision if the time for the pre-copy is used up.
#[must_use]
pub fn time_out(elapsed: Duration, parameters: &MigrationParameters) -> Option<RoundDecision> {
    let time_out = parameters.time_out.filter(|most| elapsed >= *most);
    time_out.map(|_| match parameters.strategy {
        TimeOutStrategy::Cancel => RoundDecision::TimedOut,
        TimeOutStrategy::Force => RoundDecision::Stop,
    })
}
