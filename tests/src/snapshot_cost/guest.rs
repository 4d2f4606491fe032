//! A guest that rewrites memory, in a process of the demo VMM.

use super::error::CostError;
use crate::guest::{WorkStatus, json_lines};
use crate::program::VMM_DEMO;
use serde::Deserialize;
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::mem;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use vmm_demo::qmp::migration::MigrationStatus;
use vmm_demo::qmp::monitor::{Monitor, MonitorError};
use vmm_demo::socket_address::Address;

/// The guest's socket for QMP, and that of the process that takes it over.
const SOCKETS: [&str; 2] = ["guest.sock", "next.sock"];

/// The socket at which that process waits.
const INCOMING: &str = "incoming.sock";

/// The file of a restore's start times.
const REPORT: &str = "report.json";

/// The interval of questions for the guest's progress.
const INTERVAL: Duration = Duration::from_secs(1);

/// The time in which a process starts its QMP server.
const START_LIMIT: Duration = Duration::from_mins(1);

/// The interval of attempts to connect to it.
const RETRY: Duration = Duration::from_millis(50);

/// A running guest; dropping this ends its process.
pub(super) struct Guest {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    socket: &'static str,
    console: String,
    /// The number of JSON lines that were taken.
    taken: usize,
}

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

impl Guest {
    /// Boots a guest, and waits until it has rewritten all of its part of the memory.
    pub(super) fn boot(memory_mib: u32, touched_mib: u32) -> Result<Self, CostError> {
        let words = format!("console=ttyS0 quiet idreg.end=work idreg.memory={touched_mib}");
        let memory = format!("{memory_mib}M");
        let [socket, _] = SOCKETS;
        let qmp = format!("unix:{socket}");
        let kernel = ["run", "--kernel", "Image", "--initrd", "initrd.cpio.gz"];
        let options = ["--append", &words, "--mem", &memory, "--qmp", &qmp];
        let mut guest = Self::start(socket, &[&kernel[..], &options].concat())?;
        while guest.next_line()? != json!({ "ready": true }) {}
        loop {
            let mut answer = guest.ask("status")?;
            let status = answer.get_mut("status").map(Value::take);
            let status = status.and_then(|status| serde_json::from_value(status).ok());
            let status: WorkStatus = status.ok_or(CostError::Answer { answer })?;
            if status.cpus.iter().all(|cpu| cpu.memory_rounds > 0) {
                return Ok(guest);
            }
            sleep(INTERVAL);
        }
    }

    /// Restores a guest, and returns its times after its end.
    pub(super) fn restore(file: &'static str, options: &[&str]) -> Result<Started, CostError> {
        let [socket, _] = SOCKETS;
        let qmp = format!("unix:{socket}");
        let arguments = ["restore", file, "--report", REPORT, "--qmp", &qmp];
        let arguments = [&arguments[..], options].concat();
        let started = Instant::now();
        let mut guest = Self::start(socket, &arguments)?;
        let answer = guest.ask("hello")?;
        let first_answer = started.elapsed();
        if answer != json!({ "echo": "hello" }) {
            return Err(CostError::Answer { answer });
        }
        guest.quit()?;
        let report = fs::read(REPORT).map_err(CostError::file(REPORT))?;
        let report: Option<Value> = serde_json::from_slice(&report).ok();
        let total = report.and_then(|report| report.pointer("/start_us/total")?.as_u64());
        let total = total.ok_or(CostError::Report { name: REPORT })?;
        Ok(Started {
            first_instruction: Duration::from_micros(total),
            first_answer,
        })
    }

    /// Lets another process take the guest over, and returns the time in which it did not run.
    pub(super) fn upgrade(self) -> Result<(Self, Duration), CostError> {
        let other = SOCKETS.into_iter().find(|socket| *socket != self.socket);
        let other = other.unwrap_or(self.socket);
        let (incoming, qmp) = (format!("unix:{INCOMING}"), format!("unix:{other}"));
        let next = Self::start(other, &["run", "--incoming", &incoming, "--qmp", &qmp])?;
        // It listens when its main thread answers.
        next.monitor()?.query::<Value>("query-status")?;
        let mut monitor = self.monitor()?;
        monitor.execute("migrate", &json!({ "uri": incoming }))?;
        let downtime = loop {
            let migration: Migration = monitor.query("query-migrate")?;
            match (migration.status, migration.downtime) {
                (Some(MigrationStatus::Completed), Some(downtime)) => break downtime,
                (Some(status), _) if status.is_active() => {
                    monitor.next_event(INTERVAL)?;
                }
                (status, _) => return Err(CostError::NotTakenOver { status }),
            }
        };
        self.quit()?;
        Ok((next, Duration::from_millis(downtime)))
    }

    /// Connects to the guest's QMP server, as soon as that is there.
    pub(super) fn monitor(&self) -> Result<Monitor, CostError> {
        let address: Address = format!("unix:{}", self.socket).parse()?;
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match Monitor::connect(&address) {
                Err(MonitorError::Nobody { .. }) if Instant::now() < deadline => sleep(RETRY),
                connected => return Ok(connected?),
            }
        }
    }

    /// Ends the guest's process.
    pub(super) fn quit(mut self) -> Result<(), CostError> {
        self.monitor()?.execute("quit", &json!({}))?;
        let mut rest = Vec::new();
        let read = self.stdout.read_to_end(&mut rest);
        read.map_err(CostError::Process)?;
        self.child.wait().map(drop).map_err(CostError::Process)
    }

    fn start(socket: &'static str, arguments: &[&str]) -> Result<Self, CostError> {
        let vmm = env::var_os(VMM_DEMO).ok_or(CostError::NoVmm)?;
        let mut command = Command::new(vmm);
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(CostError::Process)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(CostError::Process(ErrorKind::BrokenPipe.into()));
        };
        Ok(Self {
            child,
            stdin,
            stdout,
            socket,
            console: String::new(),
            taken: 0,
        })
    }

    /// Types a line and returns the answer.
    fn ask(&mut self, line: &str) -> Result<Value, CostError> {
        let line = format!("{line}\n");
        let typed = self.stdin.write_all(line.as_bytes());
        typed.map_err(CostError::Process)?;
        self.next_line()
    }

    /// Waits for the guest's next JSON line.
    fn next_line(&mut self) -> Result<Value, CostError> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(line) = json_lines(&self.console).get(self.taken) {
                self.taken += 1;
                return serde_json::from_str(line)
                    .map_err(|error| CostError::Process(error.into()));
            }
            let count = self.stdout.read(&mut buffer).map_err(CostError::Process)?;
            let Some(bytes @ [_, ..]) = buffer.get(..count) else {
                let console = mem::take(&mut self.console);
                return Err(CostError::Ended { console });
            };
            self.console.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
