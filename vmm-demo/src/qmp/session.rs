//! Session of one client, without its socket: bytes in, one request at a time, bytes out.

use super::command;
use super::json::frame::{Frame, Frames};
use super::json::writer;
use super::message::{self, CommandResult, Id, QmpError, Request};

/// Unread bytes above which a client gets no further replies; one reply adds at most some hundred
/// thousand.
const REPLY_PAUSE: usize = 64 << 10;
/// Unread bytes above which a client is disconnected: it does not read its events.
pub(super) const OUTPUT_LIMIT: usize = 1 << 20;

/// Protocol state of a client.
#[derive(Debug)]
pub(super) struct Session {
    frames: Frames,
    /// Received bytes that are not parsed yet.
    input: Vec<u8>,
    /// Complete text that is not executed yet.
    ready: Option<Frame>,
    output: Vec<u8>,
    negotiated: bool,
    /// True if no more input is accepted.
    input_closed: bool,
}

/// Request that is ready to be executed.
#[derive(Debug)]
pub(super) struct PendingRequest {
    /// The client's ID of the request.
    pub(super) id: Id,
    /// The request, or the error in it.
    pub(super) request: Result<Request, QmpError>,
    /// True if the client has negotiated, so that all commands are allowed.
    pub(super) negotiated: bool,
}

impl Session {
    /// Creates a session, with the greeting as its first output.
    pub(super) fn new() -> Self {
        Self {
            frames: Frames::default(),
            input: Vec::new(),
            ready: None,
            output: writer::line(&command::GREETING),
            negotiated: false,
            input_closed: false,
        }
    }

    /// Accepts bytes from the client.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if !self.input_closed {
            self.input.extend_from_slice(bytes);
            self.advance();
        }
    }

    /// Closes the input; pending requests are still answered.
    pub(super) fn close_input(&mut self) {
        self.input_closed = true;
    }

    /// Drops all input and output: the client has left.
    pub(super) fn abandon(&mut self) {
        self.input_closed = true;
        self.input = Vec::new();
        self.ready = None;
        self.output = Vec::new();
    }

    /// True if more input is accepted: no request is pending, and the client reads its replies.
    pub(super) fn wants_input(&self) -> bool {
        !self.input_closed && self.ready.is_none() && self.output.len() < REPLY_PAUSE
    }

    /// True if a request can be answered now.
    pub(super) fn has_work(&self) -> bool {
        self.ready.is_some() && self.output.len() < REPLY_PAUSE
    }

    /// True if the session is finished: input closed, no request pending, all output written.
    pub(super) fn is_finished(&self) -> bool {
        self.input_closed && self.ready.is_none() && self.output.is_empty()
    }

    /// True if the unread output is above its limit.
    pub(super) fn is_overrun(&self) -> bool {
        self.output.len() > OUTPUT_LIMIT
    }

    /// Output that must be written to the client.
    pub(super) fn output(&self) -> &[u8] {
        &self.output
    }

    /// Removes written bytes from the output.
    pub(super) fn written(&mut self, bytes: usize) {
        self.output.drain(..bytes);
        if self.output.is_empty() {
            self.output = Vec::new();
        }
    }

    /// Takes the next request, or `None` if none can be answered now. Every request taken must be
    /// [answered](Self::answer).
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

    /// Answers a request; `negotiates` if it negotiates capabilities, which enables events.
    pub(super) fn answer(&mut self, id: &Id, result: CommandResult, negotiates: bool) {
        self.negotiated |= negotiates && result.is_ok();
        self.output.extend(message::reply(id, result));
    }

    /// Queues an event, if the client has negotiated.
    pub(super) fn event(&mut self, line: &[u8]) {
        if self.negotiated && !self.is_overrun() {
            self.output.extend_from_slice(line);
        }
    }

    /// Parses the input up to the end of the next text.
    fn advance(&mut self) {
        if self.ready.is_none() {
            let (used, frame) = self.frames.next(&self.input);
            self.input.drain(..used);
            self.ready = frame;
        }
    }
}
