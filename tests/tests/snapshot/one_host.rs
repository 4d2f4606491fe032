//! Migrations between two processes of one host: certificates, further connections, leases, and
//! guests that write faster than the link.

use crate::guest::Guest;
use crate::hosts::host;
use crate::moves::{Destination, SLOW_LINK, migrate, migration, output, start_migrating, try_move};
use crate::relay::{Fault, Place};
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use serde_json::json;
use std::thread::sleep;
use std::time::{Duration, Instant};
use vmm_demo::migration::message::MessageKind;

/// Certificates of both sides and their authority.
const CERTIFICATES: [(&str, &[u8]); 5] = [
    ("ca-cert.pem", include_bytes!("../../data/tls/ca-cert.pem")),
    (
        "server-cert.pem",
        include_bytes!("../../data/tls/server-cert.pem"),
    ),
    (
        "server-key.pem",
        include_bytes!("../../data/tls/server-key.pem"),
    ),
    CLIENT[0],
    CLIENT[1],
];

const CLIENT: [(&str, &[u8]); 2] = [
    (
        "client-cert.pem",
        include_bytes!("../../data/tls/client-cert.pem"),
    ),
    (
        "client-key.pem",
        include_bytes!("../../data/tls/client-key.pem"),
    ),
];

/// A client of another authority.
const STRANGER: [(&str, &[u8]); 2] = [
    (
        "client-cert.pem",
        include_bytes!("../../data/tls/other/client-cert.pem"),
    ),
    (
        "client-key.pem",
        include_bytes!("../../data/tls/other/client-key.pem"),
    ),
];

/// The shortest downtime: a guest that works never fits it.
const NEVER: [&str; 2] = ["--downtime-limit", "1"];

fn put(machine: &Machine, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        machine.put(name, bytes).expect("space");
    }
}

#[test]
fn guest_moves_through_tls_and_several_connections() {
    let machine = host("max", Kernel::Latest);
    let mut guest = Guest::booted(machine, "tls", 2);
    let before = guest.status();
    put(machine, &CERTIFICATES);
    let address = "tcp:127.0.0.1:47011";
    let destination = Destination::at(machine, address, &["--tls-creds", "."]);
    put(machine, &STRANGER);
    let options = ["--tls-creds", ".", "--channels", "3"];
    // Encryption is slow on an emulated CPU.
    let options = [&options[..], &SLOW_LINK].concat();
    let stranger = migrate(&guest, address, &options);
    let said = stranger.stderr();
    assert_ne!(stranger.code, 0, "{said}");
    let plain = migrate(&guest, address, &["--plain"]);
    assert_ne!(plain.code, 0, "{}", plain.stderr());
    put(machine, &CLIENT);
    let moved = migrate(&guest, address, &options);
    assert_eq!(moved.code, 0, "{}", moved.stderr());
    println!("{}", moved.stderr());
    let mut guest = destination.take(guest.left());
    guest.works_on(&before);

    // The address is free again, with and without certificates.
    let before = guest.status();
    let destination = Destination::at(machine, address, &["--plain"]);
    let options = [&["--plain", "--channels", "2"], &SLOW_LINK[..]].concat();
    let moved = migrate(&guest, address, &options);
    assert_eq!(moved.code, 0, "{}", moved.stderr());
    println!("{}", moved.stderr());
    let mut guest = destination.take(guest.left());
    guest.works_on(&before);
    guest.end();
}

/// Faults after which neither side can know alone that the other does not run the guest.
const DOUBTFUL: [(MessageKind, Place); 5] = [
    (MessageKind::Ready, Place::Within),
    (MessageKind::HandOver, Place::Before),
    (MessageKind::HandOver, Place::Flipped),
    (MessageKind::HandOver, Place::After),
    (MessageKind::Running, Place::Before),
];

