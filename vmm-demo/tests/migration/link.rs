//! A connection in memory that cuts, stalls, damages or loses bytes.

use crate::world::{Process, lock};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use vmm_demo::migration::message::HEADER;
use vmm_demo::migration::transport::Transport;

/// The fault at the byte of this number in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkFault {
    /// The connection ends before it.
    Cut(usize),
    /// Neither it nor a later byte in either direction comes.
    Stall(usize),
    /// It is another one.
    Corrupt(usize),
    /// It is missing.
    Lose(usize),
}

/// The length of the source's END, its last message, which decides nothing about its guest.
pub(crate) const END: usize = HEADER + r#"{"end":"discarded"}"#.len();

/// One direction of a connection.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    sent: Vec<u8>,
    fault: Option<LinkFault>,
}

#[derive(Debug, Default)]
struct Link {
    pipes: [Pipe; 2],
    closed: bool,
    stalled: bool,
    descriptor: Option<OwnedFd>,
}

/// One end of a connection; the connection ends when either is dropped.
pub(crate) struct End {
    link: Arc<(Mutex<Link>, Condvar)>,
    /// The number of the pipe that this end writes to.
    out: usize,
    process: Arc<Process>,
}

/// The two ends of a connection with a fault in the bytes of the first end.
pub(crate) fn connection(
    first: &Arc<Process>,
    second: &Arc<Process>,
    faults: [Option<LinkFault>; 2],
) -> (End, End) {
    let pipes = faults.map(|fault| Pipe {
        fault,
        ..Pipe::default()
    });
    let link = Link {
        pipes,
        ..Link::default()
    };
    let link = Arc::new((Mutex::new(link), Condvar::new()));
    let end = |out, process: &Arc<Process>| End {
        link: Arc::clone(&link),
        out,
        process: Arc::clone(process),
    };
    (end(0, first), end(1, second))
}

impl Link {
    fn send(&mut self, out: usize, bytes: &[u8]) {
        let pipe = &mut self.pipes[out];
        if pipe.fault.is_none() && !self.stalled {
            pipe.sent.extend(bytes);
            pipe.bytes.extend(bytes);
            return;
        }
        for byte in bytes {
            self.push(out, *byte);
        }
    }

    /// Sends a byte, unless a fault prevents it.
    fn push(&mut self, out: usize, byte: u8) {
        let pipe = &mut self.pipes[out];
        let number = pipe.sent.len();
        pipe.sent.push(byte);
        let byte = match pipe.fault {
            Some(LinkFault::Cut(at)) if number == at => {
                self.closed = true;
                return;
            }
            Some(LinkFault::Stall(at)) if number == at => {
                self.stalled = true;
                return;
            }
            Some(LinkFault::Corrupt(at)) if number == at => byte ^ 0x10,
            Some(LinkFault::Lose(at)) if number == at => return,
            _ => byte,
        };
        if !self.closed && !self.stalled {
            pipe.bytes.push_back(byte);
        }
    }
}

/// Reads fill the whole buffer if the connection does not end, so that their number does not depend
/// on time.
impl Read for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (link, changed) = &*self.link;
        let ready = |link: &mut Link| {
            let there = link.pipes[1 - self.out].bytes.len();
            there < buffer.len() && !link.closed
        };
        let waited = changed.wait_timeout_while(lock(link), Duration::from_millis(20), ready);
        let (mut link, _) = waited.expect("a lock");
        let closed = link.closed;
        let pipe = &mut link.pipes[1 - self.out].bytes;
        if pipe.len() < buffer.len() && !closed {
            return Err(ErrorKind::WouldBlock.into());
        }
        drop(link);
        self.process.call()?;
        let mut link = lock(&self.link.0);
        let pipe = &mut link.pipes[1 - self.out].bytes;
        let length = pipe.len().min(buffer.len());
        pipe.read(&mut buffer[..length])
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let called = self.process.call();
        let (link, changed) = &*self.link;
        let mut link = lock(link);
        if let Err(error) = called {
            link.closed = true;
            changed.notify_all();
            return Err(error);
        }
        if link.closed {
            return Err(ErrorKind::BrokenPipe.into());
        }
        link.send(self.out, bytes);
        changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for End {
    fn send_descriptor(&mut self, bytes: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<usize> {
        lock(&self.link.0).descriptor = Some(descriptor.try_clone_to_owned()?);
        self.write(bytes)
    }

    fn take_descriptor(&mut self) -> Option<OwnedFd> {
        lock(&self.link.0).descriptor.take()
    }
}

/// A view of a connection from outside.
pub(crate) struct Meter(Arc<(Mutex<Link>, Condvar)>);

impl Meter {
    /// The bytes that each end has sent.
    pub(crate) fn sent(&self) -> [usize; 2] {
        lock(&self.0.0).pipes.each_ref().map(|pipe| pipe.sent.len())
    }

    /// The bytes that an end has sent.
    pub(crate) fn recorded(&self, side: usize) -> Vec<u8> {
        lock(&self.0.0).pipes[side].sent.clone()
    }
}

impl End {
    pub(crate) fn meter(&self) -> Meter {
        Meter(Arc::clone(&self.link))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        lock(&self.link.0).closed = true;
        self.link.1.notify_all();
    }
}
