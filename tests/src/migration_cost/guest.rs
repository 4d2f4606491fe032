//! A guest that moves from process to process.

use super::vmm::{Transport, Vmm};
use super::{Guests, MigrationCostError};
use crate::cost::{CostError, GuestProcess};
use serde::Deserialize;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;
use vmm_demo::output;
use vmm_demo::qmp::monitor::Monitor;

/// The interval of questions for a migration's status.
const RETRY: Duration = Duration::from_millis(20);

/// The time in which an event comes that belongs to what has happened.
const EVENT_LIMIT: Duration = Duration::from_secs(10);

/// The interval of the guest's lines that show that it runs, in milliseconds.
const BEAT: u32 = 4;

/// A running guest.
pub(super) struct Guest {
    vmm: Vmm,
    process: GuestProcess,
}

/// A migration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// The time from the guest's last line at the source to the first at the destination.
    pub(super) silence: Duration,
    /// The time from the source's STOP to the destination's RESUME.
    pub(super) downtime: Duration,
    /// The downtime by the VMM's own report, as are the other figures.
    pub(super) reported: Duration,
    pub(super) total: Duration,
    /// Bytes on the wire.
    pub(super) transferred: u64,
}

/// The report of `query-migrate`, in part.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Migration {
    status: Option<String>,
    downtime: Option<u64>,
    total_time: Option<u64>,
    ram: Option<Ram>,
    error_desc: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Ram {
    transferred: u64,
}

impl Guest {
    /// Boots a guest, and waits until it has rewritten all of its part of the memory.
    pub(super) fn boot(guests: &Guests, vmm: Vmm) -> Result<Self, MigrationCostError> {
        let mut process = GuestProcess::start(|qmp| vmm.boot(guests, qmp))?;
        process.wait_until_touched()?;
        let mut guest = Self { vmm, process };
        guest.expect(&format!("beat {BEAT}"), &json!({ "beat": BEAT }))?;
        Ok(guest)
    }

    /// Sets the rest between the guest's writes.
    pub(super) fn rest(&mut self, milliseconds: u32) -> Result<(), MigrationCostError> {
        self.expect(
            &format!("rest {milliseconds}"),
            &json!({ "rest": milliseconds }),
        )
    }

    /// Moves the guest to another process, where it must answer.
    pub(super) fn migrate(
        self,
        guests: &Guests,
        transport: Transport,
    ) -> Result<(Self, Moved), MigrationCostError> {
        let Self { vmm, process } = self;
        let next = process.start_next(|qmp| vmm.wait(guests, transport, qmp))?;
        let mut next_monitor = next.monitor()?;
        let mut monitor = process.monitor()?;
        if let Some(parameters) = vmm.parameters(guests, transport) {
            monitor.execute("migrate-set-parameters", &parameters)?;
        }
        monitor.execute("migrate", &json!({ "uri": transport.address() }))?;
        let report = loop {
            let migration: Migration = monitor.query("query-migrate")?;
            match migration.status.as_deref() {
                Some("completed") => break migration,
                Some("setup" | "active" | "device") => sleep(RETRY),
                status => {
                    return Err(MigrationCostError::NotMoved {
                        vmm: vmm.name(),
                        status: status.unwrap_or("no status").to_owned(),
                        reason: migration.error_desc.unwrap_or_default(),
                    });
                }
            }
        };
        let stopped = event_time(&mut monitor, vmm, "STOP")?;
        let resumed = event_time(&mut next_monitor, vmm, "RESUME")?;
        // QEMU serves one client at a time.
        drop((monitor, next_monitor));
        let last = process.quit()?;
        let mut next = Self { vmm, process: next };
        let first = next.process.first_output()?;
        next.expect("hello", &json!({ "echo": "hello" }))?;
        let silence = last.map(|last| first.saturating_duration_since(last));
        let moved = Moved {
            silence: silence.unwrap_or_default(),
            downtime: resumed.saturating_sub(stopped),
            ..report.moved()
        };
        Ok((next, moved))
    }

    /// Ends the guest's process.
    pub(super) fn quit(self) -> Result<(), MigrationCostError> {
        self.process.quit()?;
        Ok(())
    }

    /// Types a line until its answer is right, as often as the VMM may lose a byte of it.
    fn expect(&mut self, line: &str, expected: &Value) -> Result<(), MigrationCostError> {
        let mut left = self.vmm.typing_limit();
        loop {
            let answer = self.process.ask(line)?;
            if answer == *expected {
                return Ok(());
            }
            left -= 1;
            if left == 0 {
                return Err(CostError::Answer { answer }.into());
            }
            output::note(&format!(
                "{}: the guest has answered `{answer}` to `{line}`, so the line is typed again",
                self.vmm.name()
            ));
        }
    }
}

impl Migration {
    fn moved(&self) -> Moved {
        let time = |ms: Option<u64>| Duration::from_millis(ms.unwrap_or_default());
        Moved {
            silence: Duration::ZERO,
            downtime: Duration::ZERO,
            reported: time(self.downtime),
            total: time(self.total_time),
            transferred: self.ram.as_ref().map_or(0, |ram| ram.transferred),
        }
    }
}

/// The time of the oldest event of this name that was not read yet.
fn event_time(
    monitor: &mut Monitor,
    vmm: Vmm,
    name: &'static str,
) -> Result<Duration, MigrationCostError> {
    let none = || MigrationCostError::NoEvent {
        vmm: vmm.name(),
        name,
    };
    loop {
        let event = monitor.next_event(EVENT_LIMIT)?.ok_or_else(none)?;
        if event.name == name {
            return Ok(event.time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Answers as a guest does, but loses the first byte of the first lines, of this number.
    const LOSSY: &str = r#"
left=$1
while read -r line; do
    if [ "$left" -gt 0 ]; then left=$((left - 1)) line=${line#?}; fi
    echo "{\"echo\":\"$line\"}"
done"#;

    fn hello(vmm: Vmm, lost: u32) -> Result<(), String> {
        let process = GuestProcess::start::<CostError>(|_qmp| {
            let mut command = Command::new("sh");
            command.args(["-c", LOSSY, "sh", &lost.to_string()]);
            Ok(command)
        });
        let mut guest = Guest {
            vmm,
            process: process.unwrap(),
        };
        let answered = guest.expect("hello", &json!({ "echo": "hello" }));
        answered.map_err(|error| error.to_string())
    }

    #[test]
    fn a_line_is_typed_again_where_bytes_may_be_lost() {
        let wrong = Err(r#"the guest has answered `{"echo":"ello"}`"#.to_owned());
        for (vmm, lost, expected) in [
            (Vmm::Own, 0, Ok(())),
            (Vmm::Own, 1, wrong.clone()),
            (Vmm::Qemu, 2, Ok(())),
            (Vmm::Qemu, 3, wrong),
        ] {
            assert_eq!(hello(vmm, lost), expected, "{vmm:?}, {lost} lost");
        }
    }
}
