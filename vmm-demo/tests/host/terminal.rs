//! Tests of the terminal of the guest's console.

use crate::bare::{IDLE, echo, guest, say, talk};
use crate::program::vmm_demo;
use crate::qmp::Client;
use crate::running::{wait_for, wait_for_blocked_output};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, ioctl_tiocsctty, kill_process, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, tcgetattr};
use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// Environment variable that makes this program the session leader of [`session`].
const TERMINAL: &str = "IDREG_TEST_TERMINAL";

/// Pseudoterminal of a guest's console.
struct Console {
    master: File,
    /// Kept open, so that the terminal outlives the programs on it.
    terminal: OwnedFd,
    before: Termios,
    session: Child,
    pid_file: String,
}

fn open_terminal(path: &str) -> OwnedFd {
    open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("a terminal")
}

impl Console {
    /// Runs a guest in a new session with a new terminal.
    fn start(name: &str, code: &[u32]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let path = ptsname(&master, Vec::new()).expect("a name");
        let path = path.into_string().expect("a name");
        let terminal = open_terminal(&path);
        let before = tcgetattr(&terminal).expect("a terminal");
        let pid_file = format!("{name}.pid");
        let _none = fs::remove_file(&pid_file);
        let kernel = guest(name, code);
        let session = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "terminal::session", "--nocapture"])
            .env(TERMINAL, format!("{path} {} {pid_file}", kernel.display()))
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        Self {
            master: master.into(),
            terminal,
            before,
            session,
            pid_file,
        }
    }

    /// The process ID of `vmm-demo` on the terminal.
    fn pid(&self) -> Pid {
        wait_for(|| {
            let text = fs::read_to_string(&self.pid_file).ok()?;
            Pid::from_raw(text.trim().parse().ok()?)
        })
    }

    fn is_raw(&self) -> bool {
        let now = tcgetattr(&self.terminal).expect("a terminal");
        !now.local_modes.contains(LocalModes::ICANON)
    }

    /// Reads until the text appears.
    fn expect(&mut self, text: &str) {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let mut buffer = [0; 256];
            let count = self.master.read(&mut buffer).expect("a terminal");
            seen.extend(buffer.iter().take(count));
        }
    }

    fn type_in(&mut self, text: &[u8]) {
        self.master.write_all(text).expect("a terminal");
    }

    /// Waits for the end; checks the exit code, and that the terminal is in its previous mode.
    fn ends(mut self, code: i32) {
        let status = wait_for(|| self.session.try_wait().expect("a child"));
        assert_eq!(status.code(), Some(code));
        let after = tcgetattr(&self.terminal).expect("a terminal");
        assert_eq!(format!("{after:?}"), format!("{:?}", self.before));
    }
}

/// Ends what a failed test leaves behind: the run would wait for it, since it holds the standard
/// error. Prints where its threads are first.
impl Drop for Console {
    fn drop(&mut self) {
        if !matches!(self.session.try_wait(), Ok(None)) {
            return;
        }
        let pid = fs::read_to_string(&self.pid_file).ok();
        if let Some(pid) = pid.and_then(|text| Pid::from_raw(text.trim().parse().ok()?)) {
            let tasks = fs::read_dir(format!("/proc/{pid}/task"))
                .into_iter()
                .flatten();
            for task in tasks.flatten() {
                let read = |name: &str| fs::read_to_string(task.path().join(name));
                eprintln!("{:?}", ["comm", "wchan", "syscall", "stack"].map(read));
            }
            let _ended = kill_process(pid, Signal::KILL);
        }
        let _ended = self.session.kill();
        let _reaped = self.session.wait();
    }
}

/// No test by itself: the leader of a session, which runs a guest on its terminal.
#[test]
#[allow(
    clippy::exit,
    reason = "the code of the guest's run is that of the session"
)]
fn session() -> ExitCode {
    let Ok(words) = env::var(TERMINAL) else {
        return ExitCode::SUCCESS;
    };
    let words: Vec<&str> = words.split(' ').collect();
    setsid().expect("no leader of a group");
    let terminal = open_terminal(words[0]);
    ioctl_tiocsctty(&terminal).expect("a session without a terminal");
    let stdio = || Stdio::from(terminal.try_clone().expect("a descriptor"));
    let socket = format!("unix:{}.sock", words[2]);
    let mut child = vmm_demo(["run", "--kernel", words[1], "--qmp", &socket])
        .stdin(stdio())
        .stdout(stdio())
        .spawn()
        .expect("it starts");
    fs::write(words[2], child.id().to_string()).expect("a file");
    let status = child.wait().expect("a child");
    std::process::exit(status.code().unwrap_or(1))
}

