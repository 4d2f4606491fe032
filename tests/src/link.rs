//! Client of the protocol: starts commands and transfers files.

mod routes;
#[cfg(test)]
mod tests;

use crate::guard::lock;
use crate::program::Executable;
use crate::protocol::{CHUNK, Frame, FrameError, Message};
use crate::writer_queue::{Connection, WriterQueue};
use routes::{Route, Routes};
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// The exchange of the host's greeting.
const CONNECTION: u32 = 0;

/// Time limit for the host to read a byte; after it the host counts as lost.
const WRITE_LIMIT: Duration = Duration::from_mins(1);

/// A connection to a host. Several threads may use it at once.
#[derive(Debug)]
pub struct Link {
    writer: FrameWriter,
    routes: Routes,
    next: AtomicU32,
    greeting: Mutex<Receiver<Message>>,
}

/// The stream to the host, shared by all exchanges.
#[derive(Clone, Debug)]
struct FrameWriter(Arc<Mutex<UnixStream>>);

/// Errors of an exchange.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The other side is gone.
    #[error("the connection to the host broke off")]
    Lost,
    /// The other side did not answer in time.
    #[error("the host did not answer within {} s", limit.as_secs())]
    TimeLimit {
        /// The time limit.
        limit: Duration,
    },
    /// The other side refused the request.
    #[error("{0}")]
    Refused(String),
    /// The request cannot be sent.
    #[error("the request cannot be sent to the host")]
    Unsendable(#[source] FrameError),
    /// This side cannot open a connection.
    #[error("cannot open a connection on this side")]
    Here(#[source] io::Error),
    /// The other side violates the protocol.
    #[error("the host did not answer with {expected}")]
    OutOfTurn {
        /// The expected answer.
        expected: &'static str,
    },
}

impl Link {
    /// Takes over one end of a stream; [`crate::init::serve`] serves the other one.
    ///
    /// # Errors
    ///
    /// Errors of the operating system for duplicating and setting up the stream.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        let input = stream.try_clone()?;
        let routes = Routes::default();
        let (sender, greeting) = mpsc::channel();
        routes.add(CONNECTION, Route::Answers(sender));
        let reader = routes.clone();
        thread::Builder::new()
            .name("testbed link".into())
            .spawn(move || reader.dispatch_all(input))?;
        Ok(Self {
            writer: FrameWriter(Arc::new(Mutex::new(stream))),
            routes,
            next: AtomicU32::new(CONNECTION + 1),
            greeting: Mutex::new(greeting),
        })
    }

    /// Waits until the host is up and returns its kernel release.
    ///
    /// # Errors
    ///
    /// [`LinkError::TimeLimit`], or [`LinkError::Lost`] if the host ends instead.
    pub fn ready(&self, limit: Duration) -> Result<String, LinkError> {
        match receive(&lock(&self.greeting), limit, limit)? {
            Message::Ready(release) => Ok(release),
            _ => Err(LinkError::OutOfTurn {
                expected: "a greeting",
            }),
        }
    }

    /// Starts a program with `args`.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`] or [`LinkError::Unsendable`].
    pub fn run(
        &self,
        program: impl Into<Executable>,
        args: Vec<Vec<u8>>,
    ) -> Result<Exchange<'_>, LinkError> {
        self.open(Message::Run(program.into(), args))
    }

    /// Starts a program with `args`; [`Message::Data`] and [`Message::End`] are its standard input.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`] or [`LinkError::Unsendable`].
    pub fn run_with_input(
        &self,
        program: impl Into<Executable>,
        args: Vec<Vec<u8>>,
    ) -> Result<Exchange<'_>, LinkError> {
        self.open(Message::RunWithInput(program.into(), args))
    }

    /// Connects to the UNIX socket of this name in the host's working directory. The connection is
    /// cut if either end reads too slowly.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn connect(&self, name: &str, limit: Duration) -> Result<UnixStream, LinkError> {
        self.open(Message::Connect(name.to_owned()))?
            .connected(limit)
    }

    /// Listens at the UNIX socket of this name in the host's working directory, for one connection
    /// of a program there.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn listen(&self, name: &str, limit: Duration) -> Result<Exchange<'_>, LinkError> {
        let exchange = self.open(Message::Listen(name.to_owned()))?;
        match exchange.next(Instant::now() + limit, limit)? {
            Message::Listening => Ok(exchange),
            Message::Failed(reason) => Err(LinkError::Refused(reason)),
            _ => Err(LinkError::OutOfTurn {
                expected: "a socket",
            }),
        }
    }

    /// Puts a file into the host's working directory.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn put(&self, name: &str, bytes: &[u8], limit: Duration) -> Result<(), LinkError> {
        let exchange = self.open(Message::Put(name.to_owned()))?;
        for chunk in bytes.chunks(CHUNK) {
            exchange.send(Message::Data(chunk.to_vec()))?;
        }
        exchange.send(Message::End)?;
        match exchange.next(Instant::now() + limit, limit)? {
            Message::End => Ok(()),
            Message::Failed(reason) => Err(LinkError::Refused(reason)),
            _ => Err(LinkError::OutOfTurn {
                expected: "a receipt for a file",
            }),
        }
    }

    /// Reads a file from the host's working directory.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn get(&self, name: &str, limit: Duration) -> Result<Vec<u8>, LinkError> {
        let exchange = self.open(Message::Get(name.to_owned()))?;
        let deadline = Instant::now() + limit;
        let mut bytes = Vec::new();
        loop {
            match exchange.next(deadline, limit)? {
                Message::Data(piece) => bytes.extend(piece),
                Message::End => return Ok(bytes),
                Message::Failed(reason) => return Err(LinkError::Refused(reason)),
                _ => return Err(LinkError::OutOfTurn { expected: "a file" }),
            }
        }
    }

    fn open(&self, request: Message) -> Result<Exchange<'_>, LinkError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, inbox) = mpsc::channel();
        self.routes.add(number, Route::Answers(sender));
        let exchange = Exchange {
            link: self,
            number,
            inbox,
            ended: true,
        };
        exchange.send(request)?;
        Ok(exchange)
    }
}

