//! Guest that runs beside a test.

use crate::program::vmm_demo;
use rustix::process::Pid;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Timeout of every step, on a busy emulated host.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// Running `vmm-demo run`, killed at drop.
pub(crate) struct Running {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    /// `None` if the test has given another standard output.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// Runs a kernel, with more arguments.
    pub(crate) fn start(kernel: &Path, arguments: &[&str]) -> Self {
        Self::start_with_output(kernel, arguments, Stdio::piped())
    }

    /// Runs a kernel with this standard output.
    pub(crate) fn start_with_output(kernel: &Path, arguments: &[&str], output: Stdio) -> Self {
        let kernel = kernel.to_str().expect("a name");
        let mut child = vmm_demo(["run", "--kernel", kernel])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(BufReader::new);
        Self {
            child,
            stdin,
            stdout,
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().expect("a process")
    }

    /// The next line of the guest's console.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("a pipe");
        stdout.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("it is taken");
    }

    /// Sends a signal, by the kernel's number.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid()).expect("a process");
        rustix::process::kill_process(pid, signal).expect("it is there");
    }

    /// Waits for the end; returns the exit status and the text on standard error.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(started.elapsed() < TIMEOUT, "the guest does not end");
            thread::sleep(Duration::from_millis(2));
        };
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).expect("text");
        }
        (status, text)
    }

    /// File descriptors, threads and resident memory in KiB.
    pub(crate) fn holds(&self) -> (usize, usize, u64) {
        let count = |what: &str| {
            let entries = fs::read_dir(format!("/proc/{}/{what}", self.pid()));
            entries.expect("a process").count()
        };
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a process");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|text| text.trim().strip_suffix(" kB"));
        // A process that was killed has no memory left.
        let Some(resident) = resident else {
            panic!("no resident size: {status}");
        };
        let resident = resident.parse().expect("a number");
        (count("fd"), count("task"), resident)
    }
}

/// Waits until something is there.
pub(crate) fn wait_for<T>(mut there: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(
            started.elapsed() < TIMEOUT,
            "the awaited state does not come"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the thread of vCPU 0 is blocked in a write to the standard output, and not only on
/// its way through it.
pub(crate) fn wait_for_blocked_output(process: Pid) {
    const LOOKS: u32 = 50;
    let mut blocked = 0;
    wait_for(|| {
        blocked = if is_in_write(process) { blocked + 1 } else { 0 };
        (blocked == LOOKS).then_some(())
    });
}

fn is_in_write(process: Pid) -> bool {
    /// The number of `write` (Linux 7.2, `include/uapi/asm-generic/unistd.h`).
    const WRITE: &str = "64";
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    tasks.expect("a process").flatten().any(|task| {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        let call = read("syscall");
        let mut words = call.split_whitespace();
        read("comm").trim() == "vCPU 0"
            && words.next() == Some(WRITE)
            && words.next() == Some("0x1")
    })
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
