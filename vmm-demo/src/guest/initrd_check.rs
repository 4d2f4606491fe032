//! Check of a guest's initial RAM disk, in a thread of its own while the guest starts: it takes as
//! long as unpacking.

use crate::output::failure::Failure;
use crate::vmm::boot::initrd::{self, Checked, InitrdError};
use crate::vmm::boot::{Kernel, KernelError};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Background check that reads the initial RAM disk to its end.
#[derive(Debug)]
pub(crate) struct InitrdCheck {
    done: EventFd,
    result: Option<Receiver<Result<Checked, KernelError>>>,
}

impl InitrdCheck {
    /// Starts the check in a thread, if the kernel's initial RAM disk needs one.
    pub(crate) fn start(kernel: &Kernel) -> Result<Self, Failure> {
        let done = EventFd::new(EFD_NONBLOCK).map_err(Failure::other)?;
        let result = match kernel.initrd_to_check() {
            Some(file) => {
                let (file, path) = file?;
                let notify = done.try_clone().map_err(Failure::other)?;
                Some(check_in_background(file, path, notify).map_err(Failure::other)?)
            }
            None => None,
        };
        Ok(Self { done, result })
    }

    /// Eventfd that becomes readable when the result is ready.
    pub(crate) fn done(&self) -> &EventFd {
        &self.done
    }

    /// Takes the result once [`done`](Self::done) is readable; `None` if there is none.
    pub(crate) fn take(&mut self) -> Option<Result<Checked, KernelError>> {
        self.result.take()?.try_recv().ok()
    }
}

fn check_in_background(
    file: File,
    path: PathBuf,
    done: EventFd,
) -> io::Result<Receiver<Result<Checked, KernelError>>> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("initrd check".into())
        .spawn(move || {
            let checked: Result<Checked, InitrdError> = initrd::check(file);
            let checked = checked.map_err(|source| KernelError::Initrd { path, source });
            // Sending fails only if the receiver is dropped: the guest has ended.
            let _ended = sender.send(checked);
            let _full = done.write(1);
        })?;
    Ok(receiver)
}
