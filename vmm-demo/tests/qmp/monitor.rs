//! Tests of the client's side of QMP.

use crate::guests::{Hosted, Recorder};
use crate::saver::Saver;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vmm_demo::qmp::event::Event;
use vmm_demo::qmp::monitor::{Monitor, MonitorError};
use vmm_demo::socket_address::Address;

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(30);

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

/// A server of one client that says these lines, each after a line of the client's but the first,
/// and then stays connected.
fn scripted(lines: &'static [&'static str]) -> (TempDir, Address) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("qmp.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                reader.read_line(&mut String::new()).expect("a request");
            }
            // The client may have left already.
            let _left = stream.write_all(line.as_bytes());
        }
        stay(reader);
    });
    let address = address(&format!("unix:{}", path.display()));
    (directory, address)
}

/// Reads until the client leaves.
fn stay(reader: BufReader<UnixStream>) {
    reader.lines().map_while(Result::ok).for_each(drop);
}

const GREETING: &str = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";

fn message(error: MonitorError) -> String {
    let failure = vmm_demo::output::failure::Failure::other(error);
    failure.message()
}

fn connection_error(lines: &'static [&'static str]) -> String {
    let (_directory, address) = scripted(lines);
    message(Monitor::connect_within(&address, SHORT).expect_err("no QMP"))
}

#[test]
fn commands_and_events_of_a_server() {
    let server = Hosted::start(Recorder::default());
    let mut monitor = Monitor::connect(&address(&server.address())).expect("a server");
    let status: Value = monitor.query("query-status").expect("a status");
    assert_eq!(status["status"], "running");
    server.events().send(Event::Stop);
    let event = monitor
        .next_event(LONG)
        .expect("no error")
        .expect("an event");
    assert_eq!((&*event.name, &event.data), ("STOP", &Value::Null));
    assert_eq!(monitor.next_event(SHORT).expect("no error"), None);
    let error = monitor.execute("system_powerdown", &json!({}));
    let error = message(error.expect_err("no button"));
    assert_eq!(error, "the guest refused `system_powerdown`: no button");
    let unknown = monitor
        .execute("x", &json!({}))
        .expect_err("no such command");
    assert!(matches!(unknown, MonitorError::Refused { class, .. } if class == "CommandNotFound"));
    server.end();
    assert!(monitor.wait_for_end(LONG).expect("no error"));
    let ended = monitor.execute("stop", &json!({})).expect_err("no server");
    assert!(matches!(ended, MonitorError::Closed), "{ended}");
}

#[test]
fn events_that_precede_an_answer_are_kept() {
    let server = Saver::at_once(Ok(())).serve();
    let mut monitor = Monitor::connect(&address(&server.address())).expect("a server");
    let arguments = json!({ "job-id": "save0", "file": "a" });
    monitor.execute("snapshot-save", &arguments).expect("a job");
    let mut seen = Vec::new();
    while let Some(event) = monitor.next_event(SHORT).expect("no error") {
        seen.push(event.data["status"].as_str().expect("a text").to_owned());
    }
    let expected = ["created", "running", "waiting", "pending", "concluded"];
    assert_eq!(seen, expected);
}

#[test]
fn sockets_without_a_server_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("qmp.sock");
    let nobody = address(&format!("unix:{}", path.display()));
    let expected = format!("no guest listens at `{nobody}`; `vmm-demo run --qmp {nobody}` starts");
    for _ in 0..2 {
        let error = message(Monitor::connect(&nobody).expect_err("no server"));
        assert!(error.starts_with(&expected), "{error}");
        // Once without a file, once with a stale socket.
        drop(UnixListener::bind(&path));
    }
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let file = address(&format!("unix:{}", file.display()));
    let error = message(Monitor::connect(&file).expect_err("no server"));
    assert!(error.contains("no guest listens at"), "{error}");
}

#[test]
fn servers_of_other_protocols_are_refused() {
    for (lines, expected) in [
        (
            &["SSH-2.0-OpenSSH\r\n"][..],
            "no QMP server answers at the socket: expected value at line 1",
        ),
        (
            &["[]\n"],
            "no QMP server answers at the socket: it is no JSON object",
        ),
        (
            &["{\"hello\": 1}\n"],
            "no QMP server answers at the socket: its first message is no greeting of QMP",
        ),
        (
            &[],
            "the QMP server has not answered `the connection` in 200ms",
        ),
        (
            &[GREETING],
            "the QMP server has not answered `qmp_capabilities` in 200ms",
        ),
        (
            &[GREETING, "{}\n"],
            "the QMP server's answer to `qmp_capabilities` is not understood: it has neither a \
             result nor an error",
        ),
        (
            &[GREETING, "{\"return\": {}, \"id\": 7}\n"],
            "the QMP server's answer to `qmp_capabilities` is not understood: it answers another \
             command",
        ),
        (
            &[GREETING, "{\"error\": {\"class\": 1}, \"id\": 1}\n"],
            "the QMP server's answer to `qmp_capabilities` is not understood",
        ),
    ] {
        let error = connection_error(lines);
        assert!(error.starts_with(expected), "{lines:?}: {error}");
    }
}

#[test]
fn message_without_an_end_is_limited_in_length() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("qmp.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        while stream.write_all(&[b'x'; 1 << 14]).is_ok() {}
    });
    let address = address(&format!("unix:{}", path.display()));
    let error = message(Monitor::connect_within(&address, LONG).expect_err("no QMP"));
    assert!(error.ends_with("it has more than 8388608 bytes"), "{error}");
}

#[test]
fn server_that_takes_nothing_is_given_up() {
    let (_directory, address) = scripted(&[GREETING, "{\"return\": {}, \"id\": 1}\n"]);
    let mut monitor = Monitor::connect_within(&address, SHORT).expect("a server");
    let started = Instant::now();
    let error = monitor.execute("stop", &json!({})).expect_err("no answer");
    assert!(matches!(error, MonitorError::NoAnswer { .. }), "{error}");
    assert!(started.elapsed() < LONG);
    assert!(!monitor.wait_for_end(SHORT).expect("no error"));
}
