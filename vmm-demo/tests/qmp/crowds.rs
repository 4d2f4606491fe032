//! Tests of many clients, of clients that leave, and of a server without file descriptors.

use crate::guests::{Hosted, Recorder};
use crate::server::{Client, Server, TIMEOUT};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

const STOP: &str = r#"{"execute":"stop"}"#;
const STATUS: &str = r#"{"execute":"query-status"}"#;

const LIST: &str =
    r#"{"execute":"device-list-properties","arguments":{"typename":"host-arm-cpu"}}"#;

/// More ticks than an idle server needs, and fewer than a second of a busy machine has for one that
/// spins.
const IDLE: u64 = 6;

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
fn request_that_arrived_with_the_end_of_its_client_is_dropped() {
    let (guest, gate) = Recorder::gated();
    let server = Hosted::start(guest.clone());
    let mut busy = server.client();
    let mut gone = server.client();
    busy.write(STOP.as_bytes());
    gate.wait();
    gone.write(br#"{"execute":"cont"}"#);
    drop(gone);
    gate.open();
    busy.read();
    for _ in 0..3 {
        busy.returns(STATUS);
    }
    assert_eq!(guest.calls(), ["stop", "status", "status", "status"]);
}

#[test]
fn a_client_that_leaves_with_its_replies_unread_makes_room() {
    let server = Server::start();
    let mut clients: Vec<_> = (0..MAX_CLIENTS).map(|_| server.client()).collect();
    for client in &mut clients {
        client.write(LIST.repeat(3).as_bytes());
    }
    drop(clients);
    for _ in 0..MAX_CLIENTS {
        server.client();
    }
}

#[test]
fn requests_are_not_read_while_their_replies_are_not() {
    let server = Server::start();
    let mut deaf = server.client();
    // More than the kernel holds for a socket.
    assert!(!deaf.write_for(Duration::from_secs(1), &LIST.repeat(25_000)));
    server.client().returns(STATUS);
}

#[test]
fn a_slow_reader_gets_whole_replies() {
    let server = Server::start();
    let mut slow = server.client();
    slow.write(LIST.repeat(6).as_bytes());
    // Answered when the slow client's socket is full.
    server.client().returns(STATUS);
    let replies: Vec<_> = (0..6).map(|_| slow.line()).collect();
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    assert!(replies[0].len() > 1 << 16 && replies[0].ends_with("]}\r\n"));
    slow.returns(STATUS);
}

#[test]
fn replies_are_written_to_the_end_when_the_server_ends() {
    let server = Hosted::start(Recorder::default());
    let mut clients: Vec<_> = (0..2).map(|_| server.client()).collect();
    for client in &mut clients {
        client.write(LIST.repeat(4).as_bytes());
    }
    server.client().returns(STATUS);
    let ended = thread::spawn(move || server.end());
    for client in clients {
        let rest = client.rest();
        assert!(rest.ends_with("]}\r\n"), "{} bytes", rest.len());
    }
    ended.join().expect("no panic");
}

#[test]
fn clients_that_come_at_once_are_counted() {
    let server = Server::start();
    kill_process(server.pid(), Signal::STOP).expect("it runs");
    let mut clients: Vec<_> = (0..70).map(|_| server.connected()).collect();
    kill_process(server.pid(), Signal::CONT).expect("it is there");
    let (first, waiting) = clients.split_at_mut(MAX_CLIENTS);
    for client in first {
        is_greeted(client);
    }
    let before = ticks(server.pid());
    thread::sleep(Duration::from_secs(1));
    let spent = ticks(server.pid()) - before;
    assert!(spent < IDLE, "{spent} ticks of a second");
    assert!(waiting.iter_mut().all(Client::nothing_yet));
}

#[test]
fn descriptors_are_closed_at_exec_and_events_do_not_block() {
    let server = Server::start();
    server.client();
    let process = format!("/proc/{}", server.pid());
    let files = fs::read_dir(format!("{process}/fd")).expect("a process");
    let mut events = 0;
    for file in files.map(|file| file.expect("a file")) {
        let target = fs::read_link(file.path()).unwrap_or_default();
        let target = target.to_string_lossy();
        if !target.starts_with("anon_inode:") && !target.starts_with("socket:") {
            continue;
        }
        let info = format!("{process}/fdinfo/{}", file.file_name().display());
        let Ok(info) = fs::read_to_string(info) else {
            continue;
        };
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = u32::from_str_radix(flags.expect("flags").trim(), 8).expect("flags");
        // Linux 7.2, include/uapi/asm-generic/fcntl.h: O_CLOEXEC, O_NONBLOCK.
        assert_ne!(flags & 0o2_000_000, 0, "{target}");
        if target.contains("[eventfd]") {
            events += 1;
            assert_ne!(flags & 0o4000, 0, "{target}");
        }
    }
    assert_eq!(events, 1);
}

#[test]
fn a_client_that_only_stops_writing_gets_every_reply() {
    let server = Hosted::start(Recorder::default());
    let mut client = server.client();
    client.write(STATUS.repeat(200).as_bytes());
    client.end();
    assert_eq!(client.rest().lines().count(), 200);
}

/// Asks until the server holds a part of the last reply itself; returns all replies.
fn fill(slow: &mut Client, other: &mut Client) -> String {
    const COMMANDS: &str = r#"{"execute":"query-commands"}"#;
    other.write(COMMANDS.as_bytes());
    let reply = other.line();
    let mut replies = String::new();
    while slow.unread() == replies.len() as u64 {
        slow.write(COMMANDS.as_bytes());
        replies += &reply;
        for _ in 0..2 {
            other.returns(STATUS);
        }
    }
    // After a reply the server writes to all clients once more.
    thread::sleep(Duration::from_millis(100));
    replies
}

#[test]
fn a_client_that_reads_later_is_still_served() {
    let server = Hosted::start(Recorder::default());
    let (mut slow, mut other) = (server.client(), server.client());
    let replies = fill(&mut slow, &mut other);
    for reply in replies.lines() {
        assert_eq!(slow.line().trim_end(), reply);
    }
    slow.returns(STATUS);
}

#[test]
fn a_client_that_stops_writing_and_reads_later_takes_no_time() {
    let server = Server::start();
    let (mut slow, mut other) = (server.client(), server.client());
    let replies = fill(&mut slow, &mut other);
    slow.end();
    let before = ticks(server.pid());
    thread::sleep(Duration::from_secs(1));
    let spent = ticks(server.pid()) - before;
    assert!(spent < IDLE, "{spent} ticks of a second");
    assert!(slow.rest() == replies);
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
    let waiting: Vec<_> = (0..5).map(|_| server.connected()).collect();
    wait_for_warnings(&server, 1);
    let before = ticks(server.pid());
    thread::sleep(Duration::from_secs(1));
    let spent = ticks(server.pid()) - before;
    assert!(spent < IDLE, "{spent} ticks of a second");
    let started = Instant::now();
    for mut next in waiting {
        assert!(next.nothing_yet());
        drop(clients.pop_front());
        is_greeted(&mut next);
        clients.push_back(next);
    }
    // Less than one turn of the server's timer for each.
    assert!(started.elapsed() < Duration::from_secs(3));
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