#[test]
fn lease_decides_who_runs_the_guest_after_a_lost_link() {
    let machine = host("max", Kernel::Latest);
    let mut guest = Guest::booted(machine, "leased", 2);
    let lease = ["--lease", "lease"];
    for (kind, place) in DOUBTFUL {
        let fault = Fault { kind, place };
        let before = guest.status();
        let destination = Destination::start(machine, &lease);
        let moved = try_move(&guest, &destination, &lease, Some(fault));
        let there = moved.output.code == 0;
        if there {
            guest = destination.take(guest.left());
        } else {
            // Its process ends, though it had the whole guest.
            let (code, said) = destination.end();
            assert_ne!(code, 0, "{fault:?}: {said}");
        }
        guest.works_on(&before);
        println!("{fault:?}: {}", if there { "there" } else { "here" });
    }
    guest.end();
}

/// A bandwidth in bytes per second at which the memory takes more than ten seconds, and the guest
/// rewrites its part of it meanwhile.
const SLOW: [&str; 2] = ["--max-bandwidth", "4000000"];

#[test]
fn guest_that_writes_too_fast_stays_or_goes_by_the_strategy() {
    let machine = host("max", Kernel::Latest);
    let mut guest = Guest::booted(machine, "too-fast", 2);
    let before = guest.status();
    let copy = [&["--copy", "--time-out", "5"], &NEVER[..], &SLOW[..]].concat();
    let destination = Destination::start(machine, &[]);
    let cancelled = migrate(&guest, destination.incoming(), &copy);
    let said = cancelled.stderr();
    assert_eq!(cancelled.code, 1, "{said}");
    assert!(said.contains("used up its 5 s"), "{said}");
    assert_ne!(destination.end().0, 0);
    let before = guest.works_on(&before);

    let destination = Destination::start(machine, &[]);
    let options = ["--copy", "--time-out", "60", "--force", "--auto-converge"];
    let options = [&options[..], &NEVER, &SLOW].concat();
    let moving = start_migrating(&guest, destination.incoming(), &options);
    let throttled = most_throttled(&guest);
    let moved = output(moving);
    let said = moved.stderr();
    assert_eq!(moved.code, 0, "{said}");
    println!("slowed down by {throttled} %: {said}");
    assert!((20..=99).contains(&throttled), "{throttled}");
    let mut guest = destination.take(guest.left());
    guest.works_on(&before);
    guest.end();
}

/// The highest share of time, in percent, that the guest's CPUs are slowed down for until its
/// migration or its process ends.
fn most_throttled(guest: &Guest) -> u64 {
    let mut qmp = guest.qmp();
    let (mut most, started) = (0, Instant::now());
    let mut has_begun = false;
    while let Ok(Ok(migration)) = qmp.ask("query-migrate", &json!({})) {
        let throttle = migration["cpu-throttle-percentage"].as_u64();
        most = most.max(throttle.unwrap_or(0));
        let is_active = migration["status"] == "active" || migration["status"] == "setup";
        // The status before is that of the migration before.
        has_begun |= is_active;
        if (has_begun && !is_active) || started.elapsed() > Duration::from_mins(2) {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    most
}

/// A refusal leaves a guest that can still move.
#[test]
fn guest_is_asked_about_its_last_migration() {
    let machine = host("max", Kernel::Latest);
    let guest = Guest::booted(machine, "asked", 2);
    let nowhere = migrate(&guest, "unix:nowhere.sock", &[]);
    assert_ne!(nowhere.code, 0);
    let told = migration(&mut guest.qmp());
    assert_eq!(told["status"], "failed", "{told}");
    let reason = told["error-desc"].as_str().unwrap_or_default();
    assert!(reason.contains("nowhere.sock"), "{told}");
    // Its memory is a file that was restored lazily, which is copied; the next one's is passed on.
    let (guest, said) = guest.upgrade();
    assert!(!said.contains(" 0 bytes of memory"), "{said}");
    let (guest, said) = guest.upgrade();
    assert!(said.contains(" 0 bytes of memory"), "{said}");
    println!("{said}");
    guest.end();
}
