//! A guest that works, its snapshots, and the guest that goes on from one.

use crate::console::{self, LIMIT};
use crate::moves::{Destination, migrate};
use crate::qmp::Qmp;
use idreg_tests::guest::{CpuStatus, WorkStatus};
use idreg_tests::machine::{Console, Ending, Machine, Output, Running};
use idreg_tests::program::Program;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::mem;
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The guest's command line: memory of 8 MiB is rewritten, which takes a few seconds.
const WORDS: &str = "console=ttyS0 quiet idreg.end=work idreg.memory=8";

/// Exit codes of a process whose guest goes on elsewhere: done, or quit.
const GONE_ON: [i32; 2] = [0, 5];

/// Interval between looks at the progress of the work.
const LOOK: Duration = Duration::from_millis(500);

/// Guests that were saved after their boot, by the address of their host and the number of vCPUs.
static BOOTED: Mutex<BTreeMap<(usize, usize), &'static OnceLock<()>>> = Mutex::new(BTreeMap::new());

/// A running guest.
pub(crate) struct Guest {
    machine: &'static Machine,
    /// Name of its files and its socket, which no other guest of the host has.
    name: String,
    running: Running<'static>,
    console: Console,
}

/// A guest in a file on a host.
pub(crate) struct Saved {
    machine: &'static Machine,
    name: String,
    console: Console,
}

impl Guest {
    /// A guest with the host's model, as it was after its boot and some work. The first caller
    /// boots it and saves it; every caller has a guest of its own from that file, which is mapped.
    pub(crate) fn booted(machine: &'static Machine, name: &str, vcpus: usize) -> Self {
        let base = format!("booted-{vcpus}");
        let address = ptr::from_ref(machine).addr();
        let saved = *BOOTED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry((address, vcpus))
            .or_insert_with(|| Box::leak(Box::default()));
        saved.get_or_init(|| {
            let mut guest = Self::boot(machine, &base, vcpus, &["--view", &booted_view(vcpus)]);
            let start = guest.status();
            guest.works_on(&start);
            guest.cut(&[]);
        });
        let console = Console::default();
        // Minutes may have passed since, which its watchdogs would take for a lockup.
        let options = ["--lazy", "--clock", "freeze"];
        let mut guest = restore(machine, &base, name.to_owned(), console, &options);
        guest.status();
        guest
    }

    /// Boots a guest with options of `run`, and waits until all its CPUs but the last work.
    pub(crate) fn boot(
        machine: &'static Machine,
        name: &str,
        vcpus: usize,
        options: &[&str],
    ) -> Self {
        let (smp, qmp) = (vcpus.to_string(), address(name));
        let mut arguments = vec!["run", "--kernel", "Image", "--initrd", "initrd.cpio.gz"];
        arguments.extend(["--append", WORDS, "--mem", "96M", "--smp", &smp]);
        arguments.extend(["--qmp", &qmp]);
        arguments.extend(options);
        let mut guest = Self {
            machine,
            name: name.to_owned(),
            running: start(machine, &arguments),
            console: Console::default(),
        };
        for cpu in 0..vcpus {
            assert_eq!(guest.next_line()["cpu"], cpu, "{:?}", guest.console);
        }
        assert_eq!(guest.next_line(), json!({ "ready": true }));
        guest
    }

    /// A guest that has arrived in this process from another, with its console.
    pub(crate) fn arrived(
        machine: &'static Machine,
        name: String,
        running: Running<'static>,
        console: Console,
    ) -> Self {
        Self {
            machine,
            name,
            running,
            console,
        }
    }

    /// Kills the guest's process.
    pub(crate) fn kill(&self) {
        self.running.kill().expect("the host is there");
    }

