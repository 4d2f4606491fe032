//! A periodic timer of each CPU.

use super::activity::Activity;
use super::clock_name::ClockName;
use super::fault::Fault;
use super::status::Counters;
use rustix::io::read;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// The timer's period, in nanoseconds.
const PERIOD: i64 = 10_000_000;

/// Time in which wake-ups are counted, in nanoseconds.
const WINDOW: u64 = 100_000_000;

/// The timer of one CPU. While nobody reads it, its expirations add up to one wake-up: many
/// wake-ups in a short time are many interrupts.
pub(super) struct Ticks {
    timer: OwnedFd,
    window: Window,
    counters: Arc<Counters>,
}

impl Ticks {
    pub(super) fn new(counters: Arc<Counters>) -> Result<Self, Fault> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC);
        let timer = timer.map_err(Fault::Timer)?;
        let period = Timespec {
            tv_sec: 0,
            tv_nsec: PERIOD,
        };
        let setting = Itimerspec {
            it_interval: period,
            it_value: period,
        };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &setting).map_err(Fault::Timer)?;
        Ok(Self {
            timer,
            window: Window::default(),
            counters,
        })
    }
}

impl Activity for Ticks {
    fn step(&mut self) -> Result<(), Fault> {
        let mut expirations = [0; 8];
        read(&self.timer, &mut expirations).map_err(Fault::Timer)?;
        let wakeups = self.window.add(ClockName::Monotonic.read());
        self.counters
            .ticks(u64::from_ne_bytes(expirations), wakeups);
        Ok(())
    }
}

/// The times of the last wake-ups, in nanoseconds.
#[derive(Default)]
struct Window(VecDeque<u64>);

impl Window {
    /// Adds a wake-up, and returns the number of those in the time up to it.
    fn add(&mut self, now: u64) -> u64 {
        self.0.push_back(now);
        while self.0.front().is_some_and(|&first| first + WINDOW <= now) {
            self.0.pop_front();
        }
        self.0.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_has_the_wakeups_of_the_last_100_ms() {
        let mut window = Window::default();
        let regular = (1..=50).map(|tick| window.add(tick * 10_000_000)).max();
        assert_eq!(regular, Some(10));
        // A leap of five seconds, and a storm after it.
        assert_eq!(window.add(5_500_000_000), 1);
        let storm = (1..=500).map(|tick| window.add(5_500_000_000 + tick)).max();
        assert_eq!(storm, Some(501));
    }

    #[test]
    fn timer_expires_every_10_ms() {
        let counters: Arc<Counters> = Arc::default();
        let mut ticks = Ticks::new(Arc::clone(&counters)).unwrap();
        let before = ClockName::Monotonic.read();
        for _wakeup in 0..5 {
            ticks.step().unwrap();
        }
        let took = ClockName::Monotonic.read() - before;
        let status = counters.status(0, 0);
        assert!((1..=5).contains(&status.most_wakeups), "{status:?}");
        assert!(status.ticks >= 5 && took >= 40_000_000, "{took} {status:?}");
    }
}
