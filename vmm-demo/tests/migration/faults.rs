//! Faults of the link, of calls and of processes at every step: one guest, its memory right.

use crate::link::{END, LinkFault};
use crate::migrations::Pair;
use crate::world::Injection;
use std::time::Duration;
use vmm_demo::migration::MigrationTimeouts;
use vmm_demo::migration::doubt::DoubtError;
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::inquiry::DoubtDecision;

/// Short, as a lost byte is seen by the silence after it.
const IMPATIENT: MigrationTimeouts = MigrationTimeouts {
    link: Duration::from_millis(250),
    answer: Duration::from_millis(250),
};

const MODES: [MemoryMode; 2] = [MemoryMode::Copy, MemoryMode::Shared];

fn impatient(memory: MemoryMode) -> Pair {
    let mut pair = Pair::new(memory);
    pair.timeouts = IMPATIENT;
    pair
}

/// The bytes that each side sends without a fault.
fn clean_run(memory: MemoryMode) -> [usize; 2] {
    let (ends, meter) = Pair::new(memory).migrate_with([None, None]);
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    meter.sent()
}

/// Bytes all over a stream, and those of its last messages close to each other.
fn bytes(total: usize) -> impl Iterator<Item = usize> {
    let last = total.saturating_sub(5 * 28 + END);
    (0..last)
        .step_by(last / 25 + 1)
        .chain((last..total).step_by(9))
}

/// Checks the ends of a migration whose processes all live, and migrates the guest again. Returns
/// true if the link was lost at the hand-over.
fn check(mut pair: Pair, ends: (SourceEnd, DestinationEnd), context: &str) -> bool {
    assert!(pair.world.most() <= 1, "{context}: {ends:?}");
    let mut doubt = true;
    match ends {
        (SourceEnd::Continues(_), DestinationEnd::Discarded(_))
        | (SourceEnd::Completed, DestinationEnd::Runs) => doubt = false,
        (SourceEnd::Continues(_), DestinationEnd::InDoubt(mut destination)) => {
            destination
                .resolve(DoubtDecision::Discard, &mut pair.destination)
                .expect("a decision");
        }
        (SourceEnd::InDoubt(mut source), DestinationEnd::Runs) => {
            source
                .resolve(DoubtDecision::Discard, &mut pair.source)
                .expect("a decision");
        }
        (SourceEnd::InDoubt(mut source), DestinationEnd::InDoubt(mut destination)) => {
            assert!(pair.world.running().is_empty(), "{context}");
            source
                .resolve(DoubtDecision::Discard, &mut pair.source)
                .expect("a decision");
            destination
                .resolve(DoubtDecision::Run, &mut pair.destination)
                .expect("a decision");
            let again = destination.resolve(DoubtDecision::Discard, &mut pair.destination);
            assert!(matches!(again, Err(DoubtError::Decided)));
        }
        ends => panic!("{context}: {ends:?}"),
    }
    if pair.world.running() == ["destination"] {
        assert!(
            pair.source.contents() == pair.destination.contents(),
            "{context}"
        );
    }
    pair.migrate_again();
    doubt
}

#[test]
fn faults_of_the_link_leave_one_guest() {
    for memory in MODES {
        let totals = clean_run(memory);
        let mut doubts = 0;
        for side in [0, 1] {
            for at in bytes(totals[side]) {
                for fault in [LinkFault::Cut(at), LinkFault::Corrupt(at)] {
                    let mut pair = Pair::new(memory);
                    let mut faults = [None, None];
                    faults[side] = Some(fault);
                    let (ends, _) = pair.migrate_with(faults);
                    doubts += u32::from(check(pair, ends, &format!("{memory:?} {faults:?}")));
                }
            }
        }
        assert!(doubts > 0, "no fault hit the hand-over");
    }
}

#[test]
fn silence_of_the_link_leaves_one_guest() {
    for memory in MODES {
        let totals = clean_run(memory);
        for side in [0, 1] {
            std::thread::scope(|scope| {
                for at in bytes(totals[side]) {
                    for fault in [LinkFault::Stall(at), LinkFault::Lose(at)] {
                        scope.spawn(move || {
                            let mut pair = impatient(memory);
                            let mut faults = [None, None];
                            faults[side] = Some(fault);
                            let (ends, _) = pair.migrate_with(faults);
                            check(pair, ends, &format!("{memory:?} {faults:?}"));
                        });
                    }
                }
            });
        }
    }
}

#[test]
fn failed_calls_leave_one_guest() {
    for memory in MODES {
        for side in [0, 1] {
            for call in 0.. {
                let mut pair = Pair::new(memory);
                let process = [&pair.source.process, &pair.destination.process][side];
                process.inject(call, Injection::Fail);
                let before = process.calls();
                let process = std::sync::Arc::clone(process);
                let (ends, _) = pair.migrate_with([None, None]);
                let calls = process.calls() - before;
                check(
                    pair,
                    ends,
                    &format!("{memory:?} call {call} of side {side}"),
                );
                if calls <= call {
                    assert!(call > 10, "too few calls: {call}");
                    break;
                }
            }
        }
    }
}

#[test]
fn killed_source_never_leaves_two_guests_or_wrong_memory() {
    for memory in MODES {
        for call in 0.. {
            let mut pair = Pair::new(memory);
            pair.source.process.inject(call, Injection::Kill);
            let (ends, _) = pair.migrate_with([None, None]);
            let context = format!("{memory:?} call {call}: {ends:?}");
            if pair.source.process.is_alive() {
                assert!(matches!(ends.0, SourceEnd::Completed), "{context}");
                break;
            }
            assert!(pair.world.most() <= 1, "{context}");
            match ends.1 {
                DestinationEnd::Discarded(_) => assert!(pair.world.running().is_empty()),
                DestinationEnd::InDoubt(mut doubt) => {
                    doubt
                        .resolve(DoubtDecision::Run, &mut pair.destination)
                        .expect("a decision");
                    assert!(
                        pair.source.contents() == pair.destination.contents(),
                        "{context}"
                    );
                    pair.migrate_again();
                }
                DestinationEnd::Runs => {
                    assert!(
                        pair.source.contents() == pair.destination.contents(),
                        "{context}"
                    );
                    pair.migrate_again();
                }
            }
        }
    }
}

#[test]
fn killed_destination_never_loses_the_guest() {
    for memory in MODES {
        for call in 0.. {
            let mut pair = Pair::new(memory);
            pair.destination.process.inject(call, Injection::Kill);
            let (ends, _) = pair.migrate_with([None, None]);
            let context = format!("{memory:?} call {call}: {ends:?}");
            if pair.destination.process.is_alive() {
                assert!(matches!(ends.1, DestinationEnd::Runs), "{context}");
                break;
            }
            assert!(pair.world.most() <= 1, "{context}");
            match ends.0 {
                SourceEnd::Completed => {
                    // It was killed after it had said RUNNING.
                    assert!(pair.world.has_run("destination"), "{context}");
                    continue;
                }
                SourceEnd::Continues(_) => {}
                SourceEnd::InDoubt(mut doubt) => {
                    doubt
                        .resolve(DoubtDecision::Run, &mut pair.source)
                        .expect("a decision");
                }
            }
            pair.migrate_again();
        }
    }
}
