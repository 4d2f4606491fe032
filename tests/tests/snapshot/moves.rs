//! Guests that migrate while they run, and their destinations.

use crate::console::{self, LIMIT};
use crate::guest::{Guest, address, socket, start};
use crate::qmp::Qmp;
use crate::relay::{Carried, Fault, carry};
use idreg_tests::machine::{Console, Error, Machine, Output, Running};
use idreg_tests::program::Program;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Interval between looks at a destination.
const LOOK: Duration = Duration::from_millis(200);

/// The number of destinations so far: each has sockets of its own.
static DESTINATIONS: AtomicU32 = AtomicU32::new(0);

/// A process that waits for a guest.
pub(crate) struct Destination {
    machine: &'static Machine,
    name: String,
    incoming: String,
    running: Running<'static>,
}

/// Options of a link that is slower than the guest writes its memory: two emulated hosts and this
/// process.
pub(crate) const SLOW_LINK: [&str; 5] = ["--downtime-limit", "2000", "--time-out", "10", "--force"];

/// The end of a try to move a guest.
pub(crate) struct Move {
    /// The output of the command.
    pub(crate) output: Output,
    /// The bytes on the link, if it came to be.
    pub(crate) carried: Option<Carried>,
    /// The socket at which the source finds the link.
    near: String,
}

impl Move {
    /// Lets the source connect to the destination once more.
    pub(crate) fn ask_again(
        &self,
        guest: &Guest,
        destination: &Destination,
    ) -> JoinHandle<Result<Carried, Error>> {
        let far = destination.socket();
        carry(guest.machine(), &self.near, destination.machine, &far, None)
    }
}

impl Destination {
    /// Starts a process and waits until it listens at a socket.
    pub(crate) fn start(machine: &'static Machine, options: &[&str]) -> Self {
        let name = next_name();
        let incoming = address(&format!("{name}-in"));
        Self::new(machine, name, incoming, options)
    }

    /// Starts a process and waits until it listens at an address.
    pub(crate) fn at(machine: &'static Machine, address: &str, options: &[&str]) -> Self {
        Self::new(machine, next_name(), address.to_owned(), options)
    }

    fn new(machine: &'static Machine, name: String, incoming: String, options: &[&str]) -> Self {
        let qmp = address(&name);
        let mut arguments = vec!["run", "--incoming", &incoming, "--qmp", &qmp];
        arguments.extend(options);
        let running = start(machine, &arguments);
        let destination = Self {
            machine,
            name,
            incoming,
            running,
        };
        let status = destination.qmp().execute("query-status", &json!({}));
        assert_eq!(status["status"], "inmigrate", "{status}");
        destination
    }

    /// The address at which a source finds it.
    pub(crate) fn incoming(&self) -> &str {
        &self.incoming
    }

    /// The socket at which a source finds it, in the directory of its host.
    fn socket(&self) -> String {
        let socket = self.incoming.strip_prefix("unix:");
        socket.expect("a socket").to_owned()
    }

    /// Kills the process.
    pub(crate) fn kill(&self) {
        self.running.kill().expect("the host is there");
    }

    /// The guest, once it runs, or the exit code and the output of a process that ends without one.
    pub(crate) fn outcome(self, console: Console) -> Result<Guest, (i32, String)> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let Some(status) = self.status() else {
                return Err(self.end());
            };
            match status.as_str() {
                "completed" => return Ok(self.take(console)),
                "failed" => return Err(self.end()),
                _ => assert!(Instant::now() < deadline, "{status}"),
            }
            sleep(LOOK);
        }
    }

    /// Waits until the migration is in doubt, or the process has ended without a guest.
    pub(crate) fn ends_in_doubt(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            match self.status().as_deref() {
                Some("in-doubt") => return true,
                None | Some("failed") => return false,
                Some(status) => assert!(Instant::now() < deadline, "{status}"),
            }
            sleep(LOOK);
        }
    }

    /// The status of the migration, or `None` if the process has ended.
    fn status(&self) -> Option<String> {
        let mut qmp = Qmp::try_connect(self.machine, &socket(&self.name)).ok()?;
        let status = qmp.ask("query-migrate", &json!({})).ok()?;
        Some(status.ok()?["status"].as_str()?.to_owned())
    }

    /// A client of its QMP server.
    pub(crate) fn qmp(&self) -> Qmp {
        Qmp::connect(self.machine, &socket(&self.name))
    }

    /// The exit code and the output of a process that ends without a guest.
    pub(crate) fn end(self) -> (i32, String) {
        let mut console = Console::default();
        let code = console::end(&mut console, &self.running);
        (code, format!("{console:?}"))
    }

    /// The guest that has arrived, with the console that it had.
    pub(crate) fn take(self, console: Console) -> Guest {
        Guest::arrived(self.machine, self.name, self.running, console)
    }
}

/// Runs the command that moves a guest to an address.
pub(crate) fn migrate(guest: &Guest, to: &str, options: &[&str]) -> Output {
    output(start_migrating(guest, to, options))
}

/// Starts the command that moves a guest to an address.
pub(crate) fn start_migrating(guest: &Guest, to: &str, options: &[&str]) -> Running<'static> {
    let qmp = guest.address();
    let arguments = [&["migrate", "--to", to, "--qmp", &qmp], options].concat();
    let moving = guest.machine().start(Program::VmmDemo, &arguments);
    moving.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Waits for the end of the command.
pub(crate) fn output(moving: Running<'_>) -> Output {
    let output = moving.output(LIMIT);
    output.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Tries to move a guest through a link with a fault.
pub(crate) fn try_move(
    guest: &Guest,
    destination: &Destination,
    options: &[&str],
    fault: Option<Fault>,
) -> Move {
    let number = DESTINATIONS.fetch_add(1, Ordering::Relaxed);
    let near = format!("link-{number}.sock");
    let far = destination.socket();
    let link = carry(guest.machine(), &near, destination.machine, &far, fault);
    let to = format!("unix:{near}");
    let options = [&["--copy"], &SLOW_LINK[..], options].concat();
    let output = migrate(guest, &to, &options);
    let carried = link.join().expect("no panic").ok();
    Move {
        output,
        carried,
        near,
    }
}

/// Moves a guest to another host, where it goes on.
pub(crate) fn move_to(guest: Guest, machine: &'static Machine, options: &[&str]) -> Guest {
    let destination = Destination::start(machine, options);
    let moved = try_move(&guest, &destination, &[], None);
    let said = moved.output.stderr();
    assert_eq!(moved.output.code, 0, "{said}");
    println!("{said}");
    destination.take(guest.left())
}

/// The report of QMP about the last migration.
pub(crate) fn migration(qmp: &mut Qmp) -> Value {
    qmp.execute("query-migrate", &json!({}))
}

fn next_name() -> String {
    let number = DESTINATIONS.fetch_add(1, Ordering::Relaxed);
    format!("there-{number}")
}
