//! Leases: the files, and migrations that they decide.

use crate::link::{END, LinkFault};
use crate::migrations::{Pair, token};
use crate::world::{Injection, Process};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use tempfile::TempDir;
use vmm_demo::migration::doubt::DoubtError;
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::failure::MigrationFailure;
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::inquiry::DoubtDecision;
use vmm_demo::migration::lease::{Lease, LeaseError, LeaseHolder};
use vmm_demo::migration::lease_file::LeaseFile;
use vmm_demo::migration::token::Token;

/// A lease whose process can fail or be dead.
struct ProcessLease {
    process: Arc<Process>,
    lease: LeaseFile,
}

impl ProcessLease {
    fn call(&self) -> Result<(), LeaseError> {
        self.process.call().map_err(|source| LeaseError::Storage {
            action: "reach",
            path: "lease".into(),
            source,
        })
    }
}

impl Lease for ProcessLease {
    fn offer(&mut self, token: Token) -> Result<(), LeaseError> {
        self.call()?;
        self.lease.offer(token)
    }

    fn check_offer(&mut self, token: Token) -> Result<(), LeaseError> {
        self.call()?;
        self.lease.check_offer(token)
    }

    fn hand_over(&mut self, token: Token) -> Result<(), LeaseError> {
        self.call()?;
        self.lease.hand_over(token)
    }

    fn is_handed_over(&mut self, token: Token) -> Result<bool, LeaseError> {
        self.call()?;
        self.lease.is_handed_over(token)
    }

    fn claim(&mut self, token: Token) -> Result<LeaseHolder, LeaseError> {
        self.call()?;
        self.lease.claim(token)
    }

    fn revoke(&mut self, token: Token) -> Result<LeaseHolder, LeaseError> {
        self.call()?;
        self.lease.revoke(token)
    }

    fn remove(&mut self, token: Token) {
        if self.process.is_alive() {
            self.lease.remove(token);
        }
    }
}

