//! Clocks that never go backwards, on one CPU and from one CPU to another.

use super::activity::Activity;
use super::clock_name::{ClockName, NANOSECONDS};
use super::counter;
use super::fault::Fault;
use super::status::{Counters, Gaps, Time};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Number of reads of each clock between rests.
const READS: u32 = 64;

/// Rest between reads.
const REST: Duration = Duration::from_millis(4);

/// The latest value that any CPU read from a clock.
struct Clock {
    name: ClockName,
    latest: AtomicU64,
    largest_gap: AtomicU64,
}

impl Clock {
    fn new(name: ClockName) -> Self {
        Self {
            name,
            latest: AtomicU64::new(name.read()),
            largest_gap: AtomicU64::default(),
        }
    }

    /// Reads the clock after the latest value is known, so that a smaller one is a step backwards.
    fn check(&self, cpu: usize, read: impl FnOnce() -> u64) -> Result<(), Fault> {
        let earlier = self.latest.load(Ordering::SeqCst);
        let later = read();
        let gap = later.checked_sub(earlier).ok_or(Fault::Backwards {
            clock: self.name,
            cpu,
            earlier,
            later,
        })?;
        self.largest_gap.fetch_max(gap, Ordering::SeqCst);
        self.latest.fetch_max(later, Ordering::SeqCst);
        Ok(())
    }

    /// The largest time in which no CPU read the clock, since the last call.
    fn take_gap(&self) -> u64 {
        self.largest_gap.swap(0, Ordering::SeqCst)
    }
}

/// The clocks, which all CPUs share.
pub(super) struct Clocks {
    monotonic: Clock,
    realtime: Clock,
    counter: Clock,
}

impl Clocks {
    pub(super) fn new() -> Self {
        Self {
            monotonic: Clock::new(ClockName::Monotonic),
            realtime: Clock::new(ClockName::Realtime),
            counter: Clock::new(ClockName::Counter),
        }
    }

    /// The largest gaps since the last call.
    pub(super) fn take_gaps(&self) -> Gaps {
        let ticks = u128::from(self.counter.take_gap());
        let counter = ticks * u128::from(NANOSECONDS) / u128::from(counter::frequency().max(1));
        Gaps {
            monotonic_ns: self.monotonic.take_gap(),
            realtime_ns: self.realtime.take_gap(),
            counter_ns: u64::try_from(counter).unwrap_or(u64::MAX),
        }
    }
}

/// The time now.
pub(super) fn now() -> Time {
    Time {
        monotonic_ns: ClockName::Monotonic.read(),
        realtime_ns: ClockName::Realtime.read(),
        counter: ClockName::Counter.read(),
        counter_hz: counter::frequency(),
    }
}

/// The reads of one CPU.
pub(super) struct ClockReads {
    cpu: usize,
    clocks: Arc<Clocks>,
    counters: Arc<Counters>,
}

impl ClockReads {
    pub(super) fn new(cpu: usize, clocks: Arc<Clocks>, counters: Arc<Counters>) -> Self {
        Self {
            cpu,
            clocks,
            counters,
        }
    }
}

impl Activity for ClockReads {
    fn step(&mut self) -> Result<(), Fault> {
        let Clocks {
            monotonic,
            realtime,
            counter,
        } = &*self.clocks;
        for _read in 0..READS {
            for clock in [monotonic, realtime, counter] {
                clock.check(self.cpu, || clock.name.read())?;
            }
        }
        self.counters.clock_reads(READS);
        sleep(REST);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_backwards_is_a_fault_on_any_cpu() {
        let clock = Clock::new(ClockName::Counter);
        clock.latest.store(100, Ordering::SeqCst);
        for (cpu, value) in [(0, 100), (1, 130), (0, 131)] {
            clock.check(cpu, || value).unwrap();
        }
        assert_eq!((clock.take_gap(), clock.take_gap()), (30, 0));
        let message = clock.check(1, || 130).unwrap_err().to_string();
        assert_eq!(
            message,
            "CNTVCT_EL0 went backwards: 131 was read, and then 130 on CPU 1"
        );
    }

    #[test]
    fn clocks_of_this_machine_go_forwards() {
        let clocks = Arc::new(Clocks::new());
        let mut reads = ClockReads::new(0, Arc::clone(&clocks), Arc::default());
        reads.step().unwrap();
        reads.step().unwrap();
        let gaps = clocks.take_gaps();
        for gap in [gaps.monotonic_ns, gaps.realtime_ns, gaps.counter_ns] {
            assert!(gap >= 1_000_000, "{gaps:?}");
        }
    }
}