    /// The guest's host.
    pub(crate) fn machine(&self) -> &'static Machine {
        self.machine
    }

    /// The address of the guest's QMP server.
    pub(crate) fn address(&self) -> String {
        address(&self.name)
    }

    /// The console of a guest whose process was killed, and true if it had ended before that
    /// because the guest had left it.
    pub(crate) fn killed(mut self) -> (Console, bool) {
        let ended = self.console.end(&self.running, Instant::now() + LIMIT);
        let had_left = match ended {
            Ok(Ending::Killed(_)) => false,
            Ok(Ending::Exited(code)) if GONE_ON.contains(&code) => true,
            other => panic!("{other:?}"),
        };
        (self.console, had_left)
    }

    /// The console of a guest that has left its process.
    pub(crate) fn left(mut self) -> Console {
        self.console_to_the_end()
    }

    fn next_line(&mut self) -> Value {
        console::next_line(&mut self.console, &self.running)
    }

    /// Types a text, and waits until the guest's terminal shows it.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.running.write(text.as_bytes()).expect("it is there");
        console::wait_for(&mut self.console, &self.running, text);
    }

    /// Types a line and returns the answer.
    pub(crate) fn ask(&mut self, line: &str) -> Value {
        let line = format!("{line}\n");
        self.running.write(line.as_bytes()).expect("it is there");
        self.next_line()
    }

    pub(crate) fn status(&mut self) -> WorkStatus {
        let mut answer = self.ask("status");
        serde_json::from_value(answer["status"].take()).expect("a status")
    }

    /// Waits until every CPU has done more of every kind of work than in `before`. CPUs may have
    /// come online since.
    pub(crate) fn works_on(&mut self, before: &WorkStatus) -> WorkStatus {
        let started = Instant::now();
        loop {
            let now = self.status();
            let idle: Vec<_> = now
                .cpus
                .iter()
                .filter(|cpu| !has_grown(cpu, before))
                .collect();
            if idle.is_empty() && now.cpus.len() >= before.cpus.len() {
                return now;
            }
            assert!(started.elapsed() < LIMIT, "{now:?} after {before:?}");
            sleep(LOOK);
        }
    }

    /// Connects to the guest's QMP server.
    pub(crate) fn qmp(&self) -> Qmp {
        Qmp::connect(self.machine, &socket(&self.name))
    }

    /// Takes a snapshot from which the guest goes on itself.
    pub(crate) fn copy(&mut self, options: &[&str]) {
        let output = self.snapshot(options);
        assert_eq!(output.code, 0, "{}{:?}", output.stderr(), self.console);
    }

    fn snapshot(&self, options: &[&str]) -> Output {
        let (file, qmp) = (file(&self.name), address(&self.name));
        let mut arguments = vec!["snapshot", &file, "--qmp", &qmp];
        // Compression takes most of a test's time in an emulated host.
        if !options.contains(&"--memory") {
            arguments.extend(["--memory", "raw"]);
        }
        arguments.extend(options);
        let running = self.machine.start(Program::VmmDemo, &arguments);
        let output = running.and_then(|running| running.output(LIMIT));
        output.unwrap_or_else(|error| panic!("{error:?}\n{:?}", self.console))
    }

    /// Takes a snapshot that ends the guest.
    pub(crate) fn cut(mut self, options: &[&str]) -> Saved {
        let output = self.snapshot(&[&["--quit"], options].concat());
        assert_eq!(output.code, 0, "{}{:?}", output.stderr(), self.console);
        let console = self.console_to_the_end();
        self.saved(console)
    }

    /// Hands the guest over to another process on the same host, and returns what the command says
    /// of it.
    pub(crate) fn upgrade(self) -> (Self, String) {
        let destination = Destination::start(self.machine, &[]);
        let output = migrate(&self, destination.incoming(), &[]);
        let said = output.stderr().into_owned();
        assert_eq!(output.code, 0, "{said}{:?}", self.console);
        (destination.take(self.left()), said)
    }

    /// The console of a guest whose process ends although the guest is to go on.
    fn console_to_the_end(&mut self) -> Console {
        let code = console::end(&mut self.console, &self.running);
        assert!(GONE_ON.contains(&code), "{code}: {:?}", self.console);
        mem::take(&mut self.console)
    }

    /// Ends the work, which must have been right, and the guest.
    pub(crate) fn end(mut self) {
        self.power_off();
    }

    /// Ends the guest as [`end`](Self::end) does; what goes on is the snapshot of
    /// [`copy`](Self::copy).
    pub(crate) fn end_beside_copy(mut self) -> Saved {
        self.power_off();
        self.saved(Console::default())
    }

    fn power_off(&mut self) {
        assert_eq!(self.ask("end")["work"], "right", "{:?}", self.console);
        let code = console::end(&mut self.console, &self.running);
        assert_eq!(code, 0, "{:?}", self.console);
    }

    fn saved(self, console: Console) -> Saved {
        Saved {
            machine: self.machine,
            name: self.name,
            console,
        }
    }
}

