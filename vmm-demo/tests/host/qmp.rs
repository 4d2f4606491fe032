//! Tests of QMP beside a running guest: neither delays the other.

use crate::bare::{IDLE, LDR, SYSTEM_RESET, echo, echo_once, guest, load, psci, say};
use crate::running::{Running, TIMEOUT};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) struct Client(BufReader<UnixStream>);

impl Client {
    fn connect(path: &str) -> Self {
        let started = Instant::now();
        let stream = loop {
            match UnixStream::connect(path) {
                Ok(stream) => break stream,
                Err(error) => assert!(started.elapsed() < TIMEOUT, "{path}: {error}"),
            }
            thread::sleep(Duration::from_millis(1));
        };
        stream.set_read_timeout(Some(TIMEOUT)).expect("a socket");
        Self(BufReader::new(stream))
    }

    pub(crate) fn negotiated(path: &str) -> Self {
        let mut client = Self::connect(path);
        client.read();
        client.execute("qmp_capabilities");
        client
    }

    fn read(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a message");
        serde_json::from_str(&line).expect("JSON")
    }

    fn write(&mut self, bytes: &[u8]) {
        // Fails if the server disconnects the client during the write.
        let _disconnected = self.0.get_mut().write_all(bytes);
    }

    /// Executes a command; returns the names of the events before its answer.
    pub(crate) fn execute(&mut self, command: &str) -> Vec<String> {
        self.write(format!("{{\"execute\":\"{command}\"}}").as_bytes());
        let mut events = Vec::new();
        loop {
            let message = self.read();
            match message.get("event").and_then(Value::as_str) {
                Some(event) => events.push(event.to_owned()),
                None => {
                    assert!(message.get("return").is_some(), "{command}: {message}");
                    return events;
                }
            }
        }
    }
}

#[test]
fn stopped_guest_does_nothing_until_it_is_resumed() {
    let socket = ["--qmp", "unix:stops.sock", "--smp", "4"];
    let mut running = Running::start(&guest("stops", &echo()), &socket);
    let mut client = Client::negotiated("stops.sock");
    running.type_in("one\n");
    assert_eq!(running.line(), "one");
    assert_eq!(client.execute("stop"), ["STOP"]);
    assert!(client.execute("stop").is_empty());
    running.type_in("two\n");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(client.execute("cont"), ["RESUME"]);
    assert_eq!(running.line(), "two");
    assert_eq!(client.execute("system_reset"), ["RESET"]);
    running.type_in("three\n");
    assert_eq!(running.line(), "three");
    assert_eq!(client.execute("quit"), ["SHUTDOWN"]);
    assert_eq!(running.wait().0.code(), Some(5));
    assert!(!std::path::Path::new("stops.sock").exists());
}

#[test]
fn requests_on_one_line_are_carried_out_in_order() {
    let mut running = Running::start(&guest("line", &echo()), &["--qmp", "unix:line.sock"]);
    let mut client = Client::negotiated("line.sock");
    let names = ["stop", "query-status", "cont", "query-status"];
    let requests: Vec<_> = names
        .iter()
        .map(|name| format!("{{'execute':'{name}'}}"))
        .collect();
    client.write(requests.concat().repeat(20).as_bytes());
    for _ in 0..20 {
        assert_eq!(client.read().get("event"), Some(&"STOP".into()));
        assert!(client.read().get("return").is_some());
        let paused = client.read();
        assert_eq!(paused.pointer("/return/status"), Some(&"paused".into()));
        assert_eq!(client.read().get("event"), Some(&"RESUME".into()));
        assert!(client.read().get("return").is_some());
        let runs = client.read();
        assert_eq!(runs.pointer("/return/status"), Some(&"running".into()));
    }
    running.type_in("still here\n");
    assert_eq!(running.line(), "still here");
}

#[test]
fn resets_in_a_row_leave_nothing_behind() {
    let socket = ["--qmp", "unix:row.sock", "--smp", "4"];
    let mut running = Running::start(&guest("row", &echo()), &socket);
    let mut client = Client::negotiated("row.sock");
    assert_eq!(client.execute("system_reset"), ["RESET"]);
    let (files, threads, resident) = running.holds();
    for reset in 0..100 {
        assert_eq!(client.execute("system_reset"), ["RESET"], "{reset}");
    }
    let (files_after, threads_after, resident_after) = running.holds();
    assert_eq!((files_after, threads_after), (files, threads));
    assert!(
        resident_after < resident + (4 << 10),
        "{resident} KiB, then {resident_after} KiB"
    );
    running.type_in("still here\n");
    assert_eq!(running.line(), "still here");
    client.execute("quit");
    assert_eq!(running.wait().0.code(), Some(5));
}

#[test]
fn guest_keeps_running_beside_hostile_clients() {
    let mut running = Running::start(&guest("goes-on", &echo()), &["--qmp", "unix:goes-on.sock"]);
    let before = Client::negotiated("goes-on.sock");
    running.type_in("first\n");
    assert_eq!(running.line(), "first");
    let (_, _, at_first) = running.holds();
    let mut clients: Vec<_> = (0..100).map(|_| Client::connect("goes-on.sock")).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client
            .0
            .get_ref()
            .set_write_timeout(Some(Duration::from_millis(20)))
            .expect("a socket");
        match index % 4 {
            0 => client.write("[".repeat(5000).as_bytes()),
            1 => client.write("x".repeat(100_000).as_bytes()),
            2 => client.write(b"{\"execute\":\"qmp_capa"),
            _ => client.write(b"{\"execute\":\"query-commands\"}".repeat(2000).as_slice()),
        }
    }
    for _ in 0..20 {
        running.type_in("still here\n");
        assert_eq!(running.line(), "still here");
    }
    let (_, threads, resident) = running.holds();
    assert_eq!(threads, 3, "main, QMP and one vCPU");
    assert!(
        resident < at_first + (32 << 10),
        "{at_first} KiB, then {resident} KiB"
    );
    drop(clients);
    drop(before);
    Client::negotiated("goes-on.sock").execute("quit");
    assert_eq!(running.wait().0.code(), Some(5));
}

/// Starts a guest that prints `up` and executes `then` after a key; sends a key, and returns the
/// first event.
fn event_of_guest(name: &str, then: &[u32]) -> (Running, Client, String) {
    let code = [say("up\n"), echo_once(), then.to_vec()].concat();
    let socket = format!("{name}.sock");
    let mut running = Running::start(&guest(name, &code), &["--qmp", &format!("unix:{socket}")]);
    assert_eq!(running.line(), "up");
    let mut client = Client::negotiated(&socket);
    running.type_in("x");
    let message = client.read();
    let member = |name| message.get(name).expect("an event").to_string();
    let event = [member("event"), member("data")].join(" ");
    (running, client, event)
}

#[test]
fn clients_receive_the_reset_of_a_guest() {
    let (running, mut client, event) = event_of_guest("resets", &psci(SYSTEM_RESET));
    assert_eq!(event, r#""RESET" {"guest":true,"reason":"guest-reset"}"#);
    client.execute("quit");
    assert_eq!(running.wait().0.code(), Some(5));
}

#[test]
fn access_to_an_unmapped_address_is_no_panic_of_the_guest() {
    let code = [&load(0, 0x1000)[..], &[LDR], &IDLE].concat();
    let (running, _client, event) = event_of_guest("crashes", &code);
    assert_eq!(event, r#""SHUTDOWN" {"guest":false,"reason":"host-error"}"#);
    assert_eq!(running.wait().0.code(), Some(1));
}
