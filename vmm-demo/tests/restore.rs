//! Tests of the judgement before a guest is restored.

#![allow(
    clippy::expect_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod program;

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

#[test]
fn guest_that_does_not_fit_is_refused_with_every_reason() {
    let guest = saved("max-latest", "host");
    let host = read("neoverse-v1-latest");
    let failure = plan(&guest, &host, &Tolerance::none()).expect_err("no place");
    assert_eq!(failure.exit_code(), 1);
    let message = failure.message();
    let mut lines = message.lines();
    assert_eq!(lines.next(), Some("the guest does not fit this host:"));
    let reasons: Vec<&str> = lines.collect();
    assert!(reasons.len() > 3, "{message}");
    assert!(
        reasons.iter().all(|line| line.starts_with("  ")),
        "{message}"
    );
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