impl Saved {
    /// Starts the guest on the host of the file.
    pub(crate) fn restore(self, options: &[&str]) -> Guest {
        let saved = self.name.clone();
        restore(self.machine, &saved, self.name, self.console, options)
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.machine.get(&file(&self.name)).expect("a snapshot")
    }

    /// Copies the file to another host.
    pub(crate) fn carry_to(self, machine: &'static Machine) -> Self {
        machine
            .put(&file(&self.name), &self.bytes())
            .expect("space");
        Self { machine, ..self }
    }

    /// Tries a restore that is refused before the guest goes on.
    pub(crate) fn is_refused(&self, options: &[&str]) -> String {
        fails(self.machine, &file(&self.name), options, 1)
    }
}

/// The file with the view of the guest that [`Guest::booted`] boots.
pub(crate) fn booted_view(vcpus: usize) -> String {
    format!("booted-{vcpus}.view.json")
}

/// Starts the guest of a file under a name of its own.
fn restore(
    machine: &'static Machine,
    saved: &str,
    name: String,
    console: Console,
    options: &[&str],
) -> Guest {
    let (file, qmp) = (file(saved), address(&name));
    let mut arguments = vec!["restore", &file, "--qmp", &qmp];
    arguments.extend(options);
    Guest {
        machine,
        running: start(machine, &arguments),
        name,
        console,
    }
}

/// Tries a restore that ends with this exit code and without a guest, and returns the message.
pub(crate) fn fails(machine: &Machine, file: &str, options: &[&str], code: i32) -> String {
    let arguments = [&["restore", file], options].concat();
    let running = machine.start(Program::VmmDemo, &arguments);
    let output = running.and_then(|running| running.output(LIMIT));
    let output = output.expect("it ends");
    let said = output.stderr().into_owned();
    assert_eq!(
        (output.code, output.stdout().as_ref()),
        (code, ""),
        "{said}"
    );
    said
}

fn file(name: &str) -> String {
    format!("{name}.snapshot")
}

pub(crate) fn socket(name: &str) -> String {
    format!("{name}.sock")
}

pub(crate) fn address(name: &str) -> String {
    format!("unix:{}", socket(name))
}

pub(crate) fn start(machine: &'static Machine, arguments: &[&str]) -> Running<'static> {
    let running = machine.start_with_stdin(Program::VmmDemo, arguments);
    running.expect("it starts")
}

/// True if a CPU, which may have come online since `before`, has done some of each kind of work.
fn has_grown(now: &CpuStatus, before: &WorkStatus) -> bool {
    let counts = |status: &CpuStatus| {
        [
            status.memory_rounds,
            status.clock_reads,
            status.ticks,
            status.timer_interrupts,
            status.vector_rounds,
        ]
    };
    let earlier = before.cpus.iter().find(|cpu| cpu.cpu == now.cpu);
    let earlier = earlier.map_or([0; 5], counts);
    counts(now)
        .iter()
        .zip(earlier)
        .all(|(now, then)| *now > then)
}
