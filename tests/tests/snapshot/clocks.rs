//! Clocks of guests that were stopped.

use crate::guest::Guest;
use crate::hosts::host;
use idreg_tests::artifacts::Kernel;
use idreg_tests::guest::WorkStatus;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time in which a guest is stopped.
const PAUSE: Duration = Duration::from_secs(5);

/// Tolerance of a comparison of clocks: the time that a question and its answer take.
const TOLERANCE: Duration = Duration::from_secs(2);

/// The times that passed by a guest's clocks and by ours.
#[derive(Debug)]
struct Passed {
    realtime: Duration,
    monotonic: Duration,
    outside: Duration,
}

impl Passed {
    fn between(before: &WorkStatus, after: &WorkStatus, started: Instant) -> Self {
        let (before, after) = (before.time, after.time);
        Self {
            realtime: Duration::from_nanos(after.realtime_ns - before.realtime_ns),
            monotonic: Duration::from_nanos(after.monotonic_ns - before.monotonic_ns),
            outside: started.elapsed(),
        }
    }

    /// True if a part of this time has passed by neither clock.
    fn without(&self, part: Duration) -> bool {
        [self.realtime, self.monotonic]
            .iter()
            .all(|clock| *clock + part < self.outside + TOLERANCE)
    }
}

/// KVM counts on in a pause, and the VMM moves the counters back: before any CPU runs again, or
/// the CPUs see them go back.
#[test]
fn clock_of_a_stopped_guest_stands_still() {
    let mut guest = Guest::boot(host("max", Kernel::Latest), "stop", 2, &[]);
    assert_eq!(guest.ask("online 1")["online"], 1);
    let before = guest.status();
    guest.works_on(&before);
    for _pause in 0..3 {
        let (before, started) = (guest.status(), Instant::now());
        let mut qmp = guest.qmp();
        qmp.execute("stop", &json!({}));
        sleep(PAUSE);
        qmp.execute("cont", &json!({}));
        let after = guest.works_on(&before);
        let passed = Passed::between(&before, &after, started);
        assert!(passed.without(PAUSE), "{passed:?}");
    }
    guest.end();
}