impl Drop for Link {
    /// Closes the stream under the reading thread too, so that the other side sees its end.
    fn drop(&mut self) {
        let _closed_already = lock(&self.writer.0).shutdown(Shutdown::Both);
    }
}

impl FrameWriter {
    fn send(&self, exchange: u32, message: Message) -> Result<(), LinkError> {
        match Frame::new(exchange, message).write_to(&mut *lock(&self.0)) {
            Ok(()) => Ok(()),
            Err(FrameError::Io(_)) => Err(LinkError::Lost),
            Err(error) => Err(LinkError::Unsendable(error)),
        }
    }

    /// Sends all data from one end of a connection.
    fn pump(&self, exchange: u32, mut near: UnixStream) -> Result<(), LinkError> {
        let mut buffer = vec![0; CHUNK];
        loop {
            match near.read(&mut buffer) {
                Ok(count @ 1..) => {
                    let piece = buffer.get(..count).unwrap_or_default();
                    self.send(exchange, Message::Data(piece.to_vec()))?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return self.send(exchange, Message::End),
            }
        }
    }
}

/// One request and its answers.
#[derive(Debug)]
pub struct Exchange<'a> {
    link: &'a Link,
    number: u32,
    inbox: Receiver<Message>,
    /// True if dropping this ends the exchange.
    ended: bool,
}

impl Exchange<'_> {
    /// Sends a further message of this exchange.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`] or [`LinkError::Unsendable`].
    pub fn send(&self, message: Message) -> Result<(), LinkError> {
        self.link.writer.send(self.number, message)
    }

    /// Waits until the connection of this exchange is there. It is cut if either end reads too
    /// slowly.
    ///
    /// # Errors
    ///
    /// Every variant of [`LinkError`].
    pub fn connected(self, limit: Duration) -> Result<UnixStream, LinkError> {
        match self.next(Instant::now() + limit, limit)? {
            Message::Connected => {}
            Message::Failed(reason) => return Err(LinkError::Refused(reason)),
            _ => {
                return Err(LinkError::OutOfTurn {
                    expected: "a connection",
                });
            }
        }
        let (near, theirs) = UnixStream::pair().map_err(LinkError::Here)?;
        self.become_stream(near).map_err(LinkError::Here)?;
        Ok(theirs)
    }

    /// Connects the exchange with `near`, through threads that end with it.
    fn become_stream(mut self, near: UnixStream) -> io::Result<()> {
        let (number, writer) = (self.number, self.link.writer.clone());
        let (input, kept) = (near.try_clone()?, near.try_clone()?);
        let queue = WriterQueue::start(near, {
            let writer = writer.clone();
            move |near, written| {
                let how = if written.is_ok() {
                    Shutdown::Write
                } else {
                    // Nobody reads further data. If the host is gone, the connection is too.
                    let _gone = writer.send(number, Message::Kill);
                    Shutdown::Both
                };
                let _ended_already = near.shutdown(how);
            }
        })?;
        let stream = Route::Stream(Connection::new(queue, kept));
        self.link.routes.switch(number, &self.inbox, stream);
        thread::Builder::new()
            .name("testbed connection".into())
            .spawn({
                let routes = self.link.routes.clone();
                move || {
                    let sent = writer.pump(number, input);
                    routes.end_read(number);
                    sent
                }
            })?;
        self.ended = false;
        Ok(())
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    ///
    /// [`LinkError::Lost`]; [`LinkError::TimeLimit`] at `deadline`, which reports `limit`.
    pub fn next(&self, deadline: Instant, limit: Duration) -> Result<Message, LinkError> {
        receive(
            &self.inbox,
            deadline.saturating_duration_since(Instant::now()),
            limit,
        )
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if self.ended {
            self.link.routes.remove(self.number);
        }
    }
}

fn receive(
    inbox: &Receiver<Message>,
    wait: Duration,
    limit: Duration,
) -> Result<Message, LinkError> {
    inbox.recv_timeout(wait).map_err(|error| match error {
        RecvTimeoutError::Timeout => LinkError::TimeLimit { limit },
        RecvTimeoutError::Disconnected => LinkError::Lost,
    })
}
