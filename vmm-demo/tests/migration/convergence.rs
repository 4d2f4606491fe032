//! Pre-copies of guests that write memory faster than it is sent.

use crate::migrations::Pair;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vmm_demo::migration::control::{Control, MigrationParameters, TimeOutStrategy};
use vmm_demo::migration::convergence::{Convergence, RoundDecision, RoundMeasurement};
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::failure::MigrationFailure;
use vmm_demo::migration::hello::MemoryMode;

const MIB: u64 = 1 << 20;

/// A round of 100 MiB in a second, after which this much is dirty.
fn round(dirty: u64) -> RoundMeasurement {
    RoundMeasurement {
        memory: 100 * MIB,
        sent: 100 * MIB,
        duration: Duration::from_secs(1),
        dirty,
        elapsed: Duration::from_secs(5),
    }
}

fn busy(parameters: MigrationParameters) -> Pair {
    let mut pair = Pair::new(MemoryMode::Copy);
    pair.source.writes = 20;
    pair.control = Arc::new(Control::new(parameters));
    pair
}

#[test]
fn guest_stops_when_the_rest_fits_the_downtime_limit() {
    let parameters = MigrationParameters::default();
    assert_eq!(
        round(30 * MIB).expected_downtime(),
        Duration::from_millis(300)
    );
    let mut convergence = Convergence::default();
    let go_on = RoundDecision::Continue { throttle: 0 };
    assert_eq!(convergence.decide(&round(31 * MIB), &parameters), go_on);
    // Another round would leave 9 MiB; the fourth of them stops.
    for _ in 0..3 {
        assert_eq!(convergence.decide(&round(30 * MIB), &parameters), go_on);
    }
    assert_eq!(
        convergence.decide(&round(30 * MIB), &parameters),
        RoundDecision::Stop
    );
    // A round that sent next to nothing has no bandwidth to divide by.
    let idle = RoundMeasurement {
        sent: 0,
        duration: Duration::ZERO,
        ..round(MIB)
    };
    assert_eq!(convergence.decide(&idle, &parameters), go_on);
}

#[test]
fn rounds_that_make_the_downtime_no_shorter_are_not_sent() {
    let stops = |round: RoundMeasurement, parameters: &MigrationParameters| {
        Convergence::default().decide(&round, parameters) == RoundDecision::Stop
    };
    let patient = MigrationParameters {
        downtime_limit: Duration::from_secs(2),
        ..MigrationParameters::default()
    };
    assert!(!stops(round(49 * MIB), &patient));
    assert!(stops(round(50 * MIB), &patient));
    let late = MigrationParameters {
        time_out: Some(Duration::from_secs(5)),
        ..patient
    };
    assert!(stops(round(49 * MIB), &late));
    // 5 % of 300 ms.
    let parameters = MigrationParameters::default();
    assert!(stops(round(MIB), &parameters));
    assert!(!stops(round(2 * MIB), &parameters));
}

#[test]
fn stalled_rounds_slow_the_guest_down_in_steps() {
    let parameters = MigrationParameters {
        auto_converge: true,
        ..MigrationParameters::default()
    };
    let mut convergence = Convergence::default();
    let mut shares = Vec::new();
    for _ in 0..22 {
        match convergence.decide(&round(80 * MIB), &parameters) {
            RoundDecision::Continue { throttle } => shares.push(throttle),
            decision => panic!("{decision:?}"),
        }
    }
    assert_eq!(shares[..6], [0, 20, 20, 30, 30, 40]);
    assert_eq!(shares[15..], [90, 90, 99, 99, 99, 99, 99]);
    // Progress is not a stall.
    let mut convergence = Convergence::default();
    for _ in 0..10 {
        let decision = convergence.decide(&round(45 * MIB), &parameters);
        assert_eq!(decision, RoundDecision::Continue { throttle: 0 });
    }
}

#[test]
fn used_up_time_cancels_or_forces_the_stop() {
    for (strategy, expected) in [
        (TimeOutStrategy::Cancel, RoundDecision::TimedOut),
        (TimeOutStrategy::Force, RoundDecision::Stop),
    ] {
        let parameters = MigrationParameters {
            time_out: Some(Duration::from_secs(5)),
            strategy,
            ..MigrationParameters::default()
        };
        let decision = Convergence::default().decide(&round(80 * MIB), &parameters);
        assert_eq!(decision, expected);
    }
}

/// Parameters under which no round of a busy guest fits the downtime.
fn hopeless(strategy: TimeOutStrategy) -> MigrationParameters {
    MigrationParameters {
        downtime_limit: Duration::ZERO,
        time_out: Some(Duration::from_millis(500)),
        strategy,
        ..MigrationParameters::default()
    }
}

#[test]
fn busy_guest_is_given_back_after_the_time_out() {
    let mut pair = busy(hopeless(TimeOutStrategy::Cancel));
    let (ends, _) = pair.migrate_with([None, None]);
    let (SourceEnd::Continues(failure), DestinationEnd::Discarded(_)) = ends else {
        panic!("{ends:?}");
    };
    assert!(
        matches!(failure, MigrationFailure::TimedOut { .. }),
        "{failure}"
    );
    assert!(pair.control.progress().expected_downtime.is_some());
    pair.source.writes = 3;
    pair.migrate_again();
}

#[test]
fn busy_guest_is_stopped_by_force_with_its_memory_whole() {
    for bandwidth in [None, Some(100_000)] {
        let mut pair = busy(MigrationParameters {
            bandwidth,
            ..hopeless(TimeOutStrategy::Force)
        });
        let (ends, _) = pair.migrate_with([None, None]);
        assert!(
            matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
            "{ends:?}"
        );
        assert!(pair.source.contents() == pair.destination.contents());
        pair.destination.writes = 3;
        pair.migrate_again();
    }
}

#[test]
fn slowed_guest_converges() {
    let mut pair = busy(MigrationParameters {
        downtime_limit: Duration::ZERO,
        auto_converge: true,
        ..MigrationParameters::default()
    });
    let (ends, _) = pair.migrate_with([None, None]);
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    assert_eq!(pair.source.throttles[..2], [20, 30]);
    assert!(pair.control.progress().throttle_percent >= 30);
    assert!(pair.source.contents() == pair.destination.contents());
}

#[test]
fn failed_migration_gives_the_guest_its_speed_back() {
    let mut pair = busy(MigrationParameters {
        auto_converge: true,
        time_out: Some(Duration::from_secs(2)),
        ..hopeless(TimeOutStrategy::Cancel)
    });
    pair.source.obeys_throttle = false;
    let (ends, _) = pair.migrate_with([None, None]);
    assert!(matches!(ends.0, SourceEnd::Continues(_)), "{ends:?}");
    assert!(pair.source.throttles.len() > 1);
    assert_eq!(pair.source.throttles.last(), Some(&0));
}

#[test]
fn bandwidth_limit_is_kept_and_can_be_raised() {
    let mut pair = Pair::new(MemoryMode::Copy);
    pair.control = Arc::new(Control::new(MigrationParameters {
        bandwidth: Some(1000),
        ..MigrationParameters::default()
    }));
    let control = Arc::clone(&pair.control);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(Duration::from_millis(500));
            control.set_parameters(MigrationParameters::default());
        });
        let (ends, _) = pair.migrate_with([None, None]);
        assert!(
            matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
            "{ends:?}"
        );
    });
    assert!(begun.elapsed() >= Duration::from_millis(500));
}
