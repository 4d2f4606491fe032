//! A process with a guest that is typed to and answers in JSON lines.

use super::CostError;
use crate::guest::{WorkStatus, json_lines};
use crate::program::{Program, VMM_DEMO};
use serde_json::{Value, json};
use std::env;
use std::io::{ErrorKind, Read as _, Write as _};
use std::mem;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use vmm_demo::qmp::monitor::{Monitor, MonitorError};
use vmm_demo::socket_address::Address;

/// The sockets for QMP of a guest's processes, in turn.
const SOCKETS: [&str; 2] = ["unix:guest.sock", "unix:next.sock"];

/// The interval of questions for the guest's progress.
const INTERVAL: Duration = Duration::from_secs(1);

/// The time in which a process starts its QMP server, and in which that answers: QEMU takes a
/// minute to start in an emulated host on busy cores.
const START_LIMIT: Duration = Duration::from_mins(4);

/// The interval of attempts to connect to it.
const RETRY: Duration = Duration::from_millis(20);

/// The demo VMM that the testbed gives to this program.
pub(crate) fn demo_vmm(program: Program) -> Result<Command, CostError> {
    let vmm = env::var_os(VMM_DEMO).ok_or(CostError::NoVmm { program })?;
    Ok(Command::new(vmm))
}

/// Bytes of the console, and the time at which they came.
type Output = (Instant, Vec<u8>);

/// A process with a guest; dropping this ends it.
pub(crate) struct GuestProcess {
    child: Child,
    stdin: ChildStdin,
    output: Receiver<Output>,
    qmp: &'static str,
    /// The times of the first and the last output that was taken.
    heard: Option<(Instant, Instant)>,
    console: String,
    /// The number of JSON lines that were taken.
    taken: usize,
}

impl GuestProcess {
    /// Starts a guest's first process, by the command for its QMP server's address.
    pub(crate) fn start<E: From<CostError>>(
        command: impl FnOnce(&str) -> Result<Command, E>,
    ) -> Result<Self, E> {
        let [first, _] = SOCKETS;
        Ok(Self::spawn(command(first)?, first)?)
    }

    /// Starts the process that will take this one's guest over, and waits until it listens.
    pub(crate) fn start_next<E: From<CostError>>(
        &self,
        command: impl FnOnce(&str) -> Result<Command, E>,
    ) -> Result<Self, E> {
        let other = SOCKETS.into_iter().find(|socket| *socket != self.qmp);
        let other = other.unwrap_or(self.qmp);
        let next = Self::spawn(command(other)?, other)?;
        // It listens when its main thread answers.
        let mut monitor = next.monitor()?;
        let status = monitor.query::<Value>("query-status");
        status.map_err(CostError::from)?;
        Ok(next)
    }

    fn spawn(mut command: Command, qmp: &'static str) -> Result<Self, CostError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(CostError::Process)?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(CostError::Process(ErrorKind::BrokenPipe.into()));
        };
        let (sender, output) = channel();
        let reader = thread::Builder::new().spawn(move || read(stdout, &sender));
        reader.map_err(CostError::Process)?;
        Ok(Self {
            child,
            stdin,
            output,
            qmp,
            heard: None,
            console: String::new(),
            taken: 0,
        })
    }

    /// Waits until a guest with `idreg.end=work` has rewritten all of its part of the memory.
    pub(crate) fn wait_until_touched(&mut self) -> Result<(), CostError> {
        while self.next_line()? != json!({ "ready": true }) {}
        loop {
            let mut answer = self.ask("status")?;
            let status = answer.get_mut("status").map(Value::take);
            let status = status.and_then(|status| serde_json::from_value(status).ok());
            let status: WorkStatus = status.ok_or(CostError::Answer { answer })?;
            if status.cpus.iter().all(|cpu| cpu.memory_rounds > 0) {
                return Ok(());
            }
            sleep(INTERVAL);
        }
    }

    /// Connects to the QMP server, as soon as that is there.
    pub(crate) fn monitor(&self) -> Result<Monitor, CostError> {
        let address: Address = self.qmp.parse()?;
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match Monitor::connect_within(&address, START_LIMIT) {
                Err(MonitorError::Nobody { .. }) if Instant::now() < deadline => sleep(RETRY),
                connected => return Ok(connected?),
            }
        }
    }

    /// Types a line and returns the answer.
    pub(crate) fn ask(&mut self, line: &str) -> Result<Value, CostError> {
        let line = format!("{line}\n");
        let typed = self.stdin.write_all(line.as_bytes());
        typed.map_err(CostError::Process)?;
        self.next_line()
    }

    /// Waits for the guest's next JSON line.
    fn next_line(&mut self) -> Result<Value, CostError> {
        loop {
            if let Some(line) = json_lines(&self.console).get(self.taken) {
                self.taken += 1;
                return serde_json::from_str(line)
                    .map_err(|error| CostError::Process(error.into()));
            }
            self.take_output()?;
        }
    }

    /// Waits for output, and returns the time at which the first came.
    pub(crate) fn first_output(&mut self) -> Result<Instant, CostError> {
        loop {
            if let Some((first, _)) = self.heard {
                return Ok(first);
            }
            self.take_output()?;
        }
    }

    fn take_output(&mut self) -> Result<(), CostError> {
        let Ok((time, bytes)) = self.output.recv() else {
            let console = mem::take(&mut self.console);
            return Err(CostError::Ended { console });
        };
        let first = self.heard.map_or(time, |(first, _)| first);
        self.heard = Some((first, time));
        self.console.push_str(&String::from_utf8_lossy(&bytes));
        Ok(())
    }

    /// Ends the process, and returns the time of its guest's last output.
    pub(crate) fn quit(mut self) -> Result<Option<Instant>, CostError> {
        self.monitor()?.execute("quit", &json!({}))?;
        while self.take_output().is_ok() {}
        self.child.wait().map_err(CostError::Process)?;
        Ok(self.heard.map(|(_, last)| last))
    }
}

/// Reads a console to its end, or until nobody wants more of it.
fn read(mut stdout: ChildStdout, output: &Sender<Output>) {
    let mut buffer = [0; 4096];
    while let Ok(count) = stdout.read(&mut buffer)
        && let Some(bytes @ [_, ..]) = buffer.get(..count)
        && output.send((Instant::now(), bytes.to_vec())).is_ok()
    {}
}

impl Drop for GuestProcess {
    fn drop(&mut self) {
        // Fails only if it has ended.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
