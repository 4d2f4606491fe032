//! The guest as QMP's thread sees it: every call is the main thread's to answer.

use crate::qmp::guest::{ControlError, GuestControl, Status, VcpuInfo};
use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::time::Duration;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// How long a call may take. The longest is to start the guest anew, some seconds on a busy emulated host.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// What is wanted, and where the answer goes.
#[derive(Debug)]
pub(crate) enum Call {
    Status(SyncSender<Status>),
    Cpus(SyncSender<Vec<VcpuInfo>>),
    Stop(SyncSender<()>),
    Cont(SyncSender<()>),
    Reset(SyncSender<()>),
    Quit(SyncSender<()>),
}

/// The main thread's end.
#[derive(Debug)]
pub(crate) struct CallQueue {
    calls: Receiver<Call>,
    wake: EventFd,
}

/// QMP's end.
#[derive(Debug)]
pub(crate) struct RemoteControl {
    calls: Sender<Call>,
    wake: EventFd,
}

/// Two ends.
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
    /// Readable when there is a call.
    pub(crate) fn wake(&self) -> &EventFd {
        &self.wake
    }

    /// The next call, if there is one.
    pub(crate) fn next(&self) -> Option<Call> {
        self.calls.try_recv().ok()
    }
}

impl RemoteControl {
    /// Makes a call and waits for its answer; nothing if the guest is no more.
    fn call<T>(&self, call: impl FnOnce(SyncSender<T>) -> Call) -> Option<T> {
        let (sender, answer) = mpsc::sync_channel(1);
        self.calls.send(call(sender)).ok()?;
        // It is awake already if this fails.
        let _awake = self.wake.write(1);
        answer.recv_timeout(CALL_TIMEOUT).ok()
    }

    fn command(&self, call: impl FnOnce(SyncSender<()>) -> Call) -> Result<(), ControlError> {
        self.call(call).ok_or_else(|| {
            ControlError("the guest has ended, and this program is about to".to_owned())
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
            "this machine has no power button that a guest could be told of; shut it down from inside, or use `quit`"
                .to_owned(),
        ))
    }

    fn quit(&self) -> Result<(), ControlError> {
        self.command(Call::Quit)
    }
}
