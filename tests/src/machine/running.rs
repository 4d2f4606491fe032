//! Commands on a host.

use super::error::section;
use super::{Error, Machine};
use crate::link::{Exchange, LinkError};
use crate::protocol::{CHUNK, Message};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// Time limit for a killed command to end.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Output and exit code of a command.
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

/// Event of a running command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It wrote this to its standard output.
    Stdout(Vec<u8>),
    /// It wrote this to its standard error.
    Stderr(Vec<u8>),
    /// It ended; nothing follows.
    Ended(Ending),
}

/// End of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
}

/// A started command; dropping it kills it.
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

    /// Waits at most `limit` for the command's next event.
    ///
    /// # Errors
    ///
    /// [`Error::TimeLimit`] (the command continues), [`Error::Lost`], [`Error::Failed`] if it could
    /// not be started.
    pub fn next(&self, limit: Duration) -> Result<Event, Error> {
        self.next_before(Instant::now() + limit, limit)
    }

    /// Writes to the command's standard input, if it was
    /// [started with one](Machine::start_with_stdin). A command that does not read blocks nothing:
    /// when its queue is full, its input ends.
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

    /// Sends SIGTERM to the command.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`].
    pub fn terminate(&self) -> Result<(), Error> {
        self.send(Message::Terminate)
    }

    /// Kills the command; its last events can still be read.
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
            Err(Error::TimeLimit {
                action,
                limit,
                said,
            }) => {
                self.kill()?;
                // The error is the time limit in any case. Waiting collects the last output and
                // leaves the host idle.
                let _ending = self.collect(KILL_LIMIT, &mut printed);
                Err(Error::TimeLimit {
                    action,
                    limit,
                    said: printed.said() + &said,
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
                expected: "an event of the command",
            })),
        }
    }

    fn error(&self, error: LinkError) -> Error {
        self.machine.error(&self.action, error)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Fails only if the host is gone, and the command with it.
        let _gone = self.exchange.send(Message::Kill);
    }
}

/// Output of a command so far.
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
