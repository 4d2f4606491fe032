//! The thread that writes a paused guest's snapshot.

use crate::output::failure::Failure;
use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Text of a job whose thread panicked.
const PANICKED: &str = "the thread that writes the snapshot panicked";

/// Thread that writes one snapshot at a time.
#[derive(Debug)]
pub struct SaveThread {
    done: EventFd,
    result: Option<Receiver<Result<(), String>>>,
}

/// Announces the end of the thread, also if it panicked.
struct Announcement(EventFd);

impl Drop for Announcement {
    fn drop(&mut self) {
        // The event is full only after 2^64 writes without a read.
        let _full = self.0.write(1);
    }
}

impl SaveThread {
    /// Creates a thread that is not started.
    ///
    /// # Errors
    ///
    /// The kernel's error if `eventfd` fails.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            done: EventFd::new(EFD_NONBLOCK)?,
            result: None,
        })
    }

    /// Eventfd that becomes readable when the work is done.
    #[must_use]
    pub fn done(&self) -> &EventFd {
        &self.done
    }

    /// Starts the work.
    ///
    /// # Errors
    ///
    /// The kernel's error if it has no thread or file descriptor left.
    pub fn start(
        &mut self,
        work: impl FnOnce() -> Result<(), Failure> + Send + 'static,
    ) -> io::Result<()> {
        let (sender, result) = mpsc::channel();
        let announcement = Announcement(self.done.try_clone()?);
        thread::Builder::new()
            .name("snapshot".into())
            .spawn(move || {
                // Dropped last, and so after the result was sent.
                let _announcement = announcement;
                let sender = sender;
                let _ended = sender.send(work().map_err(|failure| failure.message()));
            })?;
        self.result = Some(result);
        Ok(())
    }

    /// Takes the result of the work, waiting for it at most this long; `None` if the work goes on,
    /// or was not started.
    pub fn take(&mut self, wait: Duration) -> Option<Result<(), String>> {
        let result = self.result.as_ref()?.recv_timeout(wait);
        let result = match result {
            Ok(result) => result,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(PANICKED.to_owned()),
            Err(mpsc::RecvTimeoutError::Timeout) => return None,
        };
        self.result = None;
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const LONG: Duration = Duration::from_mins(1);

    fn wait(thread: &SaveThread) {
        while thread.done().read().is_err() {
            thread::yield_now();
        }
    }

    #[test]
    fn result_is_there_when_the_event_is() {
        let mut thread = SaveThread::new().unwrap();
        assert_eq!(thread.take(Duration::ZERO), None);
        let (open, opened) = channel::<()>();
        let work = move || {
            let _open = opened.recv();
            Ok(())
        };
        thread.start(work).unwrap();
        assert_eq!(thread.take(Duration::ZERO), None);
        drop(open);
        wait(&thread);
        assert_eq!(thread.take(Duration::ZERO), Some(Ok(())));
        assert_eq!(thread.take(Duration::ZERO), None);
        let work = || Err(Failure::Output(io::ErrorKind::StorageFull.into()));
        thread.start(work).unwrap();
        let error = "cannot write to the standard output: no storage space";
        assert_eq!(thread.take(LONG), Some(Err(error.to_owned())));
    }

    #[test]
    fn panic_is_an_error_of_the_job() {
        let mut thread = SaveThread::new().unwrap();
        thread.start(|| panic!("in the test")).unwrap();
        wait(&thread);
        assert_eq!(thread.take(LONG), Some(Err(PANICKED.to_owned())));
    }
}
