//! Tests of `vmm-demo snapshot`, with a guest in this process.

use crate::saver::Saver;
use crate::server::TIMEOUT;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use vmm_demo::snapshot::memory::MemoryEncoding;

fn start(address: &str, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_vmm-demo"))
        .args(["snapshot", "guest.snap", "--qmp", address])
        .args(arguments)
        .current_dir("/proc/self")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

fn finish(child: Child) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&stdout), "");
    let stderr = String::from_utf8(stderr).expect("UTF-8");
    (status.code(), stderr)
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < TIMEOUT, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn guest_is_saved_and_goes_on() {
    let guest = Saver::default();
    let server = guest.serve();
    let child = start(&server.address(), &["--memory", "raw"]);
    wait_for("a job", || guest.progress().is_some());
    let saves = guest.saves();
    let file = saves[0].file.to_str().expect("UTF-8");
    assert!(
        file.starts_with("/proc/") && file.ends_with("/guest.snap"),
        "{file}"
    );
    assert_eq!(saves[0].memory, MemoryEncoding::Raw);
    guest.progress().expect("a job").report(1, 2);
    guest.end(Ok(()));
    assert_eq!(finish(child), (Some(0), String::new()));
    assert!(guest.calls().is_empty());
    let jobs: Value = server.client().returns(r#"{"execute":"query-jobs"}"#);
    assert_eq!(jobs, json!([]));
}

#[test]
fn guest_does_not_run_between_its_snapshot_and_its_end() {
    let guest = Saver::at_once(Ok(()));
    let server = guest.serve();
    let child = start(&server.address(), &["--quit"]);
    wait_for("quit", || guest.calls().contains(&"quit"));
    server.end();
    assert_eq!(finish(child), (Some(0), String::new()));
    assert_eq!(guest.calls(), ["stop", "quit"]);
}

#[test]
fn guest_goes_on_after_a_failure() {
    let guest = Saver::at_once(Err("cannot write `guest.snap`: no space"));
    let server = guest.serve();
    let expected = "error: the guest was not saved, and goes on: cannot write `guest.snap`: no \
                    space\n";
    for arguments in [&[][..], &["--quit"]] {
        let failed = finish(start(&server.address(), arguments));
        assert_eq!(failed, (Some(4), expected.to_owned()));
    }
    assert_eq!(guest.calls(), ["stop", "cont"]);
    // One that did not run before does not after.
    let mut client = server.client();
    client.returns(r#"{"execute":"stop"}"#);
    assert_eq!(finish(start(&server.address(), &["--quit"])).0, Some(4));
    assert_eq!(guest.calls(), ["stop", "cont", "stop", "stop"]);
}

#[test]
fn signal_cancels_the_job() {
    let guest = Saver::default();
    let server = guest.serve();
    let child = start(&server.address(), &["--quit"]);
    wait_for("a job", || guest.progress().is_some());
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::TERM).expect("a process");
    let progress = guest.progress().expect("a job");
    wait_for("a cancellation", || progress.is_cancelled());
    guest.end(Err("Operation canceled"));
    assert_eq!(finish(child), (Some(128 + 15), String::new()));
    assert_eq!(guest.calls(), ["stop", "cont"]);
}

#[test]
fn guest_that_refuses_is_named_with_the_reason() {
    let guest = Saver::default();
    let server = guest.serve();
    let request = r#"{"execute":"snapshot-save","arguments":{"job-id":"a","file":"a"}}"#;
    let mut client = server.client();
    client.write(request.as_bytes());
    wait_for("a job", || guest.progress().is_some());
    let (code, stderr) = finish(start(&server.address(), &[]));
    let expected = "error: the guest refused `snapshot-save`: the guest is being saved by job 'a'";
    assert!(stderr.starts_with(expected), "{stderr}");
    assert_eq!(code, Some(1));
}

#[test]
fn socket_without_a_guest_is_named() {
    let (code, stderr) = finish(start("unix:/nowhere/qmp.sock", &[]));
    let expected = "error: no guest listens at `unix:/nowhere/qmp.sock`; `vmm-demo run --qmp \
                    unix:/nowhere/qmp.sock` starts one that does: No such file or directory (os \
                    error 2)\n";
    assert_eq!((code, &*stderr), (Some(2), expected));
}

#[test]
fn server_without_a_guest_refuses() {
    let server = crate::server::Server::start();
    let address = format!("unix:{}", server.path().display());
    let (code, stderr) = finish(start(&address, &[]));
    assert!(stderr.contains("there is no guest"), "{stderr}");
    assert_eq!(code, Some(1));
}
