//! Tests of the endings of a run, and of their exit codes.

use crate::bare::{IDLE, SYSTEM_OFF, SYSTEM_RESET, echo, guest, psci, say};
use crate::running::Running;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;

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

#[test]
fn more_memory_than_the_machine_has_is_a_warning() {
    let kernel = guest("huge", &psci(SYSTEM_OFF));
    let (status, stderr) = Running::start(&kernel, &["--mem", "300G"]).wait();
    assert_eq!(status.code(), Some(0), "{stderr}");
    let start = "warning: 300G of memory are more than this machine has, ";
    assert!(stderr.starts_with(start), "{stderr}");
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

/// The vCPU thread is blocked in a write to a full pipe, and not in the guest.
#[test]
fn signal_ends_a_guest_whose_output_is_not_read() {
    // b: back to the start, to print again.
    let mut code = say("................................................................\n");
    let back = i32::try_from(code.len()).expect("few");
    code.push(0x1400_0000 | (-back).cast_unsigned() & 0x03ff_ffff);
    let running = Running::start(&guest("talks", &code), &[]);
    std::thread::sleep(std::time::Duration::from_secs(3));
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
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
