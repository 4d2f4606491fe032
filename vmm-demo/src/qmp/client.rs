//! One client: a session and its socket.

use super::session::Session;
use event_manager::EventSet;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// How much is read of a client at once.
const CHUNK: usize = 4096;

/// A client that is connected.
#[derive(Debug)]
pub(super) struct Client {
    stream: UnixStream,
    pub(super) session: Session,
    /// It takes nothing any more, but what it has asked for is still done, as is for one that closed its end after
    /// `quit`.
    peer_closed: bool,
    /// What the server waits for, as far as the kernel knows.
    pub(super) registered: EventSet,
}

impl Client {
    /// A client that has just connected.
    ///
    /// # Errors
    ///
    /// That of the kernel for a socket that shall not block.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            session: Session::new(),
            peer_closed: false,
            registered: EventSet::empty(),
        })
    }

    pub(super) fn descriptor(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Reads a piece of what it wrote, if there is room for it.
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
            Err(error) if is_for_later(&error) => {}
            Err(_) => self.session.close_input(),
        }
    }

    /// Notes that its end is closed altogether: then there is only what it has asked for.
    pub(super) fn note_hang_up(&mut self, events: EventSet) {
        if events.intersects(EventSet::HANG_UP | EventSet::ERROR) {
            self.peer_closed = true;
            // What it wrote before is read first, a piece at a time.
            self.write();
        }
    }

    /// Writes as much as it takes.
    pub(super) fn write(&mut self) {
        while !self.session.output().is_empty() {
            if self.peer_closed {
                self.session.written(usize::MAX);
                return;
            }
            match self.stream.write(self.session.output()) {
                Ok(count) => self.session.written(count),
                Err(error) if is_for_later(&error) => return,
                Err(_) => self.peer_closed = true,
            }
        }
    }

    /// What the server is to wait for.
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

    /// Whether it is to be disconnected.
    pub(super) fn is_finished(&self) -> bool {
        self.session.is_finished() || self.session.is_overrun()
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
