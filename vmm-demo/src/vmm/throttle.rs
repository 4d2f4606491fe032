//! Slowing vCPUs down: each waits for a share of every period before it enters the guest again.
//!
//! A vCPU is taken out of the guest by a signal once a period; this is the caller's work.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The share of time for which the vCPUs of a guest wait; none at first.
#[derive(Debug, Default)]
pub struct Throttle {
    state: Mutex<ThrottleState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ThrottleState {
    /// The time to wait in each period.
    wait: Duration,
    /// True while the guest is paused: a wait would delay the pause.
    is_suspended: bool,
}

impl Throttle {
    /// Sets the share of time, in percent of each period, at most 99. Waits that have begun end.
    pub fn set(&self, percent: u8, period: Duration) {
        self.state().wait = period * u32::from(percent.min(99)) / 100;
        self.changed.notify_all();
    }

    /// Ends all waits, and allows none until [`go_on`](Self::go_on).
    pub fn suspend(&self) {
        self.state().is_suspended = true;
        self.changed.notify_all();
    }

    /// Allows waits again.
    pub fn go_on(&self) {
        self.state().is_suspended = false;
    }

    /// Waits for the share of one period.
    pub fn wait(&self) {
        let state = self.state();
        let time = state.wait;
        if time.is_zero() {
            return;
        }
        let waits = |state: &mut ThrottleState| !state.is_suspended && state.wait == time;
        // A poisoned lock guards a valid state.
        drop(self.changed.wait_timeout_while(state, time, waits));
    }

    /// No code that holds the lock panics half-way through a change.
    fn state(&self) -> MutexGuard<'_, ThrottleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;
    use std::time::Instant;

    const LONG: Duration = Duration::from_mins(10);

    #[test]
    fn share_of_a_period_is_waited_for() {
        let throttle = Throttle::default();
        throttle.set(50, Duration::from_millis(20));
        let started = Instant::now();
        throttle.wait();
        assert!(started.elapsed() >= Duration::from_millis(10));
    }

    #[test]
    fn nobody_waits_without_a_share_or_in_a_pause() {
        let throttle = Throttle::default();
        throttle.wait();
        throttle.set(99, LONG);
        throttle.suspend();
        throttle.wait();
        throttle.go_on();
        throttle.set(0, LONG);
        throttle.wait();
    }

    #[test]
    fn pause_ends_waits() {
        let throttle = Arc::new(Throttle::default());
        throttle.set(99, LONG);
        let waiting = Arc::clone(&throttle);
        let thread = thread::spawn(move || waiting.wait());
        throttle.suspend();
        thread.join().unwrap();
    }
}
