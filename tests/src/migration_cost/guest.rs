//! A guest that moves from process to process.

use super::vmm::{Transport, Vmm};
use super::{Guests, MigrationCostError};
use crate::guest::{WorkStatus, json_lines};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read as _, Write as _};
use std::mem;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use vmm_demo::qmp::monitor::{Monitor, MonitorError};
use vmm_demo::socket_address::Address;

/// The sockets for QMP of two processes, in turn.
const SOCKETS: [&str; 2] = ["unix:guest.sock", "unix:next.sock"];

/// The interval of questions for the guest's progress.
const INTERVAL: Duration = Duration::from_secs(1);

/// The time in which a process starts its QMP server, and in which that answers: QEMU takes a
/// minute to start in an emulated host on busy cores.
const START_LIMIT: Duration = Duration::from_mins(4);

/// The interval of attempts to connect to it, and of questions for a migration's status.
const RETRY: Duration = Duration::from_millis(20);

/// A running guest; dropping this ends its process.
pub(super) struct Guest {
    vmm: Vmm,
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    qmp: &'static str,
    console: String,
    /// The number of JSON lines that were taken.
    taken: usize,
}

/// A migration by the VMM's own report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    pub(super) downtime: Duration,
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
        let [qmp, _] = SOCKETS;
        let mut guest = Self::start(vmm, vmm.boot(guests, qmp)?, qmp)?;
        while guest.next_line()? != json!({ "ready": true }) {}
        loop {
            let mut answer = guest.ask("status")?;
            let status = answer.get_mut("status").map(Value::take);
            let status = status.and_then(|status| serde_json::from_value(status).ok());
            let status: WorkStatus = status.ok_or(MigrationCostError::Answer { answer })?;
            if status.cpus.iter().all(|cpu| cpu.memory_rounds > 0) {
                return Ok(guest);
            }
            sleep(INTERVAL);
        }
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
        let vmm = self.vmm;
        let other = SOCKETS.into_iter().find(|socket| *socket != self.qmp);
        let other = other.unwrap_or(self.qmp);
        let mut next = Self::start(vmm, vmm.wait(guests, transport, other)?, other)?;
        // It listens when its main thread answers.
        next.monitor()?.query::<Value>("query-status")?;
        let mut monitor = self.monitor()?;
        if let Some(parameters) = vmm.parameters(transport) {
            monitor.execute("migrate-set-parameters", &parameters)?;
        }
        monitor.execute("migrate", &json!({ "uri": transport.address() }))?;
        let moved = loop {
            let migration: Migration = monitor.query("query-migrate")?;
            match migration.status.as_deref() {
                Some("completed") => break migration.moved(),
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
        // QEMU serves one client at a time.
        drop(monitor);
        self.quit()?;
        next.expect("hello", &json!({ "echo": "hello" }))?;
        Ok((next, moved))
    }

    /// Ends the guest's process.
    pub(super) fn quit(mut self) -> Result<(), MigrationCostError> {
        self.monitor()?.execute("quit", &json!({}))?;
        let mut rest = Vec::new();
        let read = self.stdout.read_to_end(&mut rest);
        read.map_err(MigrationCostError::Process)?;
        let ended = self.child.wait();
        ended.map(drop).map_err(MigrationCostError::Process)
    }

    fn start(
        vmm: Vmm,
        mut command: Command,
        qmp: &'static str,
    ) -> Result<Self, MigrationCostError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(MigrationCostError::Process)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(MigrationCostError::Process(ErrorKind::BrokenPipe.into()));
        };
        Ok(Self {
            vmm,
            child,
            stdin,
            stdout,
            qmp,
            console: String::new(),
            taken: 0,
        })
    }

    /// Connects to the QMP server, as soon as that is there.
    fn monitor(&self) -> Result<Monitor, MigrationCostError> {
        let address: Address = self.qmp.parse()?;
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match Monitor::connect_within(&address, START_LIMIT) {
                Err(MonitorError::Nobody { .. }) if Instant::now() < deadline => sleep(RETRY),
                connected => return Ok(connected?),
            }
        }
    }

    fn expect(&mut self, line: &str, expected: &Value) -> Result<(), MigrationCostError> {
        let answer = self.ask(line)?;
        if answer == *expected {
            return Ok(());
        }
        Err(MigrationCostError::Answer { answer })
    }

    /// Types a line and returns the answer.
    fn ask(&mut self, line: &str) -> Result<Value, MigrationCostError> {
        let line = format!("{line}\n");
        let typed = self.stdin.write_all(line.as_bytes());
        typed.map_err(MigrationCostError::Process)?;
        self.next_line()
    }

    /// Waits for the guest's next JSON line.
    fn next_line(&mut self) -> Result<Value, MigrationCostError> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(line) = json_lines(&self.console).get(self.taken) {
                self.taken += 1;
                return serde_json::from_str(line)
                    .map_err(|error| MigrationCostError::Process(error.into()));
            }
            let read = self.stdout.read(&mut buffer);
            let count = read.map_err(MigrationCostError::Process)?;
            let Some(bytes @ [_, ..]) = buffer.get(..count) else {
                let console = mem::take(&mut self.console);
                return Err(MigrationCostError::Ended { console });
            };
            self.console.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}

impl Migration {
    fn moved(&self) -> Moved {
        let time = |ms: Option<u64>| Duration::from_millis(ms.unwrap_or_default());
        Moved {
            downtime: time(self.downtime),
            total: time(self.total_time),
            transferred: self.ram.as_ref().map_or(0, |ram| ram.transferred),
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
