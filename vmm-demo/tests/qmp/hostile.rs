//! Tests with hostile and faulty clients.

use crate::server::{Server, TIMEOUT};
use std::thread;
use std::time::{Duration, Instant};

/// Limit of the server's memory in KiB, for any clients. One client that uses all commands needs
/// some 10 MiB.
const MAX_MEMORY: u64 = 96 << 10;

const LIST: &[u8] =
    br#"{"execute":"device-list-properties","arguments":{"typename":"host-arm-cpu"}}"#;

#[test]
fn oversize_and_deep_input_end_the_connection_with_an_error() {
    let server = Server::start();
    for (input, expected) in [
        (
            format!("{{\"execute\":\"{}\"}}", "x".repeat(1 << 17)),
            "token size limit",
        ),
        ("[".repeat(5000), "nesting depth limit"),
        (
            format!("{{\"a\":{}", "{\"a\":".repeat(1000)),
            "nesting depth limit",
        ),
    ] {
        let mut client = server.client();
        // The server may stop reading before the end.
        let _all = client.try_write(input.as_bytes());
        let answer = client.read();
        let desc = answer["error"]["desc"].as_str().expect("an error");
        assert!(desc.contains(expected), "{desc}");
        assert!(client.is_disconnected(), "{expected}");
    }
    server.client();
}

#[test]
fn longest_request_is_answered() {
    let server = Server::start();
    let request = |length: usize| {
        let name = "x".repeat(length - r#"{"execute":""}"#.len());
        format!("{{\"execute\": \"{name}\"}}")
    };
    let mut client = server.client();
    // White space between tokens does not count.
    let (class, _) = client.error(&request(64 << 10));
    assert_eq!(class, "CommandNotFound");
    let (_, desc) = client.error(&request((64 << 10) + 1));
    assert!(desc.contains("token size limit"), "{desc}");
    assert!(client.is_disconnected());
}

#[test]
fn deep_input_within_the_limit_is_an_ordinary_error() {
    let server = Server::start();
    let mut client = server.client();
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let (class, _) = client.error(&deep);
    assert_eq!(class, "GenericError");
    client.returns(r#"{"execute":"query-status"}"#);
}

#[test]
fn half_lines_are_dropped_with_their_client() {
    let server = Server::start();
    for half in [
        &b"{\"execute\":\"qu"[..],
        b"{",
        b"\"",
        b"tru",
        b"{\"a\":\"\\",
    ] {
        let mut client = server.client();
        client.write(half);
        client.end();
        let rest = client.rest();
        assert!(rest.is_empty() || rest.contains("error"), "{rest}");
    }
    server.client();
}

#[test]
fn a_hundred_clients_are_all_served() {
    let server = Server::start();
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let mut client = server.client();
                client.returns(r#"{"execute":"query-status"}"#);
            });
        }
    });
    assert!(
        server.peak_memory() < MAX_MEMORY,
        "{} KiB",
        server.peak_memory()
    );
}

#[test]
fn client_that_never_reads_waits_alone() {
    let server = Server::start();
    let mut unread: Vec<_> = (0..8).map(|_| server.client()).collect();
    let started = Instant::now();
    // Each reply has some hundred KiB; at some point the server takes no more requests.
    for client in &mut unread {
        let mut taken = 0;
        while client.try_write(LIST) && taken < 20_000 {
            taken += 1;
            if started.elapsed() > TIMEOUT {
                break;
            }
        }
    }
    let mut other = server.client();
    for _ in 0..20 {
        other.returns(r#"{"execute":"query-status"}"#);
    }
    assert!(
        server.peak_memory() < MAX_MEMORY,
        "{} KiB",
        server.peak_memory()
    );
}

#[test]
fn requests_in_any_pieces_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let requests: Vec<String> = (0..50)
        .map(|id| format!("{{\"execute\":\r\n \"query-status\",\"id\":{id}}}"))
        .collect();
    let requests = requests.concat();
    for piece in requests.as_bytes().chunks(7) {
        client.write(piece);
        if piece[0] == b'{' {
            thread::sleep(Duration::from_micros(100));
        }
    }
    for id in 0..50 {
        assert_eq!(client.read()["id"], id);
    }
}

#[test]
fn noise_is_survived() {
    let server = Server::start();
    let mut seed = 7_u64;
    for _ in 0..50 {
        let mut client = server.greeted();
        let noise: Vec<u8> = (0..2000)
            .map(|_| {
                seed = seed
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                let json = b"{}[]\",:\\ \n\xff";
                let at = usize::try_from(seed >> 40).expect("small");
                if seed >> 63 == 0 {
                    json[at % json.len()]
                } else {
                    (at & 0xff).try_into().expect("a byte")
                }
            })
            .collect();
        let _all = client.try_write(&noise);
    }
    server.client();
    assert!(
        server.peak_memory() < MAX_MEMORY,
        "{} KiB",
        server.peak_memory()
    );
}
