//! Guests that migrate while they run, and their destinations.

use crate::console::{self, LIMIT};
use crate::guest::{Guest, address, socket, start};
use crate::qmp::Qmp;
use crate::relay::{Carried, Fault, carry};
use idreg_tests::machine::{Console, Error, Machine, Output, Running};
use idreg_tests::program::Program;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

/// The number of destinations so far: each has sockets of its own.
static DESTINATIONS: AtomicU32 = AtomicU32::new(0);

/// A process that waits for a guest.
pub(crate) struct Destination {
    machine: &'static Machine,
    name: String,
    running: Running<'static>,
}

/// Options of a link that is slower than the guest writes its memory: two emulated hosts and this
/// process.
const SLOW_LINK: [&str; 5] = ["--downtime-limit", "2000", "--time-out", "10", "--force"];

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
        let far = socket(&destination.incoming());
        carry(guest.machine(), &self.near, destination.machine, &far, None)
    }
}

impl Destination {
    /// Starts a process and waits until it listens.
    pub(crate) fn start(machine: &'static Machine, options: &[&str]) -> Self {
        let number = DESTINATIONS.fetch_add(1, Ordering::Relaxed);
        let name = format!("there-{number}");
        let (incoming, qmp) = (address(&incoming(&name)), address(&name));
        let mut arguments = vec!["run", "--incoming", &incoming, "--qmp", &qmp];
        arguments.extend(options);
        let running = start(machine, &arguments);
        let destination = Self {
            machine,
            name,
            running,
        };
        let status = destination.qmp().execute("query-status", &json!({}));
        assert_eq!(status["status"], "inmigrate", "{status}");
        destination
    }

    /// The socket at which a source finds it, in the directory of its host.
    pub(crate) fn incoming(&self) -> String {
        incoming(&self.name)
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

/// Tries to move a guest through a link with a fault.
pub(crate) fn try_move(
    guest: &Guest,
    destination: &Destination,
    options: &[&str],
    fault: Option<Fault>,
) -> Move {
    let number = DESTINATIONS.fetch_add(1, Ordering::Relaxed);
    let near = format!("link-{number}.sock");
    let far = socket(&destination.incoming());
    let link = carry(guest.machine(), &near, destination.machine, &far, fault);
    let (to, qmp) = (format!("unix:{near}"), guest.address());
    let mut arguments = vec!["migrate", "--to", &to, "--qmp", &qmp, "--copy"];
    arguments.extend(SLOW_LINK);
    arguments.extend(options);
    let moving = guest.machine().start(Program::VmmDemo, &arguments);
    let output = moving.and_then(|moving| moving.output(LIMIT));
    let output = output.unwrap_or_else(|error| panic!("{error:?}"));
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

/// What QMP says of the last migration.
pub(crate) fn migration(qmp: &mut Qmp) -> Value {
    qmp.execute("query-migrate", &json!({}))
}

fn incoming(name: &str) -> String {
    format!("{name}-in")
}
