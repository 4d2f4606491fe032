//! A monitor: a connection to the QMP server of a guest, as its client.

use crate::socket_address::Address;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Time in which a server accepts a connection and answers a command: its own limit for the
/// guest's main thread, and some seconds more.
const TIMEOUT: Duration = Duration::from_secs(40);

/// Interval of attempts to connect to a server whose backlog is full.
const RETRY: Duration = Duration::from_millis(20);

/// Most bytes of a message; the longest of QEMU, the expansion of a model, has some hundred
/// thousand.
const MAX_MESSAGE: usize = 8 << 20;

/// Most events that are kept while a command waits for its answer; the oldest are dropped.
const MAX_EVENTS: usize = 1024;

/// Connection to a QMP server, after the negotiation.
#[derive(Debug)]
pub struct Monitor {
    stream: UnixStream,
    timeout: Duration,
    /// Received bytes that are not parsed yet.
    input: Vec<u8>,
    events: VecDeque<MonitorEvent>,
    /// The `id` of the last command.
    last_id: u64,
}

/// Event of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorEvent {
    /// The event's name, such as `STOP`.
    pub name: String,
    /// Its data; null if it has none.
    pub data: Value,
    /// The time by the server's clock since the Unix epoch, exact to a microsecond; zero if the
    /// server does not know it.
    pub time: Duration,
}

/// Error of a connection or a command.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// No server listens at the socket.
    #[error("no guest listens at `{address}`; `vmm-demo run --qmp {address}` starts one that does")]
    Nobody {
        /// The socket's address.
        address: Address,
        /// The kernel's error.
        source: io::Error,
    },
    /// The socket cannot be connected to.
    #[error("cannot connect to `{address}`")]
    Connect {
        /// The socket's address.
        address: Address,
        /// The kernel's error.
        source: io::Error,
    },
    /// Another protocol is spoken at the socket.
    #[error("no QMP server answers at the socket: {0}")]
    NotQmp(String),
    /// The server has not answered in time.
    #[error(
        "the QMP server has not answered `{command}` in {waited:?}; its process may be stopped"
    )]
    NoAnswer {
        /// The command.
        command: String,
        /// The time.
        waited: Duration,
    },
    /// The server has closed the connection.
    #[error("the QMP server has closed the connection: its guest has ended")]
    Closed,
    /// The connection failed.
    #[error("the connection to the QMP server failed")]
    Io(#[source] io::Error),
    /// The server refused a command.
    #[error("the guest refused `{command}`: {desc}")]
    Refused {
        /// The command.
        command: String,
        /// The class of the error.
        class: String,
        /// The reason in words.
        desc: String,
    },
    /// The answer to a command has another form than it must.
    #[error("the QMP server's answer to `{command}` is not understood: {problem}")]
    Answer {
        /// The command.
        command: String,
        /// The difference in words.
        problem: String,
    },
}

impl Monitor {
    /// Connects to a server and negotiates.
    ///
    /// # Errors
    ///
    /// The [`MonitorError`] of the connection or of the negotiation.
    pub fn connect(address: &Address) -> Result<Self, MonitorError> {
        Self::connect_within(address, TIMEOUT)
    }

    /// [Connects](Self::connect) with another time limit for each answer; by default 40 seconds.
    ///
    /// # Errors
    ///
    /// The [`MonitorError`] of the connection or of the negotiation.
    pub fn connect_within(address: &Address, timeout: Duration) -> Result<Self, MonitorError> {
        let mut monitor = Self {
            stream: open(address, timeout)?,
            timeout,
            input: Vec::new(),
            events: VecDeque::new(),
            last_id: 0,
        };
        monitor.expect_greeting()?;
        monitor.execute("qmp_capabilities", &json!({}))?;
        Ok(monitor)
    }

    /// Executes a command and returns its result.
    ///
    /// # Errors
    ///
    /// [`MonitorError::Refused`], or the error of the connection.
    pub fn execute(
        &mut self,
        command: &str,
        arguments: &impl Serialize,
    ) -> Result<Value, MonitorError> {
        self.last_id += 1;
        let id = json!(self.last_id);
        let request = json!({ "execute": command, "arguments": arguments, "id": id });
        let deadline = Instant::now() + self.timeout;
        self.send(&request.to_string(), command, deadline)?;
        loop {
            let mut message = self.next_message(command, deadline)?;
            if let Some(event) = MonitorEvent::of(&mut message) {
                self.keep(event);
                continue;
            }
            // An error in the form of a request has no id.
            if message.get("id").is_some_and(|found| *found != id) {
                return Err(not_understood(command, &"it answers another command"));
            }
            return answer(command, message);
        }
    }

    /// Executes a command and returns its result as this type.
    ///
    /// # Errors
    ///
    /// Those of [`execute`](Self::execute), or [`MonitorError::Answer`] for another form.
    pub fn query<T: DeserializeOwned>(&mut self, command: &str) -> Result<T, MonitorError> {
        let value = self.execute(command, &json!({}))?;
        serde_json::from_value(value).map_err(|error| not_understood(command, &error))
    }

