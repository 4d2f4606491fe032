//! The calls into a VM: their counts and their faults.

use crate::vcpu::Errno;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The counts and faults of all vCPUs of a VM.
#[derive(Debug, Default)]
pub(super) struct Calls {
    made: AtomicUsize,
    writes: AtomicUsize,
    faults: Mutex<Vec<Fault>>,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    At(usize, Errno),
    From(usize, Errno),
}

impl Fault {
    fn of(self, call: usize) -> Option<Errno> {
        match self {
            Self::At(at, errno) if call == at => Some(errno),
            Self::From(from, errno) if call >= from => Some(errno),
            Self::At(..) | Self::From(..) => None,
        }
    }
}

impl Calls {
    /// Counts a call, and returns the error if the call must fail before it does anything.
    pub(super) fn call(&self) -> Result<(), Errno> {
        let call = self.made.fetch_add(1, Ordering::Relaxed);
        let faults = self.faults();
        match faults.iter().find_map(|fault| fault.of(call)) {
            Some(errno) => Err(errno),
            None => Ok(()),
        }
    }

    /// Counts a write as well, otherwise like [`Calls::call`].
    pub(super) fn write(&self) -> Result<(), Errno> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.call()
    }

    pub(super) fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }

    pub(super) fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    pub(super) fn fail_at(&self, call: usize, errno: Errno) {
        self.faults().push(Fault::At(call, errno));
    }

    pub(super) fn fail_from(&self, call: usize, errno: Errno) {
        self.faults().push(Fault::From(call, errno));
    }

    pub(super) fn no_fault(&self) {
        self.faults().clear();
    }

    fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
