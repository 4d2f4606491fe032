//! One client, without its socket: bytes in, a request at a time, bytes out.

use super::command;
use super::frame::{Frame, Frames};
use super::message::{self, Id, QmpError, Request};
use serde_json::Value;

/// Bytes that wait for a client before it gets no further replies; a reply has at most some hundred thousand more.
const REPLY_PAUSE: usize = 64 << 10;
/// Bytes that wait for a client before it is dropped: it does not read its events.
pub(super) const OUTPUT_LIMIT: usize = 1 << 20;

/// A client's side of the protocol.
#[derive(Debug)]
pub(super) struct Session {
    frames: Frames,
    /// What was received and not looked at.
    input: Vec<u8>,
    /// A whole text that waits for its turn.
    ready: Option<Frame>,
    output: Vec<u8>,
    negotiated: bool,
    /// No more is to be received.
    input_closed: bool,
}

/// What a client wants, whole.
#[derive(Debug)]
pub(super) struct PendingRequest {
    /// What the client calls its request by.
    pub(super) id: Id,
    /// The request, or why it is none.
    pub(super) request: Result<Request, QmpError>,
    /// Whether the client has negotiated, so that it may ask for anything.
    pub(super) negotiated: bool,
}

impl Session {
    /// A client that has just connected, and is greeted.
    pub(super) fn new() -> Self {
        Self {
            frames: Frames::default(),
            input: Vec::new(),
            ready: None,
            output: message::line(&command::greeting()),
            negotiated: false,
            input_closed: false,
        }
    }

    /// Takes what the client wrote.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if !self.input_closed {
            self.input.extend_from_slice(bytes);
            self.advance();
        }
    }

    /// The client writes no more; what it has asked for is still answered.
    pub(super) fn close_input(&mut self) {
        self.input_closed = true;
    }

    /// Whether there is room for more of what the client writes: it has read its replies and waits for none.
    pub(super) fn wants_input(&self) -> bool {
        !self.input_closed && self.ready.is_none() && self.output.len() < REPLY_PAUSE
    }

    /// Whether a request can be answered now.
    pub(super) fn has_work(&self) -> bool {
        self.ready.is_some() && self.output.len() < REPLY_PAUSE
    }

    /// Whether all is said and done.
    pub(super) fn is_finished(&self) -> bool {
        self.input_closed && self.ready.is_none() && self.output.is_empty()
    }

    /// Whether the client left more unread than is kept for it.
    pub(super) fn is_overrun(&self) -> bool {
        self.output.len() > OUTPUT_LIMIT
    }

    /// What is to be written to the client.
    pub(super) fn output(&self) -> &[u8] {
        &self.output
    }

    /// So much of it was written.
    pub(super) fn written(&mut self, bytes: usize) {
        self.output.drain(..bytes.min(self.output.len()));
        if self.output.is_empty() {
            self.output = Vec::new();
        }
    }

    /// The next request, if it can be answered now. Every one that is taken wants an [answer](Self::answer).
    pub(super) fn next(&mut self) -> Option<PendingRequest> {
        if !self.has_work() {
            return None;
        }
        let (id, request) = match self.ready.take()? {
            Ok(text) => message::request(&text),
            Err(error) => {
                if error.is_final() {
                    self.input_closed = true;
                    self.input = Vec::new();
                }
                (None, Err(QmpError::generic(error)))
            }
        };
        self.advance();
        Some(PendingRequest {
            id,
            request,
            negotiated: self.negotiated,
        })
    }

    /// Answers a request; `negotiates` if it was the one that makes events welcome.
    pub(super) fn answer(&mut self, id: &Id, result: Result<Value, QmpError>, negotiates: bool) {
        self.negotiated |= negotiates && result.is_ok();
        self.output.extend(message::reply(id, result));
    }

    /// Passes an event on to a client that has negotiated.
    pub(super) fn event(&mut self, line: &[u8]) {
        if self.negotiated && !self.is_overrun() {
            self.output.extend_from_slice(line);
        }
    }

    /// Looks for the end of the next text.
    fn advance(&mut self) {
        if self.ready.is_none() {
            let (used, frame) = self.frames.next(&self.input);
            self.input.drain(..used);
            self.ready = frame;
        }
    }
}
