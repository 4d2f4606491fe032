//! Server under test, and its clients.

use rustix::process::Pid;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const HOSTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/hosts");

/// Timeout of every step, on a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Running `idreg qmp`, killed at drop.
pub(crate) struct Server {
    child: Child,
    pub(crate) directory: TempDir,
}

/// Command of an `idreg qmp` that listens at a path, for the host `max-latest`.
pub(crate) fn command(path: &str) -> Command {
    command_on(&recorded("max-latest"), path)
}

fn recorded(host: &str) -> PathBuf {
    format!("{HOSTS}/{host}.json").into()
}

fn command_on(host: &Path, path: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idreg"));
    command.arg("qmp").arg("--host").arg(host);
    command.args(["--listen", &format!("unix:{path}")]);
    command.stderr(Stdio::piped());
    command
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::on("max-latest")
    }

    /// A server for a recorded host.
    pub(crate) fn on(host: &str) -> Self {
        Self::in_directory(tempfile::tempdir().expect("a directory"), &recorded(host))
    }

    /// A server for a recorded host in which one text replaces another.
    pub(crate) fn on_edited(host: &str, old: &str, new: &str) -> Self {
        let host = fs::read_to_string(recorded(host)).expect("a host");
        assert!(host.contains(old), "{old}");
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("host.json");
        fs::write(&file, host.replace(old, new)).expect("a file");
        Self::in_directory(directory, &file)
    }

    /// A server for a recorded host, with a user's model file.
    pub(crate) fn with_model(host: &str, model: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("model.toml"), model).expect("a file");
        Self::in_directory(directory, &recorded(host))
    }

    fn in_directory(directory: TempDir, host: &Path) -> Self {
        let path = directory.path().join("qmp.sock");
        let stderr = File::create(directory.path().join("stderr")).expect("a file");
        let mut command = command_on(host, path.to_str().expect("a path"));
        command.arg("--models").arg(directory.path());
        let child = command.stderr(stderr).spawn();
        let server = Self {
            child: child.expect("it starts"),
            directory,
        };
        drop(connect(&server.path()));
        server
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("qmp.sock")
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// A client that has read the greeting.
    pub(crate) fn greeted(&self) -> Client {
        let mut client = self.connected();
        let greeting = client.read();
        assert_eq!(greeting["QMP"]["capabilities"], Value::Array(Vec::new()));
        client
    }

    /// A client that has negotiated.
    pub(crate) fn client(&self) -> Client {
        Client::negotiated(self.stream())
    }

    /// A client that has not read anything.
    pub(crate) fn connected(&self) -> Client {
        Client::of(self.stream())
    }

    fn stream(&self) -> UnixStream {
        UnixStream::connect(self.path()).expect("it listens")
    }

    /// Peak resident memory, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().strip_suffix(" kB"));
        peak.expect("a size").parse().expect("a number")
    }

    /// All that the server has printed on standard error.
    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.directory.path().join("stderr")).expect("a file")
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(started.elapsed() < TIMEOUT, "the server does not end");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

pub(crate) struct Client(BufReader<UnixStream>);

/// Connects to a socket as soon as a server listens there.
pub(crate) fn connect(path: &Path) -> UnixStream {
    let started = Instant::now();
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return stream,
            Err(error) => assert!(started.elapsed() < TIMEOUT, "{}: {error}", path.display()),
        }
        thread::sleep(Duration::from_millis(1));
    }
}

impl Client {
    /// A client that has not read anything.
    pub(crate) fn of(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
        Self(BufReader::new(stream))
    }

    /// A client that has negotiated.
    pub(crate) fn negotiated(stream: UnixStream) -> Self {
        let mut client = Self::of(stream);
        client.read();
        client.write(br#"{"execute":"qmp_capabilities"}"#);
        assert_eq!(client.line(), "{\"return\": {}}\r\n");
        client
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("it is taken");
    }

    /// Writes as much as the socket accepts at once; true if that is everything.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> bool {
        let stream = self.0.get_mut();
        stream.set_nonblocking(true).expect("a socket");
        let written = stream.write_all(bytes).is_ok();
        stream.set_nonblocking(false).expect("a socket");
        written
    }

    /// True if the server closes the connection without another message.
    pub(crate) fn is_disconnected(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(count) => count == 0,
            // It left bytes of the client unread.
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Writes until the socket takes nothing for this time; true if it took everything.
    pub(crate) fn write_for(&mut self, time: Duration, text: &str) -> bool {
        let stream = self.0.get_mut();
        stream.set_write_timeout(Some(time)).expect("a socket");
        stream.write_all(text.as_bytes()).is_ok()
    }

    /// True if no byte has arrived.
    pub(crate) fn nothing_yet(&mut self) -> bool {
        let stream = self.0.get_mut();
        stream.set_nonblocking(true).expect("a socket");
        let nothing = stream.read(&mut [0]);
        stream.set_nonblocking(false).expect("a socket");
        nothing.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Number of bytes that the socket holds for this client.
    pub(crate) fn unread(&self) -> u64 {
        rustix::io::ioctl_fionread(self.0.get_ref()).expect("a socket")
    }

    /// The next line, with its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a message");
        line
    }

    /// The next message.
    pub(crate) fn read(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"))
    }

    /// Sends a request and returns its reply.
    pub(crate) fn ask(&mut self, request: &str) -> Value {
        self.write(request.as_bytes());
        self.read()
    }

    /// Sends a request and returns its result.
    pub(crate) fn returns(&mut self, request: &str) -> Value {
        let mut answer = self.ask(request);
        assert!(answer.get("return").is_some(), "{request}: {answer}");
        answer["return"].take()
    }

    /// Sends a request and returns the class and text of its error.
    pub(crate) fn error(&mut self, request: &str) -> (String, String) {
        let answer = self.ask(request);
        let part = |name: &str| {
            let part = answer["error"][name].as_str();
            part.unwrap_or_else(|| panic!("{request}: {answer}"))
                .to_owned()
        };
        (part("class"), part("desc"))
    }

    /// Closes this side of the connection.
    pub(crate) fn end(&mut self) {
        let stream = self.0.get_ref();
        stream
            .shutdown(std::net::Shutdown::Write)
            .expect("a socket");
    }

    /// Reads to the end of the connection.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("an end");
        rest
    }
}
