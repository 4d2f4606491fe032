//! A connection on which messages are sent and received in order, each within a time.

use super::control::Control;
use super::failure::MigrationFailure;
use super::message::{self, HEADER, Header, InvalidMessage, Message, MessageKind};
use super::transport::Transport;
use std::io::{self, ErrorKind};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The lowest rate in bytes per second at which a message must arrive or leave after its timeout
/// has passed: a peer that sends byte by byte is a stalled one.
const LOWEST_RATE: u64 = 64 << 10;

/// The number of bytes that are collected before they are written.
const SEND_BUFFER: usize = 256 << 10;

/// The number of bytes of a payload that memory is allocated for before they have come.
const RECEIVE_STEP: usize = 64 << 10;

/// The time for the last message to a peer after a failure.
const LAST_WORD: Duration = Duration::from_secs(1);

/// One side of a connection.
pub struct Channel {
    transport: Box<dyn Transport>,
    control: Arc<Control>,
    /// The time in which the other side must take what is sent.
    timeout: Duration,
    next_sent: u64,
    next_received: u64,
    buffer: Vec<u8>,
    /// The payload of an earlier message, whose memory the next pages take.
    spare: Vec<u8>,
    last_sent: Instant,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").finish_non_exhaustive()
    }
}

impl Channel {
    /// Makes a channel of a new connection, on which the other side must take what is sent in this
    /// time.
    #[must_use]
    pub fn new(transport: Box<dyn Transport>, control: Arc<Control>, timeout: Duration) -> Self {
        Self {
            transport,
            control,
            timeout,
            next_sent: 0,
            next_received: 0,
            buffer: Vec::new(),
            spare: Vec::new(),
            last_sent: Instant::now(),
        }
    }

    /// Sends a message after those in the buffer.
    ///
    /// # Errors
    ///
    /// [`MigrationFailure`] of the link, or [`MigrationFailure::Cancelled`].
    pub fn send(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), MigrationFailure> {
        self.queue(kind, payload)?;
        self.flush()
    }

