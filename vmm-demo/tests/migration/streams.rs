//! Migrations through several connections, and compressed pages.

use crate::link::{self, End, LinkFault};
use crate::migrations::{Pair, token};
use crate::world::{Process, World};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use vmm_demo::endpoint::Endpoint;
use vmm_demo::migration::control::{Control, MigrationParameters, TimeOutStrategy};
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::endpoint::Security;
use vmm_demo::migration::hello::{MemoryMode, StreamGreeting};
use vmm_demo::migration::memory_map::{MemoryMap, RamSlot};
use vmm_demo::migration::message::{self, MAX_CHUNK, MessageKind};
use vmm_demo::migration::pages::{self, PageRun};
use vmm_demo::migration::payload;
use vmm_demo::migration::streams::StreamSource;
use vmm_demo::migration::transport::Transport;

/// Gives a pair connections in memory, of which one has a fault in what the source sends.
fn connect(pair: &mut Pair, count: u32, fault: Option<(usize, LinkFault)>) {
    let waiting = Arc::new((Mutex::new(VecDeque::<End>::new()), Condvar::new()));
    let (source, destination) = (
        Arc::clone(&pair.source.process),
        Arc::clone(&pair.destination.process),
    );
    let (mut opened, opening) = (0, Arc::clone(&waiting));
    let open = move || {
        let fault = fault.filter(|(number, _)| *number == opened);
        opened += 1;
        let faults = [fault.map(|(_, fault)| fault), None];
        let (first, second) = link::connection(&source, &destination, faults);
        opening.0.lock().expect("a lock").push_back(second);
        opening.1.notify_all();
        Ok(Box::new(first) as Box<dyn Transport>)
    };
    let accept = move |_: &Control, deadline: Instant| {
        let queue = waiting.0.lock().expect("a lock");
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = waiting
            .1
            .wait_timeout_while(queue, left, |queue| queue.is_empty());
        let accepted = waited.expect("a lock").0.pop_front();
        let accepted = accepted.ok_or_else(|| io::Error::from(ErrorKind::TimedOut))?;
        Ok(Box::new(accepted) as Box<dyn Transport>)
    };
    pair.streams = (
        Some(StreamSource::new(count, Box::new(open))),
        Some(Box::new(accept)),
    );
}

fn completed(pair: &mut Pair) {
    let (ends, _) = pair.migrate_with([None, None]);
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    assert!(pair.source.contents() == pair.destination.contents());
}

#[test]
fn several_connections_carry_the_memory() {
    for count in [2, 5] {
        for zstd in [false, true] {
            let mut pair = Pair::new(MemoryMode::Copy);
            pair.zstd = zstd;
            connect(&mut pair, count, None);
            completed(&mut pair);
            let (sent, arrived) = (pair.control.progress().ram, pair.arrival.progress().ram);
            assert_eq!(
                (sent.stream_bytes, sent.precopy_bytes),
                (sent.transferred, 0)
            );
            assert_eq!(arrived.stream_bytes, sent.stream_bytes);
            pair.migrate_again();
        }
    }
}

#[test]
fn compressed_pages_are_shorter() {
    let transferred = |zstd| {
        let mut pair = Pair::new(MemoryMode::Copy);
        pair.zstd = zstd;
        completed(&mut pair);
        pair.control.progress().ram.transferred
    };
    let (raw, compressed) = (transferred(false), transferred(true));
    assert!(compressed < raw / 4, "{compressed} of {raw}");
}

#[test]
fn destination_without_further_connections_takes_the_first() {
    let mut pair = Pair::new(MemoryMode::Copy);
    connect(&mut pair, 4, None);
    pair.streams.1 = None;
    completed(&mut pair);
}

#[test]
fn forced_stop_within_a_round_keeps_the_memory_whole() {
    for _ in 0..6 {
        let mut pair = Pair::new(MemoryMode::Copy);
        pair.source.writes = 20;
        pair.control = Arc::new(Control::new(MigrationParameters {
            bandwidth: Some(100_000),
            time_out: Some(Duration::from_millis(200)),
            strategy: TimeOutStrategy::Force,
            ..MigrationParameters::default()
        }));
        connect(&mut pair, 3, None);
        completed(&mut pair);
    }
}

