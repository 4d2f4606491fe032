//! Counters of the work, and the report on them.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};

/// The work of a guest so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkStatus {
    /// The CPUs that are online, in order.
    pub cpus: Vec<CpuStatus>,
    /// The time.
    pub time: Time,
    /// The longest times in which no CPU ran, since the last report.
    pub gaps: Gaps,
}

/// The work of one CPU since it came online.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuStatus {
    /// The CPU's number.
    pub cpu: usize,
    /// The number of times that its part of the memory was rewritten and found right.
    pub memory_rounds: u64,
    /// Reads of each clock.
    pub clock_reads: u64,
    /// Expirations of its timer of 10 ms.
    pub ticks: u64,
    /// The most wake-ups by that timer in 100 ms, since the last report.
    pub most_wakeups: u64,
    /// Interrupts of the architected timer since the guest booted.
    pub timer_interrupts: u64,
    /// The most of them from one look to the next, 100 ms later, since the last report.
    pub most_timer_interrupts: u64,
    /// Length of its vector registers, in bytes: 16 without SVE.
    pub vector_bytes: u64,
    /// The number of times that its vector registers were left alone and found unchanged.
    pub vector_rounds: u64,
}

/// The time by each clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub monotonic_ns: u64,
    /// `CLOCK_REALTIME`, in nanoseconds.
    pub realtime_ns: u64,
    /// CNTVCT_EL0.
    pub counter: u64,
    /// CNTFRQ_EL0, in Hz.
    pub counter_hz: u64,
}

/// The longest time between two reads of each clock, by any two CPUs, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gaps {
    /// Of `CLOCK_MONOTONIC`.
    pub monotonic_ns: u64,
    /// Of `CLOCK_REALTIME`.
    pub realtime_ns: u64,
    /// Of CNTVCT_EL0.
    pub counter_ns: u64,
}

/// Counters of one CPU.
#[derive(Debug, Default)]
pub(super) struct Counters {
    memory_rounds: AtomicU64,
    clock_reads: AtomicU64,
    ticks: AtomicU64,
    most_wakeups: AtomicU64,
    most_timer_interrupts: AtomicU64,
    vector_bytes: AtomicU64,
    vector_rounds: AtomicU64,
}

impl Counters {
    pub(super) fn memory_round(&self) {
        self.memory_rounds.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn clock_reads(&self, reads: u32) {
        self.clock_reads.fetch_add(reads.into(), Ordering::Relaxed);
    }

    pub(super) fn ticks(&self, expirations: u64, wakeups: u64) {
        self.ticks.fetch_add(expirations, Ordering::Relaxed);
        self.most_wakeups.fetch_max(wakeups, Ordering::Relaxed);
    }

    pub(super) fn timer_interrupts(&self, growth: u64) {
        self.most_timer_interrupts
            .fetch_max(growth, Ordering::Relaxed);
    }

    pub(super) fn vector_bytes(&self, bytes: u64) {
        self.vector_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn vector_round(&self) {
        self.vector_rounds.fetch_add(1, Ordering::Relaxed);
    }

    /// The report; the next one has the largest numbers since this one.
    pub(super) fn status(&self, cpu: usize, timer_interrupts: u64) -> CpuStatus {
        CpuStatus {
            cpu,
            memory_rounds: self.memory_rounds.load(Ordering::Relaxed),
            clock_reads: self.clock_reads.load(Ordering::Relaxed),
            ticks: self.ticks.load(Ordering::Relaxed),
            most_wakeups: self.most_wakeups.swap(0, Ordering::Relaxed),
            timer_interrupts,
            most_timer_interrupts: self.most_timer_interrupts.swap(0, Ordering::Relaxed),
            vector_bytes: self.vector_bytes.load(Ordering::Relaxed),
            vector_rounds: self.vector_rounds.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn largest_numbers_are_those_since_the_last_report() {
        let counters = Counters::default();
        counters.ticks(1, 10);
        counters.ticks(500, 2);
        counters.timer_interrupts(70);
        let first = counters.status(2, 1000);
        assert_eq!((first.ticks, first.most_wakeups), (501, 10));
        assert_eq!(
            (first.timer_interrupts, first.most_timer_interrupts),
            (1000, 70)
        );
        counters.ticks(1, 3);
        let second = counters.status(2, 1001);
        assert_eq!((second.ticks, second.most_wakeups), (502, 3));
        assert_eq!(second.most_timer_interrupts, 0);
    }
}
