//! Clocks of guests over snapshots.

use crate::guest::Guest;
use crate::hosts::host;
use idreg_tests::artifacts::Kernel;
use idreg_tests::guest::WorkStatus;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time between a snapshot and the restore, and of a stop.
const PAUSE: Duration = Duration::from_secs(5);

/// Tolerance of a comparison of clocks.
const TOLERANCE: Duration = Duration::from_secs(2);

/// Time of work after a restore, in which a storm of interrupts would show.
const WORK: Duration = Duration::from_secs(2);

/// The most wake-ups by a timer of 10 ms in 100 ms: twice the regular number.
const MOST_WAKEUPS: u64 = 20;

/// The most timer interrupts of a CPU from one look to the next. The work has about 100, and those
/// that a CPU missed in [`PAUSE`] at 250 Hz would be over 1000.
const MOST_TIMER_INTERRUPTS: u64 = 800;

/// A guest's status, and our times of the question and the answer: on a busy machine they are
/// seconds apart.
struct Look {
    status: WorkStatus,
    asked: Instant,
    answered: Instant,
}

impl Look {
    fn of(guest: &mut Guest) -> Self {
        let asked = Instant::now();
        Self {
            status: guest.status(),
            asked,
            answered: Instant::now(),
        }
    }
}

/// The times that passed by a guest's clocks, and the least and the most by ours.
#[derive(Debug)]
struct Passed {
    realtime: Duration,
    monotonic: Duration,
    least: Duration,
    most: Duration,
}

impl Passed {
    fn between(before: &Look, after: &Look) -> Self {
        let (then, now) = (before.status.time, after.status.time);
        Self {
            realtime: Duration::from_nanos(now.realtime_ns - then.realtime_ns),
            monotonic: Duration::from_nanos(now.monotonic_ns - then.monotonic_ns),
            least: after.asked - before.answered,
            most: after.answered - before.asked,
        }
    }

    /// True if all of this time has passed by the clock of the day.
    fn with_all(&self) -> bool {
        self.realtime + TOLERANCE > self.least && self.realtime < self.most + TOLERANCE
    }

    /// True if a part of this time has passed by neither clock.
    fn without(&self, part: Duration) -> bool {
        [self.realtime, self.monotonic]
            .iter()
            .all(|clock| *clock + part < self.most + TOLERANCE)
    }
}

/// A guest after a pause, with its first status.
struct Pause {
    status: WorkStatus,
    passed: Passed,
    guest: Guest,
}

fn pause(name: &str, clock: &str) -> Pause {
    let mut guest = Guest::booted(host("max", Kernel::Latest), name, 2);
    assert_eq!(guest.ask("online 1")["online"], 1);
    let before = guest.status();
    guest.works_on(&before);
    let before = Look::of(&mut guest);
    let saved = guest.cut(&[]);
    sleep(PAUSE);
    let mut guest = saved.restore(&["--clock", clock]);
    sleep(WORK);
    let after = Look::of(&mut guest);
    Pause {
        passed: Passed::between(&before, &after),
        status: after.status,
        guest,
    }
}

fn has_no_storm(status: &WorkStatus) {
    for cpu in &status.cpus {
        assert!(cpu.most_wakeups <= MOST_WAKEUPS, "{status:?}");
        let interrupts = cpu.most_timer_interrupts;
        assert!(interrupts <= MOST_TIMER_INTERRUPTS, "{status:?}");
    }
}

#[test]
fn clock_that_advances_shows_the_time_of_the_host_and_ticks_on_regularly() {
    let mut pause = pause("advance", "advance");
    assert!(pause.passed.with_all(), "{:?}", pause.passed);
    let gap = Duration::from_nanos(pause.status.gaps.realtime_ns);
    assert!(gap >= PAUSE, "{gap:?}");
    has_no_storm(&pause.status);
    pause.guest.works_on(&pause.status);
    pause.guest.end();
}

#[test]
fn clock_that_freezes_goes_on_where_it_was() {
    let mut pause = pause("freeze", "freeze");
    assert!(pause.passed.without(PAUSE), "{:?}", pause.passed);
    let gap = Duration::from_nanos(pause.status.gaps.realtime_ns);
    assert!(gap < PAUSE, "{gap:?}");
    has_no_storm(&pause.status);
    pause.guest.works_on(&pause.status);
    pause.guest.end();
}

/// KVM counts on in a pause, and the VMM moves the counters back: before any CPU runs again, or
/// the CPUs see them go back.
#[test]
fn clock_of_a_stopped_guest_stands_still() {
    let mut guest = Guest::booted(host("max", Kernel::Latest), "stop", 2);
    assert_eq!(guest.ask("online 1")["online"], 1);
    let before = guest.status();
    guest.works_on(&before);
    for _pause in 0..3 {
        let look = Look::of(&mut guest);
        let mut qmp = guest.qmp();
        qmp.execute("stop", &json!({}));
        sleep(PAUSE);
        qmp.execute("cont", &json!({}));
        guest.works_on(&look.status);
        let passed = Passed::between(&look, &Look::of(&mut guest));
        assert!(passed.without(PAUSE), "{passed:?}");
    }
    guest.end();
}