fn leased(directory: &Path, memory: MemoryMode) -> Pair {
    let mut pair = Pair::new(memory);
    let lease = |process: &Arc<Process>| {
        let (process, lease) = (Arc::clone(process), LeaseFile::new(directory.join("guest")));
        Some(Box::new(ProcessLease { process, lease }) as Box<dyn Lease>)
    };
    pair.leases = [
        lease(&pair.source.process),
        lease(&pair.destination.process),
    ];
    pair
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn names(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).expect("a directory");
    files
        .map(|file| {
            file.expect("a file")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect()
}

#[test]
fn first_of_both_sides_holds_the_lease_for_ever() {
    let directory = directory();
    for _ in 0..50 {
        let token = token();
        let barrier = Barrier::new(2);
        let take = |side: LeaseHolder| {
            let mut lease = LeaseFile::new(directory.path().join("guest"));
            barrier.wait();
            match side {
                LeaseHolder::Source => lease.revoke(token).expect("a holder"),
                LeaseHolder::Destination => lease.claim(token).expect("a holder"),
            }
        };
        let (revoked, claimed) = thread::scope(|scope| {
            let claiming = scope.spawn(|| take(LeaseHolder::Destination));
            (
                take(LeaseHolder::Source),
                claiming.join().expect("no panic"),
            )
        });
        assert_eq!(revoked, claimed);
        let mut lease = LeaseFile::new(directory.path().join("guest"));
        assert_eq!(lease.claim(token).expect("a holder"), revoked);
        assert_eq!(lease.revoke(token).expect("a holder"), revoked);
        lease.remove(token);
    }
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn lease_of_a_process_that_died_reads_alike_on_both_sides() {
    let directory = directory();
    let (before, after, token) = (token(), token(), token());
    let mut lease = LeaseFile::new(directory.path().join("guest"));
    // Before the link: the file of the dead process has no meaning.
    let own = directory
        .path()
        .join(format!("guest.{before}.destination.1"));
    fs::write(own, "destination\n").expect("a file");
    assert_eq!(lease.revoke(before).expect("a holder"), LeaseHolder::Source);
    // After the link: it holds the lease.
    let own = directory
        .path()
        .join(format!("guest.{after}.destination.1"));
    fs::write(&own, "destination\n").expect("a file");
    fs::hard_link(own, directory.path().join(format!("guest.{after}"))).expect("a link");
    assert_eq!(
        lease.revoke(after).expect("a holder"),
        LeaseHolder::Destination
    );
    // Attempts do not know each other.
    assert_eq!(
        lease.claim(token).expect("a holder"),
        LeaseHolder::Destination
    );
}

#[test]
fn storage_that_fails_names_no_holder() {
    let directory = directory();
    let (missing, strange) = (token(), token());
    let mut lease = LeaseFile::new(directory.path().join("missing/guest"));
    for failed in [lease.claim(missing), lease.revoke(missing)] {
        let error = failed.expect_err("no directory");
        assert!(
            error.to_string().starts_with("cannot take the lease `"),
            "{error}"
        );
    }
    lease.is_handed_over(missing).expect_err("no directory");
    let mut lease = LeaseFile::new(directory.path().join("guest"));
    fs::write(directory.path().join(format!("guest.{strange}")), "sour").expect("a file");
    for failed in [lease.claim(strange), lease.revoke(strange)] {
        assert!(
            matches!(failed, Err(LeaseError::Contents { .. })),
            "{failed:?}"
        );
    }
}

#[test]
fn sides_without_the_same_lease_are_refused() {
    let (first, second) = (directory(), directory());
    for (source, destination, expected) in [
        (
            Some(&first),
            None,
            "the source has a lease and the destination has none",
        ),
        (
            None,
            Some(&first),
            "the destination has a lease and the source has none",
        ),
        (
            Some(&first),
            Some(&second),
            "of the source is not there: give both sides the same",
        ),
    ] {
        let mut pair = Pair::new(MemoryMode::Copy);
        let lease = |directory: Option<&TempDir>| {
            let path = directory?.path().join("guest");
            Some(Box::new(LeaseFile::new(path)) as Box<dyn Lease>)
        };
        pair.leases = [lease(source), lease(destination)];
        let (ends, _) = pair.migrate_with([None, None]);
        let (SourceEnd::Continues(failure), DestinationEnd::Discarded(_)) = ends else {
            panic!("{ends:?}");
        };
        assert!(failure.to_string().contains(expected), "{failure}");
        assert_eq!(pair.world.running(), ["source"]);
    }
    assert_eq!(names(first.path()), [""; 0]);
}

#[test]
fn lease_settles_every_lost_link() {
    for memory in [MemoryMode::Copy, MemoryMode::Shared] {
        let directory = directory();
        let (ends, meter) = leased(directory.path(), memory).migrate_with([None, None]);
        assert!(
            matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
            "{ends:?}"
        );
        assert_eq!(names(directory.path()), [""; 0]);
        let totals = meter.sent();
        let mut settled = [0, 0];
        for side in [0, 1] {
            // All over the last messages: READY, HANDOVER, RUNNING.
            for at in (totals[side] - 3 * 28 - END..totals[side]).step_by(5) {
                for fault in [LinkFault::Cut(at), LinkFault::Corrupt(at)] {
                    let mut pair = leased(directory.path(), memory);
                    let mut faults = [None, None];
                    faults[side] = Some(fault);
                    let (ends, _) = pair.migrate_with(faults);
                    assert_eq!(pair.world.most(), 1);
                    match ends {
                        (SourceEnd::Continues(_), DestinationEnd::Discarded(_)) => settled[0] += 1,
                        (SourceEnd::Completed, DestinationEnd::Runs) => settled[1] += 1,
                        ends => panic!("{memory:?} {faults:?}: {ends:?}"),
                    }
                    pair.migrate_again();
                }
            }
        }
        assert!(settled[0] > 0 && settled[1] > 0, "{settled:?}");
    }
}

#[test]
fn storage_that_fails_leaves_one_guest_or_doubt() {
    for side in [0, 1] {
        for call in 0.. {
            let directory = directory();
            let mut pair = leased(directory.path(), MemoryMode::Shared);
            let process = [&pair.source.process, &pair.destination.process][side];
            let process = Arc::clone(process);
            process.inject(call, Injection::Fail);
            let before = process.calls();
            let (ends, _) = pair.migrate_with([None, None]);
            let calls = process.calls() - before;
            process.spare();
            assert!(
                pair.world.most() <= 1,
                "call {call} of side {side}: {ends:?}"
            );
            match ends {
                (SourceEnd::Continues(_), DestinationEnd::Discarded(_))
                | (SourceEnd::Completed, DestinationEnd::Runs) => {}
                // The source has revoked the lease; the destination could not read it.
                (SourceEnd::Continues(_), DestinationEnd::InDoubt(mut doubt)) => {
                    let refused = doubt.resolve(DoubtDecision::Run, &mut pair.destination);
                    assert!(matches!(refused, Err(DoubtError::Second)), "{refused:?}");
                    doubt
                        .resolve(DoubtDecision::Discard, &mut pair.destination)
                        .expect("a decision");
                }
                (SourceEnd::InDoubt(mut doubt), DestinationEnd::Runs) => {
                    let refused = doubt.resolve(DoubtDecision::Run, &mut pair.source);
                    assert!(matches!(refused, Err(DoubtError::Second)), "{refused:?}");
                    doubt
                        .resolve(DoubtDecision::Discard, &mut pair.source)
                        .expect("a decision");
                }
                ends => panic!("call {call} of side {side}: {ends:?}"),
            }
            pair.migrate_again();
            if calls <= call {
                break;
            }
        }
    }
}

#[test]
fn guest_survives_a_source_that_is_killed_after_its_last_act() {
    let mut survived = 0;
    for call in 0.. {
        let directory = directory();
        let mut pair = leased(directory.path(), MemoryMode::Copy);
        pair.source.process.inject(call, Injection::Kill);
        let (ends, _) = pair.migrate_with([None, None]);
        if pair.source.process.is_alive() {
            break;
        }
        assert!(pair.world.most() <= 1, "call {call}: {ends:?}");
        let handed_over = names(directory.path())
            .iter()
            .any(|name| name.ends_with(".handover"));
        match ends.1 {
            DestinationEnd::Runs => {
                // The lease of a completed migration is removed.
                let completed = matches!(ends.0, SourceEnd::Completed);
                assert!(handed_over || completed, "call {call}");
                assert!(pair.source.contents() == pair.destination.contents());
                survived += 1;
                pair.migrate_again();
            }
            DestinationEnd::Discarded(_) => assert!(!handed_over, "call {call}"),
            DestinationEnd::InDoubt(doubt) => panic!("call {call}: {doubt:?}"),
        }
    }
    assert!(survived > 1);
}

#[test]
fn killed_destination_gives_the_guest_back_unless_it_holds_the_lease() {
    for call in 0.. {
        let directory = directory();
        let mut pair = leased(directory.path(), MemoryMode::Copy);
        pair.destination.process.inject(call, Injection::Kill);
        let (ends, _) = pair.migrate_with([None, None]);
        if pair.destination.process.is_alive() {
            break;
        }
        assert!(pair.world.most() <= 1, "call {call}: {ends:?}");
        match ends.0 {
            SourceEnd::Continues(failure) => {
                assert!(!matches!(failure, MigrationFailure::Lease(_)), "{failure}");
                pair.migrate_again();
            }
            SourceEnd::Completed => {
                let held = names(directory.path())
                    .into_iter()
                    .find(|name| !name[6..].contains('.'));
                if let Some(held) = held {
                    let holder = fs::read_to_string(directory.path().join(held));
                    assert_eq!(holder.expect("a holder"), "destination\n");
                } else {
                    assert!(pair.world.has_run("destination"), "call {call}");
                }
            }
            SourceEnd::InDoubt(doubt) => panic!("call {call}: {doubt:?}"),
        }
    }
}
