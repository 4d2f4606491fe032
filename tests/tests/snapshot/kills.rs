//! Migrations during which the process of one side is killed, each followed by another one.

use crate::guest::Guest;
use crate::hosts::host;
use crate::moves::{Destination, migrate, output, start_migrating};
use idreg_tests::artifacts::Kernel;
use serde_json::json;
use std::env;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Environment variable with the number of kills.
const KILLS: &str = "IDREG_KILLS";

/// Number of kills without the variable.
const FEW: u32 = 2;

/// The options of both sides, which share their storage.
const LEASE: [&str; 2] = ["--lease", "kills-lease"];

/// Time in which a migration begins.
const BEGINNING: Duration = Duration::from_secs(20);

/// Interval between looks at a migration.
const LOOK: Duration = Duration::from_millis(20);

/// The time after the start of a migration at which a process is killed: the same in every run, and
/// spread over the steps of a migration, which takes one to three seconds.
fn moment(number: u32) -> Duration {
    // The fractions of multiples of the golden ratio are spread evenly.
    let fraction = (f64::from(number + 1) * 0.618_034).fract();
    Duration::from_secs_f64(2.0 * fraction)
}

/// Waits until a migration of the guest has begun. One that fails at once is not waited for.
fn wait_until_active(guest: &Guest) {
    let (mut qmp, started) = (guest.qmp(), Instant::now());
    while let Ok(Ok(migration)) = qmp.ask("query-migrate", &json!({})) {
        if migration["status"] == "active" || migration["status"] == "completed" {
            return;
        }
        if started.elapsed() > BEGINNING {
            return;
        }
        sleep(LOOK);
    }
}

/// With a lease no end is in doubt. A guest that was killed with its own process starts again from
/// its file; all others go on.
#[test]
fn killed_process_leaves_one_guest_or_its_own_is_lost() {
    let machine = host("max", Kernel::Latest);
    let kills = env::var(KILLS).map_or(FEW, |kills| kills.parse().expect("a number of kills"));
    let mut guest = Guest::booted(machine, "kills", 2);
    let mut ends = [0; 4];
    for number in 0..kills {
        let before = guest.status();
        let destination = Destination::start(machine, &LEASE);
        let of_source = number % 2 == 1;
        let options = [&["--copy", "--downtime-limit", "2000"], &LEASE[..]].concat();
        let moving = start_migrating(&guest, destination.incoming(), &options);
        wait_until_active(&guest);
        sleep(moment(number));
        if of_source {
            guest.kill();
        } else {
            destination.kill();
        }
        let moved = output(moving);
        println!("{number}: {}", moved.stderr());
        let end = if of_source {
            let (console, had_left) = guest.killed();
            match destination.outcome(console) {
                // The source had handed over, or the kill came after its end.
                Ok(arrived) => {
                    guest = arrived;
                    guest.works_on(&before);
                    0
                }
                Err((code, said)) => {
                    assert_ne!(code, 0, "{said}");
                    assert!(!had_left, "{said}");
                    guest = Guest::booted(machine, &format!("kills-{number}"), 2);
                    1
                }
            }
        } else if moved.code == 0 {
            // The guest was killed where it had arrived.
            guest.left();
            guest = Guest::booted(machine, &format!("kills-{number}"), 2);
            2
        } else {
            guest.works_on(&before);
            3
        };
        ends[end] += 1;
        let before = guest.status();
        let destination = Destination::start(machine, &LEASE);
        let moved = migrate(&guest, destination.incoming(), &options);
        assert_eq!(moved.code, 0, "{number}: {}", moved.stderr());
        guest = destination.take(guest.left());
        guest.works_on(&before);
    }
    guest.end();
    let [arrived, with_source, with_destination, stayed] = ends;
    println!(
        "{kills} kills: {arrived} arrived, {stayed} stayed, {with_source} killed with the source \
         before the hand-over, {with_destination} killed with the destination after it"
    );
}
