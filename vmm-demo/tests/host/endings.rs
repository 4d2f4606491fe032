//! How a run ends, and what its exit code tells.

use crate::bare::{IDLE, SYSTEM_OFF, SYSTEM_RESET, echo, guest, psci, say};
use crate::running::Running;
use rustix::process::Signal;

#[test]
fn guest_that_powers_off_ends_the_run() {
    let code = [say("hello\n"), psci(SYSTEM_OFF)].concat();
    let mut running = Running::start(&guest("off", &code), &[]);
    assert_eq!(running.line(), "hello");
    let (status, said) = running.wait();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
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
fn reset_ends_the_run_if_that_is_asked_for() {
    let code = [say("up\n"), psci(SYSTEM_RESET)].concat();
    let running = Running::start(&guest("once", &code), &["--no-reboot"]);
    let (status, said) = running.wait();
    assert_eq!((status.code(), said.as_str()), (Some(6), ""));
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
        let (status, said) = running.wait();
        assert_eq!((status.code(), said.as_str()), (Some(128 + number), ""));
    }
}

/// The vCPU is in a write to a pipe that nobody reads, and not in the guest.
#[test]
fn signal_ends_a_guest_whose_output_nobody_takes() {
    // say, and again: b back to its start.
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
    let mut at_first = None;
    for round in 0..220 {
        assert_eq!(running.line(), "up", "round {round}");
        if round == 20 {
            at_first = Some(running.holds());
        }
    }
    let (_, _, resident) = at_first.expect("a measure");
    // Between a guest's end and the next one's start there are fewer of all; never are there more than one guest's.
    let most = (0..50).map(|_| {
        assert_eq!(running.line(), "up");
        running.holds()
    });
    let most: Vec<_> = most.collect();
    let descriptors = most.iter().map(|(count, _, _)| *count).max().expect("some");
    let threads = most.iter().map(|(_, count, _)| *count).max().expect("some");
    let memory = most.iter().map(|(_, _, size)| *size).max().expect("some");
    assert!(descriptors <= 32, "{descriptors} file descriptors");
    assert!(threads <= 3, "{threads} threads: main and two vCPUs");
    assert!(
        memory <= resident + 2048,
        "{resident} KiB, then {memory} KiB"
    );
    running.signal(Signal::TERM);
    assert_eq!(running.wait().0.code(), Some(128 + 15));
}

#[test]
fn two_hundred_runs_leave_no_socket() {
    let off = guest("short", &psci(SYSTEM_OFF));
    for round in 0..200 {
        let running = Running::start(&off, &["--qmp", "unix:short.sock"]);
        let (status, said) = running.wait();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""), "{round}");
        assert!(!std::path::Path::new("short.sock").exists(), "{round}");
    }
}