#[test]
fn fault_of_one_connection_leaves_the_guest_at_the_source() {
    for at in [0, 10, 28, 100, 200, 300, 1000, 5000] {
        for fault in [LinkFault::Cut(at), LinkFault::Corrupt(at)] {
            let mut pair = Pair::new(MemoryMode::Copy);
            connect(&mut pair, 3, Some((1, fault)));
            // A connection whose greeting is wrong is a stranger's: the right one never comes.
            pair.timeouts.answer = Duration::from_secs(1);
            let (ends, _) = pair.migrate_with([None, None]);
            assert!(pair.world.most() <= 1);
            match ends {
                (SourceEnd::Continues(_), DestinationEnd::Discarded(_)) => {}
                // The fault hit KEEP-ALIVE, or a byte that was never sent.
                (SourceEnd::Completed, DestinationEnd::Runs) if at >= 1000 => {}
                ends => panic!("{fault:?}: {ends:?}"),
            }
            pair.migrate_again();
        }
    }
}

#[test]
fn stranger_among_the_connections_is_left_out() {
    let mut pair = Pair::new(MemoryMode::Copy);
    connect(&mut pair, 2, None);
    let mut accept = pair.streams.1.take().expect("an acceptor");
    let mut strangers = vec![
        StreamGreeting {
            token: token(),
            number: 0,
        },
        StreamGreeting {
            token: token(),
            number: 9,
        },
    ];
    let world = Arc::new(World::default());
    pair.streams.1 = Some(Box::new(move |control, deadline| {
        let Some(greeting) = strangers.pop() else {
            return accept(control, deadline);
        };
        let process = Process::new("stranger", &world);
        let (mut stranger, end) = link::connection(&process, &process, [None, None]);
        let kind = MessageKind::Stream;
        let mut bytes = Vec::new();
        let json = payload::to_json(kind, &greeting).expect("JSON");
        message::append(&mut bytes, kind, 0, &json).expect("a message");
        io::Write::write_all(&mut stranger, &bytes)?;
        std::mem::forget(stranger);
        Ok(Box::new(end))
    }));
    completed(&mut pair);
}

#[test]
fn connections_of_a_socket_are_accepted() {
    let directory = tempfile::tempdir().expect("a directory");
    let address = format!("unix:{}", directory.path().join("socket").display());
    let endpoint: Endpoint = address.parse().expect("an address");
    let listener = endpoint
        .clone()
        .listen(Security::PlainLoopback)
        .expect("a socket");
    let mut pair = Pair::new(MemoryMode::Copy);
    let timeout = pair.timeouts.link;
    let first = endpoint
        .connect(&Security::PlainLoopback, timeout)
        .expect("a connection");
    let second = listener
        .accept(&Control::default(), timeout)
        .expect("a connection");
    let open = move || {
        let connected = endpoint.connect(&Security::PlainLoopback, timeout);
        connected.map_err(io::Error::other)
    };
    pair.streams = (
        Some(StreamSource::new(3, Box::new(open))),
        Some(Box::new(move |control, deadline| {
            listener.accept_stream(control, deadline)
        })),
    );
    let ends = pair.migrate_boxed((first, second));
    assert!(
        matches!(ends, (SourceEnd::Completed, DestinationEnd::Runs)),
        "{ends:?}"
    );
    assert!(pair.source.contents() == pair.destination.contents());
}

/// A map of one chunk.
fn map() -> MemoryMap {
    MemoryMap {
        slots: vec![RamSlot {
            address: 0,
            size: MAX_CHUNK as u64,
            offset: 0,
        }],
    }
}

/// The payload of PAGES at address 0.
fn payload(contents: &[u8], zstd: bool) -> Vec<u8> {
    let compressed = zstd.then(|| pages::compressed(contents)).flatten();
    PageRun::new(0, contents, compressed.as_deref()).bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn packed_pages_are_unpacked(
        pages in 1..=256_usize,
        part in prop::collection::vec(any::<u8>(), 1..5000),
        zstd in any::<bool>(),
    ) {
        let contents: Vec<_> = part.iter().copied().cycle().take(4096 * pages).collect();
        let payload = payload(&contents, zstd);
        let run = PageRun::parse(&payload, &map(), zstd).expect("our own pages");
        prop_assert_eq!(&*run.contents().expect("our own pages"), &contents);
    }

    /// A frame that is damaged, or has other pages than the header says, is refused or read within
    /// the length of the header.
    #[test]
    fn damaged_frames_do_not_grow(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut payload = payload(&vec![7; MAX_CHUNK], true);
        let at = at.index(payload.len());
        payload[at] = byte;
        if let Ok(run) = PageRun::parse(&payload, &map(), true)
            && let Ok(contents) = run.contents()
        {
            prop_assert!(contents.len() <= MAX_CHUNK);
        }
    }
}

#[test]
fn encoding_that_was_not_agreed_on_is_refused() {
    let payload = payload(&[7; 4096], true);
    let error = PageRun::parse(&payload, &map(), false).expect_err("zstd");
    assert_eq!(
        error.to_string(),
        "PAGES is invalid: the encoding is unknown or was not agreed on"
    );
}
