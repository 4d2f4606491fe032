//! A client of the server: a session and its socket.

use super::session::{PendingRequest, Session};
use event_manager::EventSet;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// Bytes per read of a client's socket.
const CHUNK: usize = 4096;

/// Connected client.
#[derive(Debug)]
pub(super) struct Client {
    stream: UnixStream,
    pub(super) session: Session,
    /// Events that are registered with epoll.
    pub(super) registered: EventSet,
}

impl Client {
    /// Creates a client for a new connection.
    ///
    /// # Errors
    ///
    /// The kernel's error if it cannot make the socket non-blocking.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            session: Session::new(),
            registered: EventSet::empty(),
        })
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Reads up to `CHUNK` bytes, if the session takes input.
    pub(super) fn read(&mut self) {
        if !self.session.wants_input() {
            return;
        }
        let mut buffer = [0; CHUNK];
        match self.stream.read(&mut buffer) {
            Ok(0) => self.session.close_input(),
            Ok(count) => self
                .session
                .receive(buffer.get(..count).unwrap_or_default()),
            Err(error) if is_retryable(&error) => {}
            Err(_) => self.session.close_input(),
        }
    }

    /// Takes the next request, or `None` if none can be answered now. A request whose reply nobody
    /// would read is dropped with all that follow it, as in QEMU: a client that only closes its
    /// writing side still gets its replies.
    pub(super) fn next_request(&mut self) -> Option<PendingRequest> {
        if self.session.has_work() && self.has_hung_up() {
            self.session.abandon();
        }
        self.session.next()
    }

    /// True if the peer has closed its socket.
    fn has_hung_up(&self) -> bool {
        // A hang-up is reported without being asked for.
        let mut polled = [PollFd::new(&self.stream, PollFlags::empty())];
        let ready = poll(&mut polled, Some(&Timespec::default()));
        ready.is_ok()
            && polled
                .iter()
                .any(|fd| fd.revents().contains(PollFlags::HUP))
    }

    /// Writes as much output as the socket accepts.
    pub(super) fn write(&mut self) {
        while !self.session.output().is_empty() {
            match self.stream.write(self.session.output()) {
                Ok(count) => self.session.written(count),
                Err(error) if is_retryable(&error) => return,
                Err(_) => self.session.abandon(),
            }
        }
    }

    /// Events that the server must wait for.
    pub(super) fn interest(&self) -> EventSet {
        let mut interest = EventSet::empty();
        if self.session.wants_input() {
            interest |= EventSet::IN;
        }
        if !self.session.output().is_empty() {
            interest |= EventSet::OUT;
        }
        interest
    }

    /// True if the client must be disconnected.
    pub(super) fn is_finished(&self) -> bool {
        self.session.is_finished() || self.session.is_overrun()
    }
}

fn is_retryable(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
