//! Running commands.

use super::reply_writer::ReplyWriter;
use crate::guard::lock;
use crate::protocol::{FrameError, Message};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;

/// Sends all output of a command, then its exit code or signal.
pub(super) fn follow<W: Write + Send + 'static>(
    exchange: u32,
    mut child: Child,
    output: &ReplyWriter<W>,
    running: &RunningCommands,
) -> Result<(), FrameError> {
    let stdout = child.stdout.take();
    let errors = child.stderr.take().map(|mut stderr| {
        let output = output.clone();
        thread::spawn(move || {
            output
                .pump(exchange, &mut stderr, Message::Stderr)
                .map(drop)
        })
    });
    if let Some(mut stdout) = stdout {
        let _ended_either_way = output.pump(exchange, &mut stdout, Message::Stdout)?;
    }
    if let Some(Ok(sent)) = errors.map(thread::JoinHandle::join) {
        sent?;
    }
    let status = child.wait();
    running.remove(exchange);
    output.send(
        exchange,
        status.map_or_else(|e| Message::Failed(e.to_string()), ending),
    )
}

fn ending(status: ExitStatus) -> Message {
    match (status.code(), status.signal()) {
        (Some(code), _) => Message::Exited(code),
        (None, Some(signal)) => Message::Killed(signal),
        (None, None) => Message::Failed(format!("the command ended with {status}")),
    }
}

/// Running commands by exchange, as pidfds: unlike a PID, a pidfd never names another process.
#[derive(Clone, Default)]
pub(super) struct RunningCommands(Arc<Mutex<BTreeMap<u32, OwnedFd>>>);

impl RunningCommands {
    pub(super) fn add(&self, exchange: u32, child: &Child) {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(Ok(process)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) {
            lock(&self.0).insert(exchange, process);
        }
    }

    fn remove(&self, exchange: u32) {
        lock(&self.0).remove(&exchange);
    }

    /// Sends SIGTERM to a command.
    pub(super) fn terminate(&self, exchange: u32) {
        self.signal(exchange, Signal::TERM);
    }

    /// Sends SIGKILL to a command.
    pub(super) fn kill(&self, exchange: u32) {
        self.signal(exchange, Signal::KILL);
    }

    pub(super) fn kill_all(&self) {
        for process in lock(&self.0).values() {
            send(process, Signal::KILL);
        }
    }

    fn signal(&self, exchange: u32, signal: Signal) {
        if let Some(process) = lock(&self.0).get(&exchange) {
            send(process, signal);
        }
    }
}

fn send(process: &OwnedFd, signal: Signal) {
    // Fails only if the process has ended already.
    let _ended = pidfd_send_signal(process, signal);
}
