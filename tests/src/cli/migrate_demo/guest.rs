//! The guest of the demonstration, and its way to another host.

use super::{Booted, TestbedError, print};
use crate::demo::DemoError;
use crate::demo::migration::{Transcript, typed};
use crate::forward::relay;
use crate::guest::WorkStatus;
use crate::machine::{Console, Ending, Output, Running};
use crate::program::Program;
use crate::progress::Progress;
use serde::Deserialize;
use std::panic::resume_unwind;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// Time limit of the guest's boot, and of any other step.
pub(super) const LIMIT: Duration = Duration::from_mins(5);

/// Time limit of a connection between the hosts.
const CONNECTION_LIMIT: Duration = Duration::from_mins(1);

/// Time in which the guest works between two steps.
const WORK: Duration = Duration::from_secs(2);

/// Words of the guest's kernel: its messages are on the console once its first program runs, not
/// those of its boot (Linux 7.2, `Documentation/admin-guide/kernel-parameters.txt`, `loglevel=` and
/// `sysctl.*=`).
const WORDS: &str = "console=ttyS0 loglevel=3 sysctl.kernel.printk=7 idreg.end=work idreg.memory=1";

/// Options of a link that carries a few MB per second between two emulated hosts.
const SLOW_LINK: [&str; 5] = ["--downtime-limit", "2000", "--time-out", "20", "--force"];

/// The socket at which a guest serves QMP, on each host.
const QMP_SOCKET: &str = "guest-qmp.sock";

/// The socket at which a destination waits, on each host.
const INCOMING_SOCKET: &str = "incoming.sock";

/// Arguments of a destination.
pub(super) const INCOMING: [&str; 5] = [
    "run",
    "--incoming",
    "unix:incoming.sock",
    "--qmp",
    "unix:guest-qmp.sock",
];

/// Lines that switch the guest's second CPU, which is off at the start.
pub(super) const SECOND_CPU_ON: &str = "online 1";
pub(super) const SECOND_CPU_OFF: &str = "offline 1";

/// Arguments of a guest with this model.
pub(super) fn run_arguments(model: &str) -> [&str; 15] {
    [
        "run",
        "--kernel",
        "Image",
        "--initrd",
        "initrd.cpio.gz",
        "--append",
        WORDS,
        "--mem",
        "96M",
        "--smp",
        "2",
        "--cpu",
        model,
        "--qmp",
        "unix:guest-qmp.sock",
    ]
}

/// A migration that has ended in one way or the other.
pub(super) struct Migration<'h> {
    source: &'h Booted,
    arguments: Vec<String>,
    /// The output of `migrate`.
    pub(super) output: Output,
    /// The process that has waited for the guest.
    pub(super) destination: Running<'h>,
}

impl Migration<'_> {
    /// Checks the exit code of `migrate`.
    pub(super) fn ended_with(&self, code: i32) -> Result<(), DemoError> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.source.has_code(&arguments, &self.output, code)
    }
}

/// Tries to move the guest of a host to another host, and prints both commands.
pub(super) fn try_migrate<'h>(
    source: &'h Booted,
    destination: &'h Booted,
    progress: Progress,
) -> Result<Migration<'h>, TestbedError> {
    let near = format!("{}.sock", destination.cpu);
    let (to, qmp) = (format!("unix:{near}"), format!("unix:{QMP_SOCKET}"));
    let arguments = [
        &["migrate", "--to", &to, "--qmp", &qmp, "--copy"],
        &SLOW_LINK[..],
    ]
    .concat();
    print(&typed(destination.cpu, Program::VmmDemo.name(), &INCOMING))?;
    print(&typed(source.cpu, Program::VmmDemo.name(), &arguments))?;
    let there = destination
        .machine
        .start_with_stdin(Program::VmmDemo, INCOMING)?;
    source.machine.connect_within(QMP_SOCKET, LIMIT)?;
    let listening = source.machine.listen(&near)?;
    let step = format!("migrating from {} to {}", source.cpu, destination.cpu);
    let output = progress.step(&step, || {
        thread::scope(|scope| {
            let machine = &destination.machine;
            let link = scope.spawn(|| relay(listening, machine, INCOMING_SOCKET, CONNECTION_LIMIT));
            let moving = source.machine.start(Program::VmmDemo, &arguments)?;
            let output = moving.output(LIMIT)?;
            link.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            Ok::<_, TestbedError>(output)
        })
    })?;
    Ok(Migration {
        source,
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        output,
        destination: there,
    })
}

