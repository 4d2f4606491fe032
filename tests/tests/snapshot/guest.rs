//! A guest that works.

use crate::console::{Console, LIMIT};
use crate::qmp::Qmp;
use idreg_tests::guest::{CpuStatus, WorkStatus};
use idreg_tests::machine::{Machine, Running};
use idreg_tests::program::Program;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The guest's command line: memory of 32 MiB is rewritten.
const WORDS: &str = "console=ttyS0 quiet idreg.end=work idreg.memory=32";

/// Interval between looks at the progress of the work.
const LOOK: Duration = Duration::from_millis(500);

/// A running guest.
pub(crate) struct Guest {
    machine: &'static Machine,
    /// Name of its socket, which no other guest of the host has.
    name: String,
    running: Running<'static>,
    console: Console,
}

impl Guest {
    /// Boots a guest with options of `run`, and waits until all its CPUs but the last work.
    pub(crate) fn boot(
        machine: &'static Machine,
        name: &str,
        vcpus: usize,
        options: &[&str],
    ) -> Self {
        let (smp, qmp) = (vcpus.to_string(), address(name));
        let mut arguments = vec!["run", "--kernel", "Image", "--initrd", "initrd.cpio.gz"];
        arguments.extend(["--append", WORDS, "--mem", "256M", "--smp", &smp]);
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

    fn next_line(&mut self) -> Value {
        self.console.next_line(&self.running)
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

    /// Ends the work, which must have been right, and the guest.
    pub(crate) fn end(mut self) {
        assert_eq!(self.ask("end")["work"], "right", "{:?}", self.console);
        let code = self.console.end(&self.running);
        assert_eq!(code, 0, "{:?}", self.console);
    }
}

fn socket(name: &str) -> String {
    format!("{name}.sock")
}

fn address(name: &str) -> String {
    format!("unix:{}", socket(name))
}

fn start(machine: &'static Machine, arguments: &[&str]) -> Running<'static> {
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
