//! A server and its clients.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const HOST: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/hosts/max-latest.json"
);

/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// `idreg qmp`, ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) directory: TempDir,
}

/// `idreg qmp` that listens at a path, for a host in a file.
pub(crate) fn command(path: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idreg"));
    command.args(["qmp", "--host", HOST, "--listen", &format!("unix:{path}")]);
    command.stderr(Stdio::piped());
    command
}

impl Server {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("qmp.sock");
        let child = command(path.to_str().expect("a path")).spawn();
        let server = Self {
            child: child.expect("it starts"),
            directory,
        };
        let started = Instant::now();
        while UnixStream::connect(server.path()).is_err() {
            assert!(started.elapsed() < PATIENCE, "it does not listen");
            thread::sleep(Duration::from_millis(1));
        }
        server
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("qmp.sock")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A client that was greeted.
    pub(crate) fn greeted(&self) -> Client {
        let mut client = self.connected();
        let greeting = client.read();
        assert_eq!(greeting["QMP"]["capabilities"], Value::Array(Vec::new()));
        client
    }

    /// A client that has negotiated.
    pub(crate) fn client(&self) -> Client {
        let mut client = self.greeted();
        client.write(br#"{"execute":"qmp_capabilities"}"#);
        assert_eq!(client.read().to_string(), r#"{"return":{}}"#);
        client
    }

    /// A client that has not read anything.
    pub(crate) fn connected(&self) -> Client {
        let stream = UnixStream::connect(self.path()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Client(BufReader::new(stream))
    }

    /// The most memory it has had resident, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a process");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().strip_suffix(" kB"));
        peak.expect("a size").parse().expect("a number")
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
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

impl Client {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("it is taken");
    }

    /// Writes as much as is taken at once, and says whether all was.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> bool {
        let stream = self.0.get_mut();
        stream.set_nonblocking(true).expect("a socket");
        let written = stream.write_all(bytes).is_ok();
        stream.set_nonblocking(false).expect("a socket");
        written
    }

    /// The next message.
    pub(crate) fn read(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a message");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"))
    }

    /// What a command answers.
    pub(crate) fn ask(&mut self, request: &str) -> Value {
        self.write(request.as_bytes());
        self.read()
    }

    /// What a command returns.
    pub(crate) fn returns(&mut self, request: &str) -> Value {
        let mut answer = self.ask(request);
        assert!(answer.get("return").is_some(), "{request}: {answer}");
        answer["return"].take()
    }

    /// Class and text of the error that a request is answered with.
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

    /// Everything that is still to come, to the end of the connection.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("an end");
        rest
    }
}