/// A guest that works and answers lines.
pub(super) struct Guest<'h> {
    host: &'h Booted,
    running: Running<'h>,
    console: Console,
    transcript: Transcript,
}

/// The guest's answer to `status`.
#[derive(Debug, Deserialize)]
struct StatusAnswer {
    status: WorkStatus,
}

impl<'h> Guest<'h> {
    /// Boots a guest with this model; `names` are those of all its hosts.
    pub(super) fn boot(
        host: &'h Booted,
        model: &str,
        names: &[&str],
        progress: Progress,
    ) -> Result<Self, TestbedError> {
        let arguments = run_arguments(model);
        print(&typed(host.cpu, Program::VmmDemo.name(), &arguments))?;
        let running = host.machine.start_with_stdin(Program::VmmDemo, arguments)?;
        let mut guest = Self {
            host,
            running,
            console: Console::default(),
            transcript: Transcript::new(names),
        };
        progress.step("booting Linux with the model in common", || {
            while !guest.next_line()?.contains("\"ready\"") {}
            Ok::<_, TestbedError>(())
        })?;
        guest.work(progress)?;
        Ok(guest)
    }

    /// Lets the guest work, and shows what it has done.
    pub(super) fn work(&mut self, progress: Progress) -> Result<(), TestbedError> {
        progress.step("letting the guest work", || sleep(WORK));
        self.status()
    }

    /// Moves the guest, and shows what it has done on the way.
    pub(super) fn move_to(
        mut self,
        destination: &'h Booted,
        progress: Progress,
    ) -> Result<Self, TestbedError> {
        print("\n")?;
        let migration = try_migrate(self.host, destination, progress)?;
        migration.ended_with(0)?;
        print(&migration.output.stderr())?;
        self.console.end(&self.running, Instant::now() + LIMIT)?;
        self.show_messages()?;
        self.host = destination;
        self.running = migration.destination;
        self.status()?;
        Ok(self)
    }

    /// Lets the guest switch its second CPU. It compares a CPU that it starts with the first.
    pub(super) fn switch(&mut self, line: &str) -> Result<(), TestbedError> {
        self.ask(line)?;
        self.show_messages()
    }

    /// Ends the guest, which must have found all its work right.
    pub(super) fn end(mut self) -> Result<(), TestbedError> {
        let answer = self.ask("end")?;
        if !answer.contains("\"right\"") {
            return Err(self.failed());
        }
        let ending = self.console.end(&self.running, Instant::now() + LIMIT)?;
        if ending != Ending::Exited(0) {
            return Err(self.failed());
        }
        let host = self.host.cpu;
        let all = "all memory, clocks, timers and vector registers were right";
        print(&self.transcript.line(host, all))?;
        self.show_messages()
    }

    fn status(&mut self) -> Result<(), TestbedError> {
        let answer = self.ask("status")?;
        let answer = serde_json::from_str::<StatusAnswer>(&answer);
        let answer = answer.map_err(|source| DemoError::Json {
            command: "status".to_owned(),
            host: self.host.cpu.to_owned(),
            source,
        })?;
        self.show_messages()?;
        print(&self.transcript.status(self.host.cpu, &answer.status))
    }

    fn ask(&mut self, line: &str) -> Result<String, TestbedError> {
        self.running.write(format!("{line}\n").as_bytes())?;
        self.next_line()
    }

    /// The guest's next line, which must not be an error.
    fn next_line(&mut self) -> Result<String, TestbedError> {
        let line = self
            .console
            .next_line(&self.running, Instant::now() + LIMIT)?;
        match line {
            Some(line) if !line.starts_with("{\"error\"") => Ok(line),
            _ => Err(self.failed()),
        }
    }

    fn show_messages(&mut self) -> Result<(), TestbedError> {
        let new = self
            .transcript
            .messages(self.host.cpu, self.console.stdout());
        print(&new)
    }

    fn failed(&self) -> TestbedError {
        DemoError::Guest {
            host: self.host.cpu.to_owned(),
            console: format!("{}{}", self.console.stdout(), self.console.stderr()),
        }
        .into()
    }
}
