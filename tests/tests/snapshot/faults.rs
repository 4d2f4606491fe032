//! Migrations that a fault of the link ends, each followed by another one.

use crate::guest::Guest;
use crate::hosts::host;
use crate::journeys::common_model;
use crate::moves::{Destination, Move, migration, move_to, try_move};
use crate::qmp::Qmp;
use crate::relay::{Fault, Place};
use idreg_runtime::fleet::Policy;
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::Machine;
use serde_json::json;
use std::env;
use std::thread::sleep;
use std::time::{Duration, Instant};
use vmm_demo::migration::message::MessageKind;

/// Environment variable: if it is set, every message has a fault at every place. Without it a few
/// have one: each is followed by a migration, which takes some ten seconds.
const ALL: &str = "IDREG_FAULTS";

/// Faults without the variable, before the hand-over.
const FEW: [Fault; 3] = [
    Fault {
        kind: MessageKind::View,
        place: Place::Within,
    },
    Fault {
        kind: MessageKind::RoundDone,
        place: Place::Before,
    },
    Fault {
        kind: MessageKind::State,
        place: Place::Flipped,
    },
];

/// Messages of both sides, in their order, up to the hand-over.
const BEFORE_HAND_OVER: [MessageKind; 10] = [
    MessageKind::Hello,
    MessageKind::View,
    MessageKind::Accept,
    MessageKind::Memory,
    MessageKind::Allocated,
    MessageKind::Pages,
    MessageKind::RoundEnd,
    MessageKind::RoundDone,
    MessageKind::State,
    MessageKind::Ready,
];

const PLACES: [Place; 4] = [Place::Before, Place::Within, Place::After, Place::Flipped];

/// Time in which both sides notice that their link is lost.
const NOTICED: Duration = Duration::from_secs(90);

/// The faults before the hand-over.
fn faults() -> Vec<Fault> {
    if !is_whole() {
        return FEW.into();
    }
    let kinds = BEFORE_HAND_OVER.into_iter();
    let faults = kinds.flat_map(|kind| PLACES.map(|place| Fault { kind, place }));
    faults.collect()
}

fn is_whole() -> bool {
    env::var_os(ALL).is_some()
}

/// Waits until the migration of a destination has this status.
fn wait_for(destination: &Destination, status: &str) {
    let started = Instant::now();
    let mut qmp = destination.qmp();
    while migration(&mut qmp)["status"] != status {
        assert!(started.elapsed() < NOTICED, "{}", migration(&mut qmp));
        sleep(Duration::from_millis(200));
    }
}

fn is_stopped_in_doubt(guest: &Guest) {
    let mut qmp = guest.qmp();
    assert_eq!(migration(&mut qmp)["status"], "in-doubt");
    let status = qmp.execute("query-status", &json!({}));
    assert_eq!(status["running"], false, "{status}");
}

/// Three hosts, so that a guest does not only come back to where a migration of it has failed.
fn machines() -> [&'static Machine; 3] {
    ["neoverse-n1", "cortex-a76", "cortex-a55"].map(|cpu| host(cpu, Kernel::Latest))
}

/// The Cortex-A55 needs fewer mitigations than the others report.
const TOLERATE: [&str; 2] = ["--tolerate", "mitigations"];

/// The host of the broken migration of this number, and that of the one after it, for a guest on
/// the host `at`.
const fn next(at: usize, number: usize) -> [usize; 2] {
    [(at + 1) % 3, (at + 1 + number % 2) % 3]
}

