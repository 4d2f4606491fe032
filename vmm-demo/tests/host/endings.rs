//! Tests of the endings of a run, and of their exit codes.

use crate::bare::{IDLE, SYSTEM_OFF, SYSTEM_RESET, echo, echo_once, guest, image, psci, say, talk};
use crate::qmp::Client;
use crate::running::{Running, wait_for, wait_for_blocked_output};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::io::ioctl_fionread;
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{Pid, Signal};
use serde_json::Value;
use std::fs;
use std::io::{self, PipeReader, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

#[test]
fn guest_that_powers_off_ends_the_run() {
    let code = [say("hello\n"), psci(SYSTEM_OFF)].concat();
    let mut running = Running::start(&guest("off", &code), &[]);
    assert_eq!(running.line(), "hello");
    let (status, stderr) = running.wait();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn report_replaces_an_older_one() {
    let kernel = guest("reported", &psci(SYSTEM_OFF));
    fs::write("report.json", "older ".repeat(10_000)).expect("a file");
    let running = Running::start(&kernel, &["--report", "report.json"]);
    assert_eq!(running.wait().0.code(), Some(0));
    let report = fs::read("report.json").expect("a file");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report.get("ending"), Some(&Value::from("powered-off")));
}

/// Opening a FIFO waits for a reader, and is begun again after a signal that has a handler.
#[test]
fn signal_ends_the_wait_for_a_reader_of_the_report() {
    let kernel = guest("unread", &psci(SYSTEM_OFF));
    let mode = Mode::RUSR | Mode::WUSR;
    mkfifoat(CWD, "report.fifo", mode).expect("a FIFO");
    let running = Running::start(&kernel, &["--report", "report.fifo"]);
    while !has_handler_of_sigterm(running.pid()) {
        thread::sleep(Duration::from_millis(10));
    }
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

/// Looks at the mask of caught signals, in hexadecimal (Linux 7.2,
/// `Documentation/filesystems/proc.rst`, 1.1).
fn has_handler_of_sigterm(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.expect("a mask") >> (15 - 1) & 1 == 1
}

#[test]
fn report_replaces_a_link_and_not_its_target() {
    let kernel = guest("linked", &psci(SYSTEM_OFF));
    fs::write("target.json", "older").expect("a file");
    symlink("target.json", "link.json").expect("a link");
    let running = Running::start(&kernel, &["--report", "link.json"]);
    assert_eq!(running.wait().0.code(), Some(0));
    let link = fs::symlink_metadata("link.json").expect("a file");
    assert!(link.is_file() && link.len() > 100);
    assert_eq!(fs::read("target.json").expect("a file"), b"older");
}

#[test]
fn more_memory_than_the_machine_has_is_a_warning() {
    let kernel = guest("huge", &psci(SYSTEM_OFF));
    let (status, stderr) = Running::start(&kernel, &["--mem", "300G"]).wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
    let start = "warning: 300G of memory are more than this machine has, ";
    assert!(stderr.starts_with(start), "{stderr}");
}

#[test]
fn ram_that_ends_at_the_shown_address_size_is_usable() {
    let kernel = guest("at-limit", &psci(SYSTEM_OFF));
    for (size, model) in [
        ("2G", "host,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x0"),
        ("62G", "host,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x1"),
    ] {
        let (status, stderr) = Running::start(&kernel, &["--mem", size, "--cpu", model]).wait();
        assert_eq!(status.code(), Some(0), "{stderr}");
    }
}

#[test]
fn kernel_overwritten_in_place_is_read_again_at_a_reset() {
    let code = [say("old\n"), echo_once(), psci(SYSTEM_RESET)].concat();
    let path = guest("replaced", &code);
    let mut running = Running::start(&path, &[]);
    assert_eq!(running.line(), "old");
    let mut larger = image(&[say("new\n"), psci(SYSTEM_OFF)].concat());
    larger.resize(4 << 20, 0xff);
    fs::write(&path, larger).expect("a file");
    running.type_in("x");
    // The key is echoed before the reset.
    assert_eq!(running.line(), "xnew");
    assert_eq!(running.wait().0.code(), Some(0));
}

#[test]
fn packed_kernel_starts() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let code = [say("unpacked\n"), psci(SYSTEM_OFF)].concat();
    encoder.write_all(&image(&code)).expect("memory");
    fs::write("bare.gz", encoder.finish().expect("memory")).expect("a file");
    let mut running = Running::start(Path::new("bare.gz"), &[]);
    assert_eq!(running.line(), "unpacked");
    assert_eq!(running.wait().0.code(), Some(0));
}

#[test]
fn command_line_that_names_other_consoles_is_a_warning() {
    let kernel = guest("silent", &psci(SYSTEM_OFF));
    let words = ["--append", "console=ttyAMA0 earlycon=pl011,0x9000000"];
    let (status, stderr) = Running::start(&kernel, &words).wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
    for expected in [
        "warning: `console=ttyAMA0` names",
        "warning: `earlycon=pl011,0x9000000`",
    ] {
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn guest_that_resets_starts_again() {
    let code = [say("up\n"), psci(SYSTEM_RESET)].concat();
    let mut running = Running::start(&guest("reset", &code), &["--smp", "2"]);
    for _ in 0..5 {
        assert_eq!(running.line(), "up");
    }
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

#[test]
fn reset_ends_the_run_with_no_reboot() {
    let code = [say("up\n"), psci(SYSTEM_RESET)].concat();
    let running = Running::start(&guest("once", &code), &["--no-reboot"]);
    let (status, stderr) = running.wait();
    assert_eq!((status.code(), stderr.as_str()), (Some(6), ""));
}

#[test]
fn signal_ends_an_idle_guest_in_good_order() {
    for (signal, number) in [
        (Signal::TERM, 15),
        (Signal::INT, 2),
        (Signal::HUP, 1),
        (Signal::QUIT, 3),
    ] {
        let code = [say("up\n"), IDLE.to_vec()].concat();
        let name = format!("idle-{number}");
        let mut running = Running::start(&guest(&name, &code), &["--smp", "4"]);
        assert_eq!(running.line(), "up");
        running.signal(signal);
        let (status, stderr) = running.wait();
        assert_eq!((status.code(), stderr.as_str()), (Some(128 + number), ""));
    }
}

/// Runs a talking guest whose standard output is a full pipe, until its vCPU blocks there and the
/// main thread has read a line of input.
fn start_blocked(name: &str, arguments: &[&str]) -> (Running, PipeReader) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    let size = fcntl_setpipe_size(&writer, 4096).expect("a size");
    writer.write_all(&vec![b'x'; size]).expect("it has space");
    let output = Stdio::from(writer);
    let mut running = Running::start_with_output(&guest(name, &talk()), arguments, output);
    let pid = Pid::from_raw(running.pid()).expect("a process");
    wait_for_blocked_output(pid);
    running.type_in("hello\n");
    let stdin = running.stdin.as_ref().expect("a pipe");
    wait_for(|| (ioctl_fionread(stdin).expect("a pipe") == 0).then_some(()));
    (running, reader)
}

#[test]
fn signal_ends_a_guest_whose_output_is_not_read() {
    let (running, _unread) = start_blocked("talks", &["--smp", "2"]);
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

#[test]
fn quit_ends_a_guest_whose_output_is_not_read() {
    let (running, _unread) = start_blocked("talks-qmp", &["--qmp", "unix:talks.sock"]);
    let mut client = Client::negotiated("talks.sock");
    client.execute("stop");
    client.execute("cont");
    client.execute("quit");
    assert_eq!(running.wait().0.code(), Some(5));
}

#[test]
fn console_takes_more_input_than_its_buffer_holds() {
    let mut running = Running::start(&guest("echo", &echo()), &[]);
    let line = "0123456789".repeat(100);
    running.type_in(&format!("{line}\n"));
    assert_eq!(running.line(), line);
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

#[test]
fn two_hundred_starts_leave_nothing_behind() {
    let code = [say("up\n"), psci(SYSTEM_RESET)].concat();
    let mut running = Running::start(&guest("again", &code), &["--smp", "2"]);
    // Between a guest's end and the next start all counts are lower, so the maxima of several
    // samples are compared.
    let mut maxima = |starts: usize| {
        let (mut descriptors, mut threads, mut memory) = (0, 0, 0);
        for _ in 0..starts {
            assert_eq!(running.line(), "up");
            let held = running.holds();
            descriptors = held.0.max(descriptors);
            threads = held.1.max(threads);
            memory = held.2.max(memory);
        }
        (descriptors, threads, memory)
    };
    let (descriptors, threads, memory) = maxima(60);
    maxima(200);
    let after = maxima(60);
    assert_eq!(after.0, descriptors, "file descriptors");
    assert_eq!((after.1, threads), (3, 3), "main and two vCPUs");
    assert!(
        after.2 <= memory + 256,
        "{memory} KiB, then {} KiB",
        after.2
    );
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

#[test]
fn two_hundred_runs_leave_no_socket() {
    let off = guest("short", &psci(SYSTEM_OFF));
    for round in 0..200 {
        let running = Running::start(&off, &["--qmp", "unix:short.sock"]);
        let (status, stderr) = running.wait();
        let is_clean = status.success() && stderr.is_empty();
        assert!(is_clean, "round {round}: {status}: {stderr}");
        assert!(!std::path::Path::new("short.sock").exists(), "{round}");
    }
}
