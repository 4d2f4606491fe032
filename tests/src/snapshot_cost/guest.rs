//! A guest that rewrites memory, in processes of the demo VMM.

use super::error::SnapshotCostError;
use crate::cost::{CostError, GuestProcess, demo_vmm};
use crate::program::Program;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};
use vmm_demo::qmp::migration::MigrationStatus;

/// The socket at which the process waits that takes a guest over.
const INCOMING: &str = "unix:incoming.sock";

/// The file of a restore's start times.
const REPORT: &str = "report.json";

/// The time in which an event of a migration is waited for, before its status is asked for.
const EVENT_LIMIT: Duration = Duration::from_secs(1);

/// The report of `query-migrate`.
#[derive(Debug, Deserialize)]
struct Migration {
    status: Option<MigrationStatus>,
    downtime: Option<u64>,
}

/// The times of a restored guest, from the start of its process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Started {
    /// The time to the guest's first instruction.
    pub(super) first_instruction: Duration,
    /// The time to the guest's answer to a line.
    pub(super) first_answer: Duration,
}

/// Boots a guest, and waits until it has rewritten all of its part of the memory.
pub(super) fn boot(memory_mib: u32, touched_mib: u32) -> Result<GuestProcess, SnapshotCostError> {
    let words = format!("console=ttyS0 quiet idreg.end=work idreg.memory={touched_mib}");
    let memory = format!("{memory_mib}M");
    let kernel = ["run", "--kernel", "Image", "--initrd", "initrd.cpio.gz"];
    let options = ["--append", &words, "--mem", &memory];
    let arguments = [&kernel[..], &options].concat();
    let mut guest = GuestProcess::start(|qmp| vmm(&arguments, qmp))?;
    guest.wait_until_touched()?;
    Ok(guest)
}

/// Restores a guest, and returns its times after its end.
pub(super) fn restore(file: &'static str, options: &[&str]) -> Result<Started, SnapshotCostError> {
    let arguments = ["restore", file, "--report", REPORT];
    let arguments = [&arguments[..], options].concat();
    let started = Instant::now();
    let mut guest = GuestProcess::start(|qmp| vmm(&arguments, qmp))?;
    let answer = guest.ask("hello")?;
    let first_answer = started.elapsed();
    if answer != json!({ "echo": "hello" }) {
        return Err(CostError::Answer { answer }.into());
    }
    guest.quit()?;
    let report = fs::read(REPORT).map_err(SnapshotCostError::file(REPORT))?;
    let report: Option<Value> = serde_json::from_slice(&report).ok();
    let total = report.and_then(|report| report.pointer("/start_us/total")?.as_u64());
    let total = total.ok_or(SnapshotCostError::Report { name: REPORT })?;
    Ok(Started {
        first_instruction: Duration::from_micros(total),
        first_answer,
    })
}

/// Lets another process take the guest over, and returns the time in which it did not run.
pub(super) fn upgrade(guest: GuestProcess) -> Result<(GuestProcess, Duration), SnapshotCostError> {
    let next = guest.start_next(|qmp| vmm(&["run", "--incoming", INCOMING], qmp))?;
    let mut monitor = guest.monitor()?;
    monitor.execute("migrate", &json!({ "uri": INCOMING }))?;
    let downtime = loop {
        let migration: Migration = monitor.query("query-migrate")?;
        match (migration.status, migration.downtime) {
            (Some(MigrationStatus::Completed), Some(downtime)) => break downtime,
            (Some(status), _) if status.is_active() => {
                monitor.next_event(EVENT_LIMIT)?;
            }
            (status, _) => return Err(SnapshotCostError::NotTakenOver { status }),
        }
    };
    guest.quit()?;
    Ok((next, Duration::from_millis(downtime)))
}

/// The VMM with these arguments and a QMP server.
fn vmm(arguments: &[&str], qmp: &str) -> Result<Command, CostError> {
    let mut command = demo_vmm(Program::SnapshotCost)?;
    command.args(arguments).args(["--qmp", qmp]);
    Ok(command)
}
