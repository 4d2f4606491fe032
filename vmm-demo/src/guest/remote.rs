//! Remote control of the guest: the QMP thread sends calls, the main thread answers them.

use crate::qmp::guest::{ControlError, GuestControl, Status, VcpuInfo};
use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::time::Duration;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Timeout of a call. The longest call is a reset: some seconds on a busy emulated host.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Call to the main thread, with the channel for its answer.
#[derive(Debug)]
pub(crate) enum Call {
    Status(SyncSender<Status>),
    Cpus(SyncSender<Vec<VcpuInfo>>),
    Stop(SyncSender<()>),
    Cont(SyncSender<()>),
    Reset(SyncSender<()>),
    Quit(SyncSender<()>),
}

/// Receiving end, for the main thread.
#[derive(Debug)]
pub(crate) struct CallQueue {
    calls: Receiver<Call>,
    wake: EventFd,
}

/// Sending end, for the QMP thread.
#[derive(Debug)]
pub(crate) struct RemoteControl {
    calls: Sender<Call>,
    wake: EventFd,
}

/// Creates the two ends of a call channel.
pub(crate) fn channel() -> io::Result<(RemoteControl, CallQueue)> {
    let (sender, receiver) = mpsc::channel();
    let wake = EventFd::new(EFD_NONBLOCK)?;
    let remote = RemoteControl {
        calls: sender,
        wake: wake.try_clone()?,
    };
    let calls = CallQueue {
        calls: receiver,
        wake,
    };
    Ok((remote, calls))
}

impl CallQueue {
    /// Eventfd that becomes readable when a call arrives.
    pub(crate) fn wake(&self) -> &EventFd {
        &self.wake
    }

    /// The next call, or `None`.
    pub(crate) fn next(&self) -> Option<Call> {
        self.calls.try_recv().ok()
    }
}

impl RemoteControl {
    /// Sends a call and waits for its answer; `None` if the guest has ended or the call timed out.
    fn call<T>(&self, call: impl FnOnce(SyncSender<T>) -> Call) -> Option<T> {
        let (sender, answer) = mpsc::sync_channel(1);
        self.calls.send(call(sender)).ok()?;
        // Fails only if the counter is full: the main thread is awake then.
        let _awake = self.wake.write(1);
        answer.recv_timeout(CALL_TIMEOUT).ok()
    }

    fn command(&self, call: impl FnOnce(SyncSender<()>) -> Call) -> Result<(), ControlError> {
        self.call(call).ok_or_else(|| {
            ControlError("the guest has ended; this program is about to exit".to_owned())
        })
    }
}

impl GuestControl for RemoteControl {
    fn status(&self) -> Status {
        self.call(Call::Status).unwrap_or(Status::Shutdown)
    }

    fn cpus(&self) -> Vec<VcpuInfo> {
        self.call(Call::Cpus).unwrap_or_default()
    }

    fn stop(&self) -> Result<(), ControlError> {
        self.command(Call::Stop)
    }

    fn cont(&self) -> Result<(), ControlError> {
        self.command(Call::Cont)
    }

    fn system_reset(&self) -> Result<(), ControlError> {
        self.command(Call::Reset)
    }

    fn system_powerdown(&self) -> Result<(), ControlError> {
        Err(ControlError(
            "this machine has no power button; shut the guest down from inside, or use `quit`"
                .to_owned(),
        ))
    }

    fn quit(&self) -> Result<(), ControlError> {
        self.command(Call::Quit)
    }
}
