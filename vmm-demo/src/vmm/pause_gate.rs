//! The gate that every vCPU's thread passes before it enters the guest: open, closed, or gone for good.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often threads that are still in the guest are called back: a signal that comes just before `KVM_RUN` does not
/// end it.
const KICK_INTERVAL: Duration = Duration::from_millis(1);

/// Lets threads through while it is open.
#[derive(Debug)]
pub struct PauseGate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Open,
    Closed,
    /// Nobody passes any more.
    Ended,
}

#[derive(Debug)]
struct GateState {
    position: Position,
    /// The threads that are out of the guest: they wait here, or have ended.
    outside: usize,
    threads: usize,
}

impl PauseGate {
    /// A closed gate for so many threads, all of which are inside until they come to it.
    #[must_use]
    pub fn closed(threads: usize) -> Self {
        Self {
            state: Mutex::new(GateState {
                position: Position::Closed,
                outside: 0,
                threads,
            }),
            changed: Condvar::new(),
        }
    }

    /// Whether a thread that is in the guest, or on its way there, may stay.
    pub fn is_open(&self) -> bool {
        self.state().position == Position::Open
    }

    /// Waits until the gate is open, and says whether to pass: not if it has ended.
    pub fn wait(&self) -> bool {
        let mut state = self.state();
        if state.position == Position::Closed {
            state.outside += 1;
            self.changed.notify_all();
            while state.position == Position::Closed {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.outside -= 1;
        }
        state.position == Position::Open
    }

    /// Says that the calling thread will not come again.
    pub fn exit(&self) {
        self.state().outside += 1;
        self.changed.notify_all();
    }

    /// Opens the gate.
    pub fn open(&self) {
        let mut state = self.state();
        if state.position == Position::Closed {
            state.position = Position::Open;
        }
        self.changed.notify_all();
    }

    /// Closes the gate and waits until every thread is outside, calling them back with `kick` now and again.
    pub fn close(&self, kick: impl Fn()) {
        let mut state = self.state();
        if state.position == Position::Open {
            state.position = Position::Closed;
        }
        while state.outside < state.threads {
            drop(state);
            kick();
            state = self.wait_interval();
        }
    }

    /// Lets nobody pass any more, and waits until every thread has left.
    pub fn end(&self, kick: impl Fn()) {
        let mut state = self.state();
        state.position = Position::Ended;
        self.changed.notify_all();
        while state.outside < state.threads {
            drop(state);
            kick();
            state = self.wait_interval();
        }
    }

    fn wait_interval(&self) -> MutexGuard<'_, GateState> {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), KICK_INTERVAL, |state| {
                state.outside < state.threads
            });
        match waited {
            Ok((state, _)) => state,
            Err(poisoned) => poisoned.into_inner().0,
        }
    }

    /// A thread that panicked leaves plain numbers behind.
    fn state(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    /// Counts rounds until the gate ends.
    fn work(gate: &PauseGate, rounds: &AtomicU64) {
        while gate.wait() {
            rounds.fetch_add(1, Ordering::SeqCst);
            thread::yield_now();
        }
        gate.exit();
    }

    #[test]
    fn nobody_is_inside_a_closed_gate() {
        let gate = Arc::new(PauseGate::closed(3));
        let rounds = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (gate, rounds) = (Arc::clone(&gate), Arc::clone(&rounds));
                thread::spawn(move || work(&gate, &rounds))
            })
            .collect();
        for _ in 0..50 {
            gate.close(|| {});
            let before = rounds.load(Ordering::SeqCst);
            thread::sleep(Duration::from_micros(200));
            assert_eq!(rounds.load(Ordering::SeqCst), before);
            gate.open();
            while rounds.load(Ordering::SeqCst) == before {
                thread::yield_now();
            }
        }
        gate.end(|| {});
        for thread in threads {
            thread.join().unwrap();
        }
        gate.open();
        assert!(!gate.is_open() && !gate.wait());
    }

    #[test]
    fn threads_that_have_left_are_not_waited_for() {
        let gate = PauseGate::closed(2);
        gate.exit();
        gate.exit();
        gate.close(|| panic!("nobody is to be called"));
        gate.end(|| panic!("nobody is to be called"));
    }
}
