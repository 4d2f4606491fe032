//! Tests of many clients, of clients that leave, and of a server without file descriptors.

use crate::guests::{Hosted, Recorder};
use crate::server::{Client, Server, TIMEOUT};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const STOP: &str = r#"{"execute":"stop"}"#;
const STATUS: &str = r#"{"execute":"query-status"}"#;

/// The server's limit of clients.
const MAX_CLIENTS: usize = 64;

#[test]
fn requests_of_a_client_that_has_left_are_dropped() {
    let (guest, gate) = Recorder::gated();
    let server = Hosted::start(guest.clone());
    let mut gone = server.client();
    let mut other = server.client();
    gone.write(STOP.repeat(50).as_bytes());
    gate.wait();
    drop(gone);
    other.write(STATUS.as_bytes());
    gate.open();
    other.read();
    other.returns(STATUS);
    assert_eq!(guest.calls(), ["stop", "status", "status"]);
}

#[test]
fn a_client_that_only_stops_writing_gets_every_reply() {
    let server = Hosted::start(Recorder::default());
    let mut client = server.client();
    client.write(STATUS.repeat(200).as_bytes());
    client.end();
    assert_eq!(client.rest().lines().count(), 200);
}

#[test]
fn a_client_waits_for_one_request_of_each_other_client() {
    let (guest, gate) = Recorder::gated();
    let server = Hosted::start(guest.clone());
    let mut busy = server.client();
    let mut other = server.client();
    busy.write(STOP.repeat(50).as_bytes());
    gate.wait();
    other.write(STATUS.as_bytes());
    gate.open();
    other.read();
    let before = guest.calls().iter().position(|call| *call == "status");
    // The one that was running, and one for each turn of the event loop.
    assert!(before.expect("a call") <= 3, "{:?}", guest.calls());
    for _ in 0..50 {
        assert_eq!(busy.line(), "{\"return\": {}}\r\n");
    }
}

#[test]
fn a_client_too_many_waits_until_another_has_left() {
    let server = Hosted::start(Recorder::default());
    let mut clients: Vec<_> = (0..MAX_CLIENTS).map(|_| server.client()).collect();
    let mut waiting = server.connected();
    for client in &mut clients {
        client.returns(STATUS);
    }
    assert!(waiting.nothing_yet());
    drop(clients.pop());
    assert!(waiting.line().starts_with("{\"QMP\": "));
}

/// Lets a process open this many files more.
fn limit_files(pid: Pid, more: usize) {
    let used = fs::read_dir(format!("/proc/{pid}/fd")).expect("a process");
    let used = used.map(|file| file.expect("a file").file_name());
    let used: BTreeSet<_> = used.filter_map(|name| name.into_string().ok()).collect();
    // A new file takes the lowest number, which must be below the limit.
    let mut free = (0_u64..).filter(|number| !used.contains(&number.to_string()));
    let limit = Rlimit {
        current: free.nth(more),
        maximum: Some(1024),
    };
    prlimit(Some(pid), Resource::Nofile, limit).expect("the server runs");
}

/// Processor time of a process, in ticks of a hundredth of a second (proc(5), `utime`, `stime`).
fn ticks(pid: Pid) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, fields) = stat.rsplit_once(") ").expect("a name");
    let times = fields.split(' ').skip(11).take(2);
    times
        .map(|time| time.parse::<u64>().expect("a number"))
        .sum()
}

/// Starts a server that has a client, and can accept this many more.
fn starved(more: usize) -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    // Replies come after the end of the connection by which the start was noticed.
    client.returns(STATUS);
    limit_files(server.pid(), more);
    (server, client)
}

/// Number of warnings so far about clients that wait.
fn warnings(server: &Server) -> usize {
    let stderr = server.stderr();
    stderr.matches("cannot accept a QMP client now").count()
}

fn wait_for_warnings(server: &Server, count: usize) {
    let started = Instant::now();
    while warnings(server) < count {
        assert!(started.elapsed() < TIMEOUT, "{}", server.stderr());
        thread::sleep(Duration::from_millis(1));
    }
}

fn is_greeted(client: &mut Client) {
    assert!(client.line().starts_with("{\"QMP\": "));
}

#[test]
fn server_without_file_descriptors_waits_for_a_client_to_leave() {
    let (server, first) = starved(1);
    let mut clients = VecDeque::from([first, server.client()]);
    let waiting: Vec<_> = (0..3).map(|_| server.connected()).collect();
    wait_for_warnings(&server, 1);
    let before = ticks(server.pid());
    thread::sleep(Duration::from_secs(1));
    let spent = ticks(server.pid()) - before;
    assert!(spent < 50, "{spent} ticks of a second");
    for mut next in waiting {
        assert!(next.nothing_yet());
        drop(clients.pop_front());
        is_greeted(&mut next);
        clients.push_back(next);
    }
    assert_eq!(warnings(&server), 1);
    assert!(server.stderr().contains("ulimit -n"));
}

#[test]
fn server_without_file_descriptors_tries_again_without_a_client_that_leaves() {
    let (server, mut first) = starved(0);
    let mut client = server.connected();
    wait_for_warnings(&server, 1);
    assert!(client.nothing_yet());
    limit_files(server.pid(), 8);
    is_greeted(&mut client);
    // The next shortage is another one.
    limit_files(server.pid(), 0);
    let mut other = server.connected();
    wait_for_warnings(&server, 2);
    drop(client);
    is_greeted(&mut other);
    first.returns(STATUS);
    assert_eq!(warnings(&server), 2);
}
