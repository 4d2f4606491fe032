//! Tests of the socket's file: creation, mode, removal.

use crate::server::{Server, command};
use rustix::process::{Signal, kill_process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

#[test]
fn socket_is_private_and_removed_after_quit() {
    let mut server = Server::start();
    let path = server.path();
    let mode = fs::metadata(&path).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.client().returns(r#"{"execute":"quit"}"#);
    assert_eq!(server.wait().code(), Some(5));
    assert!(!path.exists());
}

#[test]
fn socket_is_removed_after_a_signal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut server = Server::start();
        kill_process(server.pid(), signal).expect("the server runs");
        assert_eq!(server.wait().code(), Some(128 + signal.as_raw()));
        assert!(!server.path().exists());
    }
}

#[test]
fn stale_socket_is_replaced() {
    let server = Server::start();
    let path = server.path();
    let other = path.with_file_name("stale.sock");
    drop(UnixListener::bind(&other).expect("a socket"));
    assert!(other.exists());
    let mut replaced = command(other.to_str().expect("a path"))
        .spawn()
        .expect("it starts");
    let started = std::time::Instant::now();
    while std::os::unix::net::UnixStream::connect(&other).is_err() {
        assert!(started.elapsed() < crate::server::TIMEOUT);
    }
    replaced.kill().expect("it runs");
    replaced.wait().expect("a child");
}

#[test]
fn files_at_the_path_stay_and_are_named() {
    let server = Server::start();
    let file = server.path().with_file_name("a\n\x1b[31m-file");
    fs::write(&file, "kept").expect("a file");
    for (path, expected) in [
        (server.path(), "another program listens there"),
        (
            file.clone(),
            "/a\\n\\u{1b}[31m-file`: there is a file of this name",
        ),
        (
            server.directory.path().to_owned(),
            "there is a directory of this name",
        ),
        (server.path().join("x"), "Not a directory"),
    ] {
        let output = command(path.to_str().expect("a path"))
            .output()
            .expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    assert_eq!(fs::read_to_string(file).expect("a file"), "kept");
    server.client();
}