    /// The oldest event that was not returned yet; waits for one at most this long.
    ///
    /// # Errors
    ///
    /// The [`MonitorError`] of the connection.
    pub fn next_event(&mut self, wait: Duration) -> Result<Option<MonitorEvent>, MonitorError> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let mut message = match self.next_message("", deadline) {
                Err(MonitorError::NoAnswer { .. }) => return Ok(None),
                message => message?,
            };
            self.events.extend(MonitorEvent::of(&mut message));
        }
    }

    /// Waits until the server closes the connection, at most this long; returns true if it has.
    ///
    /// # Errors
    ///
    /// The [`MonitorError`] of the connection.
    pub fn wait_for_end(&mut self, wait: Duration) -> Result<bool, MonitorError> {
        let deadline = Instant::now() + wait;
        loop {
            match self.next_message("quit", deadline) {
                Ok(_) => {}
                Err(MonitorError::Closed) => return Ok(true),
                Err(MonitorError::NoAnswer { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    fn expect_greeting(&mut self) -> Result<(), MonitorError> {
        let deadline = Instant::now() + self.timeout;
        let greeting = match self.next_message("the connection", deadline) {
            Err(MonitorError::Answer { problem, .. }) => return Err(MonitorError::NotQmp(problem)),
            greeting => greeting?,
        };
        if greeting.get("QMP").is_some() {
            return Ok(());
        }
        let text = "its first message is no greeting of QMP".to_owned();
        Err(MonitorError::NotQmp(text))
    }

    fn send(
        &mut self,
        request: &str,
        command: &str,
        deadline: Instant,
    ) -> Result<(), MonitorError> {
        let wait = self.remaining(command, deadline)?;
        let stream = &mut self.stream;
        stream
            .set_write_timeout(Some(wait))
            .map_err(MonitorError::Io)?;
        let written = stream.write_all(format!("{request}\n").as_bytes());
        written.map_err(|error| self.failed(error, command))
    }

    /// The next message; `command` is the one that waits for it.
    fn next_message(&mut self, command: &str, deadline: Instant) -> Result<Value, MonitorError> {
        let mut searched = 0;
        loop {
            let unsearched = self.input.get(searched..).unwrap_or_default();
            if let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=searched + end).collect();
                return match serde_json::from_slice(&line) {
                    Ok(message @ Value::Object(_)) => Ok(message),
                    Ok(_) => Err(not_understood(command, &"it is no JSON object")),
                    Err(error) => Err(not_understood(command, &error)),
                };
            }
            searched = self.input.len();
            if searched > MAX_MESSAGE {
                let problem = format!("it has more than {MAX_MESSAGE} bytes");
                return Err(not_understood(command, &problem));
            }
            self.receive(command, deadline)?;
        }
    }

    fn receive(&mut self, command: &str, deadline: Instant) -> Result<(), MonitorError> {
        let mut buffer = [0; 4096];
        let wait = self.remaining(command, deadline)?;
        let stream = &mut self.stream;
        stream
            .set_read_timeout(Some(wait))
            .map_err(MonitorError::Io)?;
        match stream.read(&mut buffer) {
            Ok(0) => Err(MonitorError::Closed),
            Ok(count) => {
                self.input.extend(buffer.get(..count).unwrap_or_default());
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(self.failed(error, command)),
        }
    }

    /// The time to the deadline.
    fn remaining(&self, command: &str, deadline: Instant) -> Result<Duration, MonitorError> {
        let wait = deadline.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Err(self.no_answer(command));
        }
        Ok(wait)
    }

    fn failed(&self, error: io::Error, command: &str) -> MonitorError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => self.no_answer(command),
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => MonitorError::Closed,
            _ => MonitorError::Io(error),
        }
    }

    fn no_answer(&self, command: &str) -> MonitorError {
        MonitorError::NoAnswer {
            command: command.to_owned(),
            waited: self.timeout,
        }
    }

    fn keep(&mut self, event: MonitorEvent) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

impl MonitorEvent {
    fn of(message: &mut Value) -> Option<Self> {
        let name = message.get("event")?.as_str()?.to_owned();
        let data = message.get_mut("data").map(Value::take);
        let part = |unit| message.get("timestamp")?.get(unit)?.as_u64();
        let seconds = part("seconds").map_or(Duration::ZERO, Duration::from_secs);
        let rest = part("microseconds").map_or(Duration::ZERO, Duration::from_micros);
        Some(Self {
            name,
            data: data.unwrap_or_default(),
            time: seconds.saturating_add(rest),
        })
    }
}

/// Connects, also to a server whose backlog is full for a while.
fn open(address: &Address, timeout: Duration) -> Result<UnixStream, MonitorError> {
    let failed = |error: Errno| {
        let (address, source) = (address.clone(), error.into());
        match error {
            Errno::NOENT | Errno::CONNREFUSED => MonitorError::Nobody { address, source },
            _ => MonitorError::Connect { address, source },
        }
    };
    let name = SocketAddrUnix::new(address.path()).map_err(failed)?;
    let deadline = Instant::now() + timeout;
    loop {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let socket = socket.map_err(failed)?;
        match connect(&socket, &name) {
            Ok(()) => {
                let stream = UnixStream::from(socket);
                stream.set_nonblocking(false).map_err(MonitorError::Io)?;
                return Ok(stream);
            }
            Err(Errno::AGAIN) if Instant::now() < deadline => thread::sleep(RETRY),
            Err(error) => return Err(failed(error)),
        }
    }
}

fn answer(command: &str, mut message: Value) -> Result<Value, MonitorError> {
    if let Some(value) = message.get_mut("return") {
        return Ok(value.take());
    }
    let part = |name| {
        let part = message.get("error").and_then(|error| error.get(name));
        part.and_then(Value::as_str).map(str::to_owned)
    };
    match (part("class"), part("desc")) {
        (Some(class), Some(desc)) => Err(MonitorError::Refused {
            command: command.to_owned(),
            class,
            desc,
        }),
        _ => Err(not_understood(
            command,
            &"it has neither a result nor an error",
        )),
    }
}

fn not_understood(command: &str, problem: &dyn fmt::Display) -> MonitorError {
    MonitorError::Answer {
        command: command.to_owned(),
        problem: problem.to_string(),
    }
}