    /// Puts a message into the buffer, and sends the buffer if it is full.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn queue(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), MigrationFailure> {
        self.queue_parts(kind, &[payload])
    }

    /// Puts a message into the buffer whose payload is these parts. A part that would fill the
    /// buffer is sent without a copy.
    pub(super) fn queue_parts(
        &mut self,
        kind: MessageKind,
        payload: &[&[u8]],
    ) -> Result<(), MigrationFailure> {
        message::append_header(&mut self.buffer, kind, self.next_sent, payload)?;
        self.next_sent += 1;
        for part in payload {
            if self.buffer.len() + part.len() < SEND_BUFFER {
                self.buffer.extend(*part);
            } else {
                self.flush()?;
                self.write(part, self.timeout, true)?;
            }
        }
        Ok(())
    }

    /// Sends what is in the buffer.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn flush(&mut self) -> Result<(), MigrationFailure> {
        let buffer = std::mem::take(&mut self.buffer);
        let sent = self.write(&buffer, self.timeout, true);
        self.buffer = buffer;
        self.buffer.clear();
        sent
    }

    /// Sends a message with a descriptor.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send); [`MigrationFailure::Link`] if the transport cannot pass it.
    pub fn send_descriptor(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        descriptor: BorrowedFd<'_>,
    ) -> Result<(), MigrationFailure> {
        self.flush()?;
        let mut bytes = Vec::new();
        message::append(&mut bytes, kind, self.next_sent, payload)?;
        self.next_sent += 1;
        let deadline = Instant::now() + self.timeout;
        let sent = loop {
            match self.transport.send_descriptor(&bytes, descriptor) {
                Ok(sent) => break sent,
                Err(error) if waits(&error) => self.check(deadline, self.timeout, true)?,
                Err(error) => return Err(MigrationFailure::Link(error)),
            }
        };
        let rest = bytes.get(sent..).unwrap_or_default();
        self.write(rest, self.timeout, true)
    }

    /// Sends KEEP-ALIVE if nothing was sent for this time.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn keep_alive(&mut self, interval: Duration) -> Result<(), MigrationFailure> {
        if self.last_sent.elapsed() < interval {
            return Ok(());
        }
        self.send(MessageKind::KeepAlive, &[])
    }

    /// Tells the other side why the migration ends, if the link still allows it.
    pub fn last_word(&mut self, kind: MessageKind, payload: &[u8]) {
        self.buffer.clear();
        let mut bytes = Vec::new();
        if message::append(&mut bytes, kind, self.next_sent, payload).is_ok() {
            self.next_sent += 1;
            // The other side sees a closed connection otherwise.
            let _ = self.write(&bytes, LAST_WORD, false);
        }
    }

    /// Sends HANDOVER, which cannot be cancelled.
    ///
    /// # Errors
    ///
    /// [`MigrationFailure`] of the link; the message may have been sent.
    pub fn hand_over(&mut self) -> Result<(), MigrationFailure> {
        let mut bytes = Vec::new();
        message::append(&mut bytes, MessageKind::HandOver, self.next_sent, &[])?;
        self.next_sent += 1;
        self.write(&bytes, self.timeout, false)
    }

    /// Receives the next message, which must begin to come in this time. ERROR and REFUSE are
    /// failures.
    ///
    /// # Errors
    ///
    /// [`MigrationFailure`] of the link or the peer, or [`MigrationFailure::Cancelled`].
    pub fn receive(&mut self, timeout: Duration) -> Result<Message, MigrationFailure> {
        self.receive_until(timeout, true)
    }

    /// Receives the next message as [`receive`](Self::receive), but cannot be cancelled.
    ///
    /// # Errors
    ///
    /// [`MigrationFailure`] of the link or the peer.
    pub fn receive_always(&mut self, timeout: Duration) -> Result<Message, MigrationFailure> {
        self.receive_until(timeout, false)
    }

    /// Receives a message that must be of this kind, and returns its payload.
    ///
    /// # Errors
    ///
    /// Those of [`receive`](Self::receive); [`InvalidMessage::Unexpected`].
    pub fn expect(
        &mut self,
        kind: MessageKind,
        timeout: Duration,
    ) -> Result<Vec<u8>, MigrationFailure> {
        let message = self.receive(timeout)?;
        expect_kind(&message, kind)?;
        Ok(message.payload)
    }

    /// The reason for the failure of a further connection, which may have come on this one.
    pub(super) fn reason_for(&mut self, failure: MigrationFailure) -> MigrationFailure {
        match self.receive(LAST_WORD) {
            Err(told @ MigrationFailure::Peer(_)) => told,
            _ => failure,
        }
    }

    /// Takes back the payload of PAGES, so that the next one needs no new memory.
    pub(super) fn recycle(&mut self, payload: Vec<u8>) {
        self.spare = payload;
    }

    /// Takes the descriptor that came with the last message.
    pub fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.transport.take_descriptor()
    }

    fn receive_until(
        &mut self,
        timeout: Duration,
        cancellable: bool,
    ) -> Result<Message, MigrationFailure> {
        let mut bytes = [0; HEADER];
        self.read(&mut bytes, Instant::now() + timeout, timeout, cancellable)?;
        let header = Header::parse(&bytes, self.next_received)?;
        self.next_received += 1;
        let length = header.length as usize;
        let limit = timeout + transfer_time(length);
        let deadline = Instant::now() + limit;
        let mut payload = match header.kind {
            MessageKind::Pages => std::mem::take(&mut self.spare),
            _ => Vec::new(),
        };
        payload.truncate(length);
        let mut received = 0;
        while received < length {
            if received == payload.len() {
                payload.resize(length.min(received + RECEIVE_STEP), 0);
            }
            let part = payload.get_mut(received..).unwrap_or_default();
            self.read(part, deadline, limit, cancellable)?;
            received = payload.len();
        }
        let message = header.with(payload)?;
        match message.kind {
            MessageKind::Error | MessageKind::Refuse => {
                Err(MigrationFailure::of_peer(message.kind, &message.payload))
            }
            _ => Ok(message),
        }
    }

    fn read(
        &mut self,
        mut buffer: &mut [u8],
        deadline: Instant,
        limit: Duration,
        cancellable: bool,
    ) -> Result<(), MigrationFailure> {
        while !buffer.is_empty() {
            self.check(deadline, limit, cancellable)?;
            match self.transport.read(buffer) {
                Ok(0) => return Err(MigrationFailure::Closed),
                Ok(read) => buffer = buffer.get_mut(read..).unwrap_or_default(),
                Err(error) if waits(&error) => {}
                Err(error) => return Err(MigrationFailure::Link(error)),
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        mut bytes: &[u8],
        timeout: Duration,
        cancellable: bool,
    ) -> Result<(), MigrationFailure> {
        let limit = timeout + transfer_time(bytes.len());
        let deadline = Instant::now() + limit;
        while !bytes.is_empty() {
            self.check(deadline, limit, cancellable)?;
            match self.transport.write(bytes) {
                Ok(0) => return Err(MigrationFailure::Closed),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if waits(&error) => {}
                Err(error) => return Err(MigrationFailure::Link(error)),
            }
            self.last_sent = Instant::now();
        }
        loop {
            match self.transport.flush() {
                Ok(()) => return Ok(()),
                Err(error) if waits(&error) => self.check(deadline, limit, cancellable)?,
                Err(error) => return Err(MigrationFailure::Link(error)),
            }
        }
    }

    fn check(
        &self,
        deadline: Instant,
        limit: Duration,
        cancellable: bool,
    ) -> Result<(), MigrationFailure> {
        if cancellable && self.control.is_cancelled() {
            return Err(MigrationFailure::Cancelled);
        }
        if Instant::now() >= deadline {
            return Err(MigrationFailure::Stalled { after: limit });
        }
        Ok(())
    }
}

/// Checks the kind of a message.
///
/// # Errors
///
/// [`InvalidMessage::Unexpected`].
pub fn expect_kind(message: &Message, kind: MessageKind) -> Result<(), InvalidMessage> {
    if message.kind == kind {
        return Ok(());
    }
    Err(InvalidMessage::Unexpected {
        found: message.kind,
        expected: kind.name(),
    })
}

fn transfer_time(length: usize) -> Duration {
    Duration::from_millis(1000 * length as u64 / LOWEST_RATE)
}

fn waits(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
