//! Closures that other threads send to the main thread, which runs them on its own state.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use thiserror::Error;
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// The sending end, for any thread. `S` is the state of the main thread.
pub struct MainThread<S> {
    calls: Sender<MainCall<S>>,
    wake: Arc<EventFd>,
}

/// The receiving end, for the main thread.
pub struct MainCalls<S> {
    /// `None` after [`close`](Self::close).
    calls: Option<Receiver<MainCall<S>>>,
    sender: Sender<MainCall<S>>,
    wake: Arc<EventFd>,
}

/// A closure for the main thread.
pub type MainCall<S> = Box<dyn FnOnce(&mut S) + Send>;

/// A closure that the main thread runs or will run.
#[derive(Debug)]
pub struct StartedCall<T>(Receiver<T>);

/// A main thread that runs no closure any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the run of the guest has ended")]
pub struct MainThreadEnded;

impl<S> MainCalls<S> {
    /// Creates a queue.
    ///
    /// # Errors
    ///
    /// The kernel's error if `eventfd` fails.
    pub fn new() -> io::Result<Self> {
        let (sender, calls) = mpsc::channel();
        Ok(Self {
            calls: Some(calls),
            sender,
            wake: Arc::new(EventFd::new(EFD_NONBLOCK)?),
        })
    }

    /// A sending end.
    #[must_use]
    pub fn sender(&self) -> MainThread<S> {
        MainThread {
            calls: self.sender.clone(),
            wake: Arc::clone(&self.wake),
        }
    }

    /// Eventfd that becomes readable when a closure arrives.
    #[must_use]
    pub fn wake(&self) -> &EventFd {
        &self.wake
    }

    /// The next closure, or `None`.
    #[must_use]
    pub fn next(&self) -> Option<MainCall<S>> {
        self.calls.as_ref()?.try_recv().ok()
    }

    /// Drops all closures, also those that arrive later.
    pub fn close(&mut self) {
        self.calls = None;
    }
}

impl<S> MainThread<S> {
    /// Runs a closure on the main thread and waits for its result.
    ///
    /// # Errors
    ///
    /// [`MainThreadEnded`]; the closure has not run.
    pub fn call<T, F>(&self, call: F) -> Result<T, MainThreadEnded>
    where
        F: FnOnce(&mut S) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.start(call)?.wait()
    }

    /// Runs a closure on the main thread later, whose result can be waited for.
    ///
    /// # Errors
    ///
    /// [`MainThreadEnded`].
    pub fn start<T, F>(&self, call: F) -> Result<StartedCall<T>, MainThreadEnded>
    where
        F: FnOnce(&mut S) -> T + Send + 'static,
        T: Send + 'static,
    {
        let (sender, result) = mpsc::sync_channel(1);
        self.send(move |state| {
            // Fails only if nobody waits.
            let _waits = sender.try_send(call(state));
        })?;
        Ok(StartedCall(result))
    }

    /// Runs a closure on the main thread later.
    ///
    /// # Errors
    ///
    /// [`MainThreadEnded`].
    pub fn send(&self, call: impl FnOnce(&mut S) + Send + 'static) -> Result<(), MainThreadEnded> {
        let sent = self.calls.send(Box::new(call));
        sent.map_err(|_| MainThreadEnded)?;
        // Fails only if the counter is full: the main thread is awake then.
        let _awake = self.wake.write(1);
        Ok(())
    }
}

impl<T> StartedCall<T> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// [`MainThreadEnded`]; the closure has not run.
    pub fn wait(self) -> Result<T, MainThreadEnded> {
        self.0.recv().map_err(|_| MainThreadEnded)
    }
}

impl<S> Clone for MainThread<S> {
    fn clone(&self) -> Self {
        Self {
            calls: self.calls.clone(),
            wake: Arc::clone(&self.wake),
        }
    }
}

impl<S> fmt::Debug for MainThread<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MainThread").finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for MainCalls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MainCalls").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn closures_run_in_order_on_the_main_thread() {
        let calls = MainCalls::<Vec<u32>>::new().unwrap();
        let main = calls.sender();
        let other = thread::spawn(move || {
            main.send(|numbers| numbers.push(1)).unwrap();
            main.call(|numbers| {
                numbers.push(2);
                numbers.len()
            })
        });
        let mut numbers = Vec::new();
        while numbers.len() < 2 {
            if let Some(call) = calls.next() {
                call(&mut numbers);
            }
        }
        assert_eq!(other.join().unwrap(), Ok(2));
        assert_eq!(numbers, [1, 2]);
        assert!(calls.wake().read().is_ok());
    }

    #[test]
    fn closed_queue_answers_those_that_wait() {
        let mut calls = MainCalls::<()>::new().unwrap();
        let main = calls.sender();
        let waits = thread::spawn(move || (main.call(|()| ()), main));
        while calls.wake().read().is_err() {
            thread::yield_now();
        }
        calls.close();
        let (answer, main) = waits.join().unwrap();
        assert_eq!(answer, Err(MainThreadEnded));
        assert_eq!(main.send(|()| ()), Err(MainThreadEnded));
    }
}
