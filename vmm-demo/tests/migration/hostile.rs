//! Peers that break the protocol: the migration ends, and nothing runs that should not.

use crate::link::{self, END, End};
use crate::machine::Machine;
use crate::migrations::{Pair, token};
use crate::world::{Process, World};
use proptest::prelude::*;
use rustix::net::sockopt::set_socket_send_buffer_size;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};
use vmm_demo::migration::MigrationTimeouts;
use vmm_demo::migration::destination::{self, DestinationOptions};
use vmm_demo::migration::end::{DestinationEnd, SourceEnd};
use vmm_demo::migration::failure::MigrationFailure;
use vmm_demo::migration::hello::MemoryMode;
use vmm_demo::migration::message::{self, HEADER, Header, InvalidMessage, MessageKind};
use vmm_demo::migration::source::{self, SourceOptions};
use vmm_demo::migration::transport::UnixTransport;

/// The messages of each side of a migration, those of the source up to HANDOVER.
static RECORDED: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let (_, meter) = Pair::new(MemoryMode::Copy).migrate_with([None, None]);
    let mut of_source = meter.recorded(0);
    of_source.truncate(of_source.len() - END);
    [of_source, meter.recorded(1)]
});

const SHORT: MigrationTimeouts = MigrationTimeouts {
    link: Duration::from_millis(100),
    answer: Duration::from_millis(100),
};

/// A side whose peer sends what `peer` writes.
fn with_peer<R>(
    timeouts: MigrationTimeouts,
    peer: impl FnOnce(End) + Send,
    side: impl FnOnce(Machine, End, MigrationTimeouts) -> R,
    running: bool,
) -> (R, Arc<World>) {
    let world = Arc::new(World::default());
    let process = Process::new("side", &world);
    let (own, other) = link::connection(&process, &Process::new("peer", &world), [None, None]);
    let machine = if running {
        Machine::running(&process)
    } else {
        Machine::empty(&process)
    };
    let end = thread::scope(|scope| {
        scope.spawn(|| peer(other));
        side(machine, own, timeouts)
    });
    (end, world)
}

fn receive(mut machine: Machine, end: End, timeouts: MigrationTimeouts) -> DestinationEnd {
    let options = DestinationOptions {
        timeouts,
        ..DestinationOptions::default()
    };
    destination::receive(&mut machine, Box::new(end), options, &Arc::default())
}

fn send(mut machine: Machine, end: End, timeouts: MigrationTimeouts) -> SourceEnd {
    let options = SourceOptions {
        token: token(),
        memory: MemoryMode::Copy,
        zstd: false,
        streams: None,
        lease: None,
        timeouts,
    };
    source::migrate(&mut machine, Box::new(end), options, &Arc::default())
}

/// The end of a destination whose source sends these bytes and closes the connection.
fn received(bytes: &[u8]) -> DestinationEnd {
    let peer = |mut end: End| {
        drop(end.write_all(bytes));
        await_close(end);
    };
    let (end, world) = with_peer(SHORT, peer, receive, false);
    assert!(world.most() <= 1);
    end
}

