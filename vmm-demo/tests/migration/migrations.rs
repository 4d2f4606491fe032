//! Migrations of fake machines, each side in a thread.

use crate::link::{self, LinkFault, Meter};
use crate::machine::Machine;
use crate::world::{Process, World};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use vmm_demo::migration::MigrationTimeouts;
use vmm_demo::migration::control::Control;
use vmm_demo::migration::destination::{self, DestinationOptions};
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::lease::Lease;
use vmm_demo::migration::source::{self, SourceOptions};
use vmm_demo::migration::streams::{AcceptStream, StreamSource};
use vmm_demo::migration::token::Token;
use vmm_demo::migration::transport::Transport;

/// Longer than any pause of a busy test machine.
pub(crate) const PATIENT: MigrationTimeouts = MigrationTimeouts {
    link: Duration::from_secs(30),
    answer: Duration::from_secs(30),
};

/// The identity of a new attempt.
pub(crate) fn token() -> Token {
    Token::random().expect("random bytes")
}

/// Two machines, the first with a running guest.
pub(crate) struct Pair {
    pub(crate) world: Arc<World>,
    pub(crate) source: Machine,
    pub(crate) destination: Machine,
    pub(crate) control: Arc<Control>,
    /// The destination's control.
    pub(crate) arrival: Arc<Control>,
    pub(crate) memory: MemoryMode,
    pub(crate) timeouts: MigrationTimeouts,
    pub(crate) zstd: bool,
    pub(crate) streams: (Option<StreamSource>, Option<AcceptStream>),
    /// The leases of source and destination.
    pub(crate) leases: [Option<Box<dyn Lease>>; 2],
}

impl Pair {
    pub(crate) fn new(memory: MemoryMode) -> Self {
        let world = Arc::new(World::default());
        Self {
            source: Machine::running(&Process::new("source", &world)),
            destination: Machine::empty(&Process::new("destination", &world)),
            world,
            control: Arc::default(),
            arrival: Arc::default(),
            memory,
            timeouts: PATIENT,
            zstd: false,
            streams: (None, None),
            leases: [None, None],
        }
    }

    /// Migrates through the two ends of a connection.
    pub(crate) fn migrate(
        &mut self,
        ends: (impl Transport + 'static, impl Transport + 'static),
    ) -> (SourceEnd, DestinationEnd) {
        self.migrate_boxed((Box::new(ends.0), Box::new(ends.1)))
    }

    pub(crate) fn migrate_boxed(
        &mut self,
        ends: (Box<dyn Transport>, Box<dyn Transport>),
    ) -> (SourceEnd, DestinationEnd) {
        let [source_lease, destination_lease] = &mut self.leases;
        let source_options = SourceOptions {
            token: token(),
            memory: self.memory,
            zstd: self.zstd,
            streams: self.streams.0.take(),
            lease: source_lease.take(),
            timeouts: self.timeouts,
        };
        let destination_options = DestinationOptions {
            streams: self.streams.1.take(),
            lease: destination_lease.take(),
            timeouts: self.timeouts,
        };
        let (source, destination) = (&mut self.source, &mut self.destination);
        let (control, arrival) = (&self.control, &self.arrival);
        thread::scope(|scope| {
            let receiving = scope.spawn(move || {
                destination::receive(destination, ends.1, destination_options, arrival)
            });
            let ended = source::migrate(source, ends.0, source_options, control);
            (ended, receiving.join().expect("the destination panicked"))
        })
    }

    /// Migrates through a connection in memory with a fault in what a side sends.
    pub(crate) fn migrate_with(
        &mut self,
        faults: [Option<LinkFault>; 2],
    ) -> ((SourceEnd, DestinationEnd), Meter) {
        let (source, destination) = (&self.source.process, &self.destination.process);
        let ends = link::connection(source, destination, faults);
        let meter = ends.0.meter();
        (self.migrate(ends), meter)
    }

    /// Migrates the guest, wherever it runs, to another machine, and checks its memory there.
    pub(crate) fn migrate_again(self) {
        let runs = self.world.running();
        let machine = match runs.as_slice() {
            ["source"] => self.source,
            ["destination"] => self.destination,
            _ => panic!("not one guest runs: {runs:?}"),
        };
        machine.process.spare();
        let third = Machine::empty(&Process::new("third", &self.world));
        let mut again = Self {
            source: machine,
            destination: third,
            world: self.world,
            control: Arc::default(),
            arrival: Arc::default(),
            memory: MemoryMode::Copy,
            timeouts: PATIENT,
            zstd: false,
            streams: (None, None),
            leases: [None, None],
        };
        let (ends, _) = again.migrate_with([None, None]);
        assert!(
            matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
            "{ends:?}"
        );
        assert_eq!(again.world.running(), ["third"]);
        assert!(again.source.contents() == again.destination.contents());
    }
}
