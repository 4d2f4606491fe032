//! QEMU's own QMP clients, unmodified, with guests in the emulated host.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_tests::artifacts::Kernel;
use idreg_tests::forward::Forward;
use idreg_tests::machine::{Ending, Event, Machine, Options, Running, shared};
use idreg_tests::python::{Python, QMP};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_mins(2);

fn host() -> &'static Machine {
    let options = Options::emulated("max", Kernel::Latest);
    match shared(&options) {
        Ok(machine) => {
            machine.put_linux(None).expect("a guest to boot");
            machine
        }
        Err(error) => panic!("no host for {options:?}: {error:?}"),
    }
}

/// Starts a guest with a socket of this name, and waits until it listens.
fn guest(machine: &'static Machine, socket: &str) -> Running<'static> {
    let qmp = format!("unix:{socket}");
    let guest = [
        "run",
        "--kernel",
        "Image",
        "--initrd",
        "initrd.cpio.gz",
        "--smp",
        "2",
    ];
    let words = "console=ttyS0 quiet idreg.end=echo";
    let more = ["--append", words, "--qmp", &qmp];
    let running = machine.spawn(guest.iter().chain(&more)).expect("it starts");
    let started = Instant::now();
    while machine.connect(socket).is_err() {
        assert!(started.elapsed() < LIMIT, "nobody listens");
        thread::sleep(Duration::from_millis(50));
    }
    running
}

/// A socket in the directory, forwarded to the one of this name in the host.
fn forwarded(machine: &'static Machine, name: &str, directory: &TempDir) -> (Forward, PathBuf) {
    let path = directory.path().join(name);
    let forward = Forward::listen(machine, name.to_owned(), &path).expect("a socket");
    (forward, path)
}

/// Runs a client with this input, and kills it after the time limit.
fn client(command: &mut Command, input: &str, home: &Path) -> Output {
    let mut child = command
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let started = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if started.elapsed() > LIMIT {
            child.kill().expect("it runs");
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().expect("a child")
}

/// The exit code of a guest's run.
fn code(running: &Running<'_>) -> i32 {
    loop {
        match running.next(LIMIT).expect("it ends") {
            Event::Ended(Ending::Exited(code)) => return code,
            Event::Ended(ending) => panic!("{ending:?}"),
            Event::Stdout(_) | Event::Stderr(_) => {}
        }
    }
}

#[test]
fn scripted_session_with_the_library() {
    let Some(python) = Python::with_or_skip(&QMP, "scripted_session_with_the_library") else {
        return;
    };
    let machine = host();
    let directory = tempfile::tempdir().expect("a directory");
    let running = guest(machine, "session.sock");
    let (_forward, path) = forwarded(machine, "session.sock", &directory);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/qmp/session.py");
    let output = client(python.script(script).arg(path), "", directory.path());
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(stdout, "as it should be\n", "{stderr}");
    assert!(output.status.success(), "{stderr}");
    assert_eq!(code(&running), 5);
    assert!(machine.connect("session.sock").is_err());
}

#[test]
fn qmp_shell_drives_a_guest() {
    let Some(python) = Python::with_or_skip(&QMP, "qmp_shell_drives_a_guest") else {
        return;
    };
    let machine = host();
    let directory = tempfile::tempdir().expect("a directory");
    let running = guest(machine, "shell.sock");
    let (_forward, path) = forwarded(machine, "shell.sock", &directory);
    let mut shell = python.module("qemu.qmp.qmp_shell");
    let typed = "query-status\nstop\nquery-status\ncont\n\
                 query-cpu-model-expansion type=full \
                 model={\"name\":\"host\",\"props\":{\"SYSREG_ID_AA64ISAR0_EL1_DP\":0}}\n\
                 query-cpu-model-comparison modela={\"name\":\"host\"} \
                 modelb={\"name\":\"host\",\"props\":{\"sve\":false}}\n\
                 query-cpu-model-baseline modela={\"name\":\"host\"} \
                 modelb={\"name\":\"host\",\"props\":{\"sve\":false}}\n\
                 no-such-command\nquit\n";
    let output = client(shell.arg(path), typed, directory.path());
    let stdout = String::from_utf8_lossy(&output.stdout);
    for line in [
        "Connected to QEMU 11.1.1",
        r#"{"return": {"status": "running", "running": true}}"#,
        r#"{"return": {"status": "paused", "running": false}}"#,
        r#""SYSREG_ID_AA64ISAR0_EL1_DP": 0"#,
        r#"{"return": {"result": "superset", "responsible-properties": ["sve"]}}"#,
        r#"{"return": {"model": {"name": "host", "props": {"sve": false}}}}"#,
        "The command no-such-command has not been found",
    ] {
        assert!(stdout.contains(line), "{line}: {stdout}");
    }
    assert_eq!(code(&running), 5);
}