/// Takes what the other side sends until it closes the connection.
fn await_close(mut end: End) {
    loop {
        match end.read(&mut [0]) {
            Ok(1) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}

fn discarded(bytes: &[u8]) -> MigrationFailure {
    match received(bytes) {
        DestinationEnd::Discarded(failure) => failure,
        end => panic!("{end:?}"),
    }
}

/// The messages of a recording.
fn messages(mut bytes: &[u8]) -> Vec<(MessageKind, Vec<u8>)> {
    let mut messages = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() {
        let header = Header::parse(header, messages.len() as u64).expect("our own header");
        let (payload, rest) = rest.split_at(header.length as usize);
        messages.push((header.kind, payload.to_vec()));
        bytes = rest;
    }
    messages
}

fn joined(messages: &[(MessageKind, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (sequence, (kind, payload)) in (0..).zip(messages) {
        message::append(&mut bytes, *kind, sequence, payload).expect("a payload within its limit");
    }
    bytes
}

/// A message with this header and checksums that fit.
fn raw(kind: u32, sequence: u64, length: u32) -> Vec<u8> {
    let mut bytes = b"idmg".to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(sequence.to_le_bytes());
    bytes.extend(length.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

#[test]
fn recorded_source_is_believed() {
    let end = received(&RECORDED[0]);
    assert!(matches!(end, DestinationEnd::Runs), "{end:?}");
    assert_eq!(joined(&messages(&RECORDED[0])), RECORDED[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn damaged_bytes_never_run(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = RECORDED[0].clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(!matches!(received(&bytes), DestinationEnd::Runs));
        let end = received(&RECORDED[0][..at]);
        prop_assert!(!matches!(end, DestinationEnd::Runs));
    }

    /// Messages with right checksums that are missing, repeated, swapped, cut or of another kind.
    #[test]
    fn lying_sources_never_panic_a_destination(
        at in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        change in 0..5,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut list = messages(&RECORDED[0]);
        let (at, other) = (at.index(list.len()), other.index(list.len()));
        match change {
            0 => drop(list.remove(at)),
            1 => list.insert(at, list[other].clone()),
            2 => list.swap(at, other),
            3 => {
                let length = cut.index(list[at].1.len() + 1);
                list[at].1.truncate(length);
            }
            _ => {
                let kind = list[other].0;
                list[at].0 = kind;
                list[at].1.truncate(kind.limit() as usize);
            }
        }
        received(&joined(&list));
    }

    /// A source never ends its guest unless the destination has said READY and RUNNING.
    #[test]
    fn lying_destinations_never_take_the_guest(
        keep in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut list = messages(&RECORDED[1]);
        list.truncate(keep.index(list.len()));
        let mut bytes = joined(&list);
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        let peer = |mut end: End| {
            drop(end.write_all(&bytes));
            await_close(end);
        };
        let (end, _) = with_peer(SHORT, peer, send, true);
        prop_assert!(!matches!(end, SourceEnd::Completed), "{end:?}");
    }
}

#[test]
fn repeated_and_missing_messages_are_found() {
    let bytes = &RECORDED[0];
    let first = HEADER + messages(bytes)[0].1.len();
    let repeated = [&bytes[..first], &bytes[..first]].concat();
    assert_eq!(
        discarded(&repeated).to_string(),
        "a message has sequence number 0, expected 1"
    );
    assert_eq!(
        discarded(&bytes[first..]).to_string(),
        "a message has sequence number 1, expected 0"
    );
}

#[test]
fn oversized_messages_are_refused_before_memory_is_allocated() {
    for kind in 1..=20 {
        let failure = discarded(&raw(kind, 0, u32::MAX));
        let MigrationFailure::Message(InvalidMessage::TooLong { limit, .. }) = failure else {
            panic!("{failure}");
        };
        assert!(limit <= 64 << 20);
    }
}

#[test]
fn peers_from_the_future_are_refused_by_name() {
    assert_eq!(
        discarded(&raw(99, 0, 0)).to_string(),
        "message kind 99 is unknown in this version of the protocol"
    );
    let mut list = messages(&RECORDED[0]);
    let hello = String::from_utf8(list[0].1.clone()).expect("JSON");
    list[0].1 = hello
        .replace("[1]", "[2,3]")
        .replace("vmm-demo 0.1.0", "next\\n")
        .into_bytes();
    let failure = discarded(&joined(&list));
    assert_eq!(
        failure.to_string(),
        "this side refuses the guest: next\\n speaks versions [2, 3] of the migration protocol; \
         possible: version 1, which vmm-demo 0.1.0 speaks"
    );
    // Members that a newer version adds are ignored.
    list[0].1 = hello.replacen('{', "{\"new\":[1],", 1).into_bytes();
    assert!(matches!(received(&joined(&list)), DestinationEnd::Runs));
}

#[test]
fn other_protocols_are_named() {
    assert_eq!(
        discarded(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").to_string(),
        "the other side does not speak the migration protocol"
    );
}

#[test]
fn peers_that_send_byte_by_byte_are_stalled() {
    let peer = |mut end: End| {
        for byte in &RECORDED[0] {
            if end.write_all(&[*byte]).is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
    };
    let begun = Instant::now();
    let (end, _) = with_peer(SHORT, peer, receive, false);
    assert!(
        matches!(
            end,
            DestinationEnd::Discarded(MigrationFailure::Stalled { .. })
        ),
        "{end:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn peers_that_take_nothing_are_stalled() {
    let (own, peer) = UnixStream::pair().expect("sockets");
    let socket = own.try_clone().expect("a descriptor");
    let transport = Box::new(UnixTransport::new(own).expect("a transport"));
    set_socket_send_buffer_size(&socket, 4096).expect("a small buffer");
    (&peer).write_all(&RECORDED[1]).expect("a large buffer");
    let world = Arc::new(World::default());
    let mut machine = Machine::running(&Process::new("side", &world));
    let options = SourceOptions {
        token: token(),
        memory: MemoryMode::Copy,
        zstd: false,
        streams: None,
        lease: None,
        timeouts: SHORT,
    };
    let end = source::migrate(&mut machine, transport, options, &Arc::default());
    assert!(
        matches!(end, SourceEnd::Continues(MigrationFailure::Stalled { .. })),
        "{end:?}"
    );
    assert_eq!(world.running(), ["side"]);
    drop(peer);
}
