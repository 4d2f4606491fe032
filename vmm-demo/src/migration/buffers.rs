//! Buffers for pages that pass between threads.
//!
//! A new buffer for each chunk of pages would cost more than its copy: an allocator returns one of
//! this size to the kernel when it is freed, and each page of the next one is a fault.

use std::sync::{Mutex, PoisonError};

/// Buffers that are not in use.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// Takes a buffer with any contents.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        self.lock(Vec::pop)
    }

    /// Gives a buffer back.
    pub(super) fn give(&self, buffer: Vec<u8>) {
        self.lock(|buffers| buffers.push(buffer));
    }

    /// No code that holds the lock panics, so that a poisoned lock guards a valid value.
    fn lock<T>(&self, call: impl FnOnce(&mut Vec<Vec<u8>>) -> T) -> T {
        call(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