/// Boots a guest for all hosts.
fn boot(machines: &[&'static Machine], name: &str) -> Guest {
    let model = common_model(machines, &Policy::default());
    Guest::boot(machines[0], name, 2, &["--cpu", &model])
}

fn resolve(qmp: &mut Qmp, decision: &str) -> Result<(), String> {
    let arguments = json!({ "decision": decision });
    qmp.try_execute("migrate-resolve", &arguments).map(drop)
}

fn fails(moved: &Move, fault: Fault) {
    let said = moved.output.stderr();
    assert_ne!(moved.output.code, 0, "{fault:?}: {said}");
}

/// True if the destination can be in doubt. The source answers a damaged READY with its reason.
/// After STATE, the link may end before READY is sent or after that.
fn is_doubtful(fault: Fault) -> bool {
    match fault.kind {
        MessageKind::Ready => fault.place != Place::Flipped,
        MessageKind::State => fault.place == Place::After,
        _ => false,
    }
}

/// Before the hand-over the source alone has the guest.
#[test]
fn guest_stays_at_its_source_before_the_hand_over() {
    let machines = machines();
    let mut guest = boot(&machines, "stays-there");
    let mut at = 0;
    for (number, fault) in faults().into_iter().enumerate() {
        // READY that has arrived is followed by the hand-over.
        if fault.kind == MessageKind::Ready && fault.place == Place::After {
            continue;
        }
        let before = guest.status();
        let [there, after] = next(at, number);
        let destination = Destination::start(machines[there], &TOLERATE);
        let moved = try_move(&guest, &destination, &[], Some(fault));
        fails(&moved, fault);
        let is_in_doubt = is_doubtful(fault) && destination.ends_in_doubt(NOTICED);
        if is_in_doubt {
            let mut qmp = destination.qmp();
            qmp.execute("migrate-resolve", &json!({ "decision": "discard" }));
        } else if fault.kind == MessageKind::Hello && fault.place != Place::After {
            // A client that says no HELLO is not a source, so that the process waits on.
            destination.qmp().execute("quit", &json!({}));
        }
        let is_certain = fault.kind == MessageKind::Ready && is_doubtful(fault);
        assert!(is_in_doubt || !is_certain, "{fault:?}");
        let (code, said) = destination.end();
        assert_ne!(code, 0, "{fault:?}: {said}");
        guest.works_on(&before);
        let before = guest.status();
        guest = move_to(guest, machines[after], &TOLERATE);
        at = after;
        guest.works_on(&before);
    }
    guest.end();
}

/// The faults that leave the source in doubt, and true if the destination runs the guest then.
const IN_DOUBT: [(MessageKind, Place, bool); 7] = [
    (MessageKind::HandOver, Place::Before, false),
    (MessageKind::HandOver, Place::Within, false),
    (MessageKind::HandOver, Place::Flipped, false),
    (MessageKind::HandOver, Place::After, true),
    (MessageKind::Running, Place::Before, true),
    (MessageKind::Running, Place::Within, true),
    (MessageKind::Running, Place::Flipped, true),
];

/// After the hand-over the source never runs the guest by itself, and the user decides once.
#[test]
fn one_side_runs_the_guest_after_the_hand_over() {
    let machines = machines();
    let mut guest = boot(&machines, "handed-over");
    let mut at = 0;
    // One of each kind without the variable.
    let step = if is_whole() { 1 } else { 3 };
    for (number, (kind, place, runs_there)) in IN_DOUBT.into_iter().enumerate().step_by(step) {
        let fault = Fault { kind, place };
        let before = guest.status();
        let [there, _] = next(at, number);
        let destination = Destination::start(machines[there], &TOLERATE);
        let moved = try_move(&guest, &destination, &[], Some(fault));
        fails(&moved, fault);
        is_stopped_in_doubt(&guest);
        // The source asks the destination through the same socket.
        let asked = moved.ask_again(&guest, &destination);
        let goes_there = runs_there || number % 2 == 0;
        let mut source = guest.qmp();
        if goes_there {
            if runs_there {
                let refused = resolve(&mut source, "run").unwrap_err();
                assert!(refused.contains("a second"), "{fault:?}: {refused}");
                moved.ask_again(&guest, &destination);
            } else {
                wait_for(&destination, "in-doubt");
            }
            resolve(&mut source, "discard").expect("a decision");
            if !runs_there {
                resolve(&mut destination.qmp(), "run").expect("a decision");
            }
            source.execute("quit", &json!({}));
            guest = destination.take(guest.left());
            at = there;
        } else {
            wait_for(&destination, "in-doubt");
            resolve(&mut source, "run").expect("a decision");
            let mut qmp = destination.qmp();
            let refused = resolve(&mut qmp, "run").unwrap_err();
            assert!(refused.contains("a second"), "{fault:?}: {refused}");
            resolve(&mut qmp, "discard").expect("a decision");
            let (code, said) = destination.end();
            assert_ne!(code, 0, "{fault:?}: {said}");
        }
        drop(asked);
        guest.works_on(&before);
        let before = guest.status();
        let [_, after] = next(at, number);
        guest = move_to(guest, machines[after], &TOLERATE);
        at = after;
        guest.works_on(&before);
    }
    guest.end();
}
