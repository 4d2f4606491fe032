//! Tests of the judgement before a guest is restored.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod program;

use expect_test::expect_file;
use idreg_runtime::tolerance::Tolerance;
use program::{read, view};
use serde_json::json;
use vmm_demo::commands::restore::plan;
use vmm_demo::snapshot::contents::{Snapshot, SnapshotInfo};
use vmm_demo::snapshot::memory::buffers::RamBuffers;
use vmm_demo::vmm::console_state::ConsoleState;
use vmm_demo::vmm::state::{ClockState, MachineState};

/// A guest that was saved on a recorded host.
fn saved(host: &str, model: &str) -> Snapshot {
    let host = read(host);
    let gic = json!({ "interrupts": 32, "distributor": [], "levels": [], "cpus": [] });
    let view = view(&host, model);
    let ram = RamBuffers::new(&[]).expect("no memory");
    Snapshot {
        info: SnapshotInfo::now(&view, &ram),
        view,
        machine: MachineState {
            clock: ClockState::stopped(0, host.info().timer_frequency),
            vcpus: Vec::new(),
            gic: serde_json::from_value(gic).expect("a GIC"),
        },
        console: ConsoleState::default(),
    }
}

#[test]
fn guest_goes_on_where_it_was_saved() {
    let guest = saved("max-latest", "host,FEAT_SHA512=off");
    let host = read("max-latest");
    let planned = plan(&guest, &host, &Tolerance::none());
    let model = planned.expect("a plan").shortest_model(&host).to_string();
    assert_eq!(model, "host,SYSREG_ID_AA64ISAR0_EL1_SHA2=0x1");
}

/// The message about a guest that a host refuses.
fn refusal(guest: &Snapshot, host: &str) -> String {
    let failure = plan(guest, &read(host), &Tolerance::none()).expect_err("no place");
    assert_eq!(failure.exit_code(), 1);
    failure.message() + "\n"
}

#[test]
fn guest_that_does_not_fit_is_refused_with_every_reason_and_the_model_that_fits_both_hosts() {
    let message = refusal(&saved("cortex-a710-latest", "host"), "neoverse-n2-latest");
    expect_file!["data/restore-refused.txt"].assert_eq(&message);
}

#[test]
fn guest_that_fits_no_other_model_is_refused_with_the_command_that_searches() {
    let message = refusal(&saved("max-latest", "host"), "neoverse-v1-latest");
    let lines: Vec<&str> = message.lines().collect();
    let [first, reasons @ .., last] = lines.as_slice() else {
        panic!("{message}");
    };
    assert_eq!(*first, "the guest does not fit this host:");
    assert!(reasons.len() > 3, "{message}");
    assert!(
        reasons.iter().all(|line| line.starts_with("  ")),
        "{message}"
    );
    assert!(last.starts_with("possible: `idreg baseline"), "{message}");
}

#[test]
fn counters_of_another_frequency_are_refused() {
    let mut guest = saved("max-latest", "host");
    let host = read("max-latest");
    guest.machine.clock.frequency = host.info().timer_frequency + 1;
    let failure = plan(&guest, &host, &Tolerance::none()).expect_err("no place");
    assert_eq!(failure.exit_code(), 1);
    let message = failure.message();
    assert!(message.contains("(CNTFRQ_EL0)"), "{message}");
}