/// True if a process has a handler for a signal (Linux 7.2, `Documentation/filesystems/proc.rst`,
/// `SigCgt`).
fn catches(pid: Pid, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is there");
    let mut lines = status.lines();
    let caught = lines.find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.expect("a bitmap").trim(), 16).expect("a bitmap");
    caught >> (signal.as_raw() - 1) & 1 == 1
}

#[test]
fn signals_at_any_moment_leave_the_terminal_sane() {
    let code = [say("up\n"), IDLE.to_vec()].concat();
    let mut raw = 0;
    for round in 0..30_u64 {
        let name = format!("tty-{round}");
        let console = Console::start(&name, &code);
        let pid = console.pid();
        // The handlers are installed after some milliseconds; an earlier signal ends the process
        // by default action, before it has changed anything.
        thread::sleep(Duration::from_millis(round * round));
        raw += u64::from(console.is_raw());
        let early = !catches(pid, Signal::TERM);
        kill_process(pid, Signal::TERM).expect("it is there");
        let socket = format!("{name}.pid.sock");
        if early {
            let mut console = console;
            let status = wait_for(|| console.session.try_wait().expect("a child"));
            assert!([Some(143), Some(1)].contains(&status.code()), "{status}");
            assert!(!console.is_raw());
        } else {
            console.ends(143);
        }
        assert!(!Path::new(&socket).exists(), "{socket}");
    }
    assert!(raw > 5, "it was raw {raw} times");
}

#[test]
fn control_a_x_ends_the_guest_and_other_keys_reach_it() {
    let mut console = Console::start("tty-keys", &echo());
    wait_for(|| console.is_raw().then_some(()));
    // In raw mode Ctrl-C is a key like others.
    console.type_in(b"ab\x03\x01\x01c");
    console.expect("ab\x03\x01c");
    console.type_in(b"\x01h");
    console.type_in(b"\x01x");
    console.ends(5);
}

#[test]
fn control_a_x_ends_a_guest_that_takes_no_input() {
    let mut console = Console::start("tty-deaf", &[say("up\n"), IDLE.to_vec()].concat());
    console.expect("up");
    for _ in 0..16 {
        console.type_in(&[b'k'; 1000]);
    }
    console.type_in(b"\x01x");
    console.ends(5);
}

#[test]
fn control_a_x_ends_a_guest_whose_output_the_terminal_does_not_take() {
    let mut console = Console::start("tty-full", &talk());
    let pid = console.pid();
    wait_for_blocked_output(pid);
    console.type_in(b"hello\x01h\x01x");
    console.ends(5);
}

/// The guest is stopped, so that all of the paste has to wait: in this program, which reads 16 KiB
/// ahead, and the rest in the terminal.
#[test]
fn paste_of_any_length_reaches_the_guest_whole() {
    let mut console = Console::start("tty-paste", &echo());
    let mut client = Client::negotiated("tty-paste.pid.sock");
    client.execute("stop");
    wait_for(|| console.is_raw().then_some(()));
    let paste: Vec<u8> = (b'0'..=b'z').cycle().take(18_000).collect();
    let mut keyboard = console.master.try_clone().expect("a descriptor");
    let typed = paste.clone();
    let typing = thread::spawn(move || keyboard.write_all(&typed).expect("a terminal"));
    // More than this program reads ahead is in the terminal.
    wait_for(|| (ioctl_fionread(&console.terminal).expect("a terminal") > 1000).then_some(()));
    client.execute("cont");
    let mut echoed = vec![0; paste.len()];
    console.master.read_exact(&mut echoed).expect("a terminal");
    typing.join().expect("it is typed");
    assert!(echoed == paste, "{}", String::from_utf8_lossy(&echoed));
    console.type_in(b"\x01x");
    console.ends(5);
}
