//! The link between a source and a destination on other hosts: this process, which can break it at
//! any message.

use crate::console::LIMIT;
use idreg_tests::machine::{Error, Machine};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use vmm_demo::migration::message::{HEADER, MessageKind};

/// Offset of the message's kind in its header, and of the payload's length.
const KIND: usize = 4;
const LENGTH: usize = 16;

/// Place of a fault in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The link ends before the message.
    Before,
    /// The link ends in the middle of the message.
    Within,
    /// The link ends after the message.
    After,
    /// A bit of the message's last byte is another one.
    Flipped,
}

/// A fault of the link at the first message of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: MessageKind,
    pub(crate) place: Place,
}

/// The counts of bytes that each side has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) by_source: u64,
    pub(crate) by_destination: u64,
}

/// Passes on one connection from the socket `near` of the source's host to the socket `far` of the
/// destination's. The source can connect as soon as this returns.
pub(crate) fn carry(
    source: &'static Machine,
    near: &str,
    destination: &'static Machine,
    far: &str,
    fault: Option<Fault>,
) -> JoinHandle<Result<Carried, Error>> {
    let listening = source.listen(near).expect("a socket");
    let far = far.to_owned();
    thread::spawn(move || {
        let from = listening.accept(LIMIT)?;
        let to = destination.connect(&far)?;
        let back = {
            let (from, to) = (to.try_clone(), from.try_clone());
            let (from, to) = (from.expect("a socket"), to.expect("a socket"));
            thread::spawn(move || pass_on(from, to, fault))
        };
        let by_source = pass_on(from, to, fault);
        let by_destination = back.join().expect("no panic");
        Ok(Carried {
            by_source,
            by_destination,
        })
    })
}

/// Passes on the messages of a side, and returns the number of bytes.
fn pass_on(mut from: UnixStream, mut to: UnixStream, fault: Option<Fault>) -> u64 {
    let mut passed = 0;
    while let Some(mut message) = next(&mut from) {
        let found = fault.filter(|fault| has_kind(&message, fault.kind));
        let place = found.map(|fault| fault.place);
        match place {
            Some(Place::Before) => message.clear(),
            Some(Place::Within) => message.truncate(message.len() / 2),
            Some(Place::Flipped) => {
                let last = message.len() - 1;
                message[last] ^= 1;
            }
            Some(Place::After) | None => {}
        }
        let written = to.write_all(&message);
        passed += message.len() as u64;
        if written.is_err() || place.is_some_and(|place| place != Place::Flipped) {
            for stream in [&from, &to] {
                let _ended = stream.shutdown(Shutdown::Both);
            }
            return passed;
        }
    }
    // The other direction may still have something to say.
    let _ended = to.shutdown(Shutdown::Write);
    passed
}

/// The next message, or `None` at the end.
fn next(from: &mut UnixStream) -> Option<Vec<u8>> {
    let mut message = vec![0; HEADER];
    from.read_exact(&mut message).ok()?;
    let length = number(&message, LENGTH);
    message.resize(HEADER + usize::try_from(length).expect("a length"), 0);
    from.read_exact(&mut message[HEADER..]).ok()?;
    Some(message)
}

fn has_kind(message: &[u8], kind: MessageKind) -> bool {
    number(message, KIND) == kind as u32
}

fn number(message: &[u8], offset: usize) -> u32 {
    let bytes = message[offset..offset + 4].try_into();
    u32::from_le_bytes(bytes.expect("four bytes"))
}
