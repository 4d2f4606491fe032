//! Commands on a host.

use super::error::section;
use super::{Error, Machine};
use crate::link::{Exchange, LinkError};
use crate::protocol::{CHUNK, Message};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// How long a command that was ended may take to be gone.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// What a command printed and the code it exited with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Its exit code.
    pub code: i32,
}

impl Output {
    /// The standard output as text.
    #[must_use]
    pub fn stdout(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// The standard error as text.
    #[must_use]
    pub fn stderr(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}

/// What a running command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It wrote this to its standard output.
    Stdout(Vec<u8>),
    /// It wrote this to its standard error.
    Stderr(Vec<u8>),
    /// It ended; nothing follows.
    Ended(Ending),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// It was ended by this signal.
    Killed(i32),
}

/// A command that was started; dropping it ends it.
#[derive(Debug)]
pub struct Running<'a> {
    machine: &'a Machine,
    exchange: Exchange<'a>,
    action: String,
}

impl<'a> Running<'a> {
    pub(super) fn new(machine: &'a Machine, exchange: Exchange<'a>, action: String) -> Self {
        Self {
            machine,
            exchange,
            action,
        }
    }

    /// Waits at most `limit` for what the command does next.
    ///
    /// # Errors
    ///
    /// [`Error::TimeLimit`] (the command goes on), [`Error::Lost`], [`Error::Failed`] if it could
    /// not be started.
    pub fn next(&self, limit: Duration) -> Result<Event, Error> {
        self.next_before(Instant::now() + limit, limit)
    }

    /// Writes to the command's standard input, if it was [started with one](Machine::start_with_stdin). It need not
    /// read it: that holds up nobody, and when too much waits, the input ends.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`].
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        for piece in bytes.chunks(CHUNK) {
            self.send(Message::Data(piece.to_vec()))?;
        }
        Ok(())
    }

    /// Ends the command's standard input.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`].
    pub fn end_input(&self) -> Result<(), Error> {
        self.send(Message::End)
    }

    /// Asks the command to end, with SIGTERM.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`].
    pub fn terminate(&self) -> Result<(), Error> {
        self.send(Message::Terminate)
    }

    /// Asks the host to end the command; its last events can still be read.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`].
    pub fn kill(&self) -> Result<(), Error> {
        self.send(Message::Kill)
    }

    fn send(&self, message: Message) -> Result<(), Error> {
        let sent = self.exchange.send(message);
        sent.map_err(|error| self.error(error))
    }

    /// Waits at most `limit` for the end of the command and returns everything it printed. A
    /// command that takes longer is ended.
    ///
    /// # Errors
    ///
    /// As for [`Machine::run`].
    pub fn output(self, limit: Duration) -> Result<Output, Error> {
        let mut printed = Printed::default();
        match self.collect(limit, &mut printed) {
            Ok(Ending::Exited(code)) => Ok(Output {
                stdout: printed.stdout,
                stderr: printed.stderr,
                code,
            }),
            Ok(Ending::Killed(signal)) => Err(Error::Killed {
                action: self.action.clone(),
                signal,
                said: printed.said(),
            }),
            Err(Error::TimeLimit { action, limit, .. }) => {
                self.kill()?;
                // However this goes, the error is the time limit. Waiting gets the last words and
                // leaves the host at rest.
                let _ending = self.collect(KILL_LIMIT, &mut printed);
                Err(Error::TimeLimit {
                    action,
                    limit,
                    said: printed.said(),
                })
            }
            Err(error) => Err(error),
        }
    }

    fn collect(&self, limit: Duration, printed: &mut Printed) -> Result<Ending, Error> {
        let deadline = Instant::now() + limit;
        loop {
            match self.next_before(deadline, limit)? {
                Event::Stdout(bytes) => printed.stdout.extend(bytes),
                Event::Stderr(bytes) => printed.stderr.extend(bytes),
                Event::Ended(ending) => return Ok(ending),
            }
        }
    }

    fn next_before(&self, deadline: Instant, limit: Duration) -> Result<Event, Error> {
        let answer = self
            .exchange
            .next(deadline, limit)
            .map_err(|error| self.error(error))?;
        match answer {
            Message::Stdout(bytes) => Ok(Event::Stdout(bytes)),
            Message::Stderr(bytes) => Ok(Event::Stderr(bytes)),
            Message::Exited(code) => Ok(Event::Ended(Ending::Exited(code))),
            Message::Killed(signal) => Ok(Event::Ended(Ending::Killed(signal))),
            Message::Failed(reason) => Err(self.error(LinkError::Refused(reason))),
            _ => Err(self.error(LinkError::OutOfTurn {
                expected: "what a command does",
            })),
        }
    }

    fn error(&self, error: LinkError) -> Error {
        self.machine.error(&self.action, error)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A command that has ended, or a host that is gone, needs no ending.
        let _gone = self.exchange.send(Message::Kill);
    }
}

/// What a command has printed so far.
#[derive(Default)]
struct Printed {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Printed {
    /// For the end of an error message.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy;
        section("stdout", &text(&self.stdout)) + &section("stderr", &text(&self.stderr))
    }
}
