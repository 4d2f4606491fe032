//! The gate at which vCPU threads wait while their guest is paused, and answer requests.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;
use thiserror::Error;

/// The interval of kicks: a signal that arrives just before `KVM_RUN` does not end it, so that one
/// kick is not enough.
const KICK_INTERVAL: Duration = Duration::from_millis(1);

/// A request that a vCPU thread did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The guest runs.
    #[error("vCPU {vcpu} cannot answer while the guest runs: pause the guest first")]
    NotPaused {
        /// The vCPU's number.
        vcpu: usize,
    },
    /// The vCPU's thread has ended, or the gate has.
    #[error("the thread of vCPU {vcpu} has ended")]
    Ended {
        /// The vCPU's number.
        vcpu: usize,
    },
    /// The guest has fewer vCPUs.
    #[error("the guest has no vCPU {vcpu}")]
    NoSuchVcpu {
        /// The vCPU's number.
        vcpu: usize,
    },
    /// The request panicked; the vCPU's thread caught the panic and waits on.
    #[error("a request to vCPU {vcpu} panicked")]
    Panicked {
        /// The vCPU's number.
        vcpu: usize,
    },
    /// The caller is a vCPU thread that waits at the gate: it would wait for itself.
    #[error("a request to vCPU {vcpu} comes from a vCPU thread: make it from another thread")]
    FromVcpuThread {
        /// The vCPU's number.
        vcpu: usize,
    },
}

/// A gate that lets threads into the guest while it is open.
///
/// Each thread brings a `T`, such as its vCPU's descriptor. While the gate is closed, the waiting
/// threads run the [requests](Self::request) of other threads with it.
pub struct PauseGate<T> {
    state: Mutex<GateState<T>>,
    /// Notified when a thread comes to the gate or exits, and when the gate's position changes.
    changed: Condvar,
    /// Wakes one waiting thread each: a request to one vCPU must not wake hundreds.
    wake: Vec<Condvar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    Open,
    Closed,
    /// Closed for good.
    Ended,
}

struct GateState<T> {
    position: Position,
    threads: Vec<ThreadState<T>>,
}

enum ThreadState<T> {
    /// In the guest, or on its way to the gate.
    Inside,
    Waiting {
        id: ThreadId,
        requests: VecDeque<GateRequest<T>>,
    },
    Exited,
}

/// A request, which sends its answer itself and never unwinds.
type GateRequest<T> = Box<dyn FnOnce(&mut T) + Send>;

/// The answer of a thread to a request, which it will run.
struct PendingAnswer<R> {
    index: usize,
    answers: mpsc::Receiver<thread::Result<R>>,
}

impl<R> PendingAnswer<R> {
    fn wait(self) -> Result<R, RequestError> {
        let vcpu = self.index;
        match self.answers.recv() {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(RequestError::Panicked { vcpu }),
            Err(_) => Err(RequestError::Ended { vcpu }),
        }
    }
}

impl<T> PauseGate<T> {
    /// Returns a closed gate for this number of threads, all inside until they come to it.
    #[must_use]
    pub fn closed(threads: usize) -> Self {
        Self {
            state: Mutex::new(GateState {
                position: Position::Closed,
                threads: (0..threads).map(|_| ThreadState::Inside).collect(),
            }),
            changed: Condvar::new(),
            wake: (0..threads).map(|_| Condvar::new()).collect(),
        }
    }

    /// True if a thread that is in the guest, or on its way there, may stay.
    pub fn is_open(&self) -> bool {
        self.state().position == Position::Open
    }

    /// Waits until the gate is open and answers requests with `resource` until then. Returns false
    /// if the gate has ended.
    ///
    /// `index` is the thread's number, from 0.
    pub fn wait(&self, index: usize, resource: &mut T) -> bool {
        let mut state = self.state();
        let Some(wake) = self.wake.get(index) else {
            return false;
        };
        if state.position == Position::Closed {
            state.set(
                index,
                ThreadState::Waiting {
                    id: thread::current().id(),
                    requests: VecDeque::new(),
                },
            );
            self.changed.notify_all();
            // An accepted request is answered even if the gate has opened or ended since.
            loop {
                if let Some(request) = state.next_request(index) {
                    drop(state);
                    request(resource);
                    state = self.state();
                } else if state.position == Position::Closed {
                    state = wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                } else {
                    break;
                }
            }
            state.set(index, ThreadState::Inside);
        }
        state.position == Position::Open
    }

    /// Marks the thread of this number as ended: it does not come to the gate again.
    pub fn exit(&self, index: usize) {
        self.state().set(index, ThreadState::Exited);
        self.changed.notify_all();
    }

    /// Opens the gate, unless it has ended.
    pub fn open(&self) {
        let mut state = self.state();
        if state.position == Position::Closed {
            state.position = Position::Open;
        }
        self.wake_all();
    }

    /// Closes the gate and waits until every thread is outside. Calls `kick` again and again to
    /// take threads out of the guest.
    pub fn close(&self, kick: impl Fn()) {
        let mut state = self.state();
        if state.position == Position::Open {
            state.position = Position::Closed;
        }
        self.wait_until_outside(state, kick);
    }

    /// Closes the gate for good and waits until every thread is outside. Calls `kick` again and
    /// again to take threads out of the guest.
    pub fn end(&self, kick: impl Fn()) {
        let mut state = self.state();
        state.position = Position::Ended;
        self.wake_all();
        self.wait_until_outside(state, kick);
    }

    /// Runs `call` on the thread of this number, which must wait at the closed gate or be on its
    /// way there. Blocks until it returns.
    ///
    /// # Errors
    ///
    /// The [`RequestError`]; `call` has not run unless it is [`RequestError::Panicked`].
    pub fn request<R, F>(&self, index: usize, call: F) -> Result<R, RequestError>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        self.begin(index, call)?.wait()
    }

    /// [Requests](Self::request) `call` of all threads at once, with their numbers. Returns the
    /// answers in the order of the numbers.
    ///
    /// # Errors
    ///
    /// The [`RequestError`] of the first thread that has one; others may have run `call`.
    pub fn request_all<R, F>(&self, call: F) -> Result<Vec<R>, RequestError>
    where
        F: Fn(usize, &mut T) -> R + Send + Sync + 'static,
        R: Send + 'static,
    {
        let call = Arc::new(call);
        let begin = |index| {
            let call = Arc::clone(&call);
            self.begin(index, move |resource: &mut T| call(index, resource))
        };
        let pending: Result<Vec<_>, _> = (0..self.wake.len()).map(begin).collect();
        pending?.into_iter().map(PendingAnswer::wait).collect()
    }

    fn begin<R, F>(&self, index: usize, call: F) -> Result<PendingAnswer<R>, RequestError>
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
    {
        let (sender, answers) = mpsc::channel();
        let request = move |resource: &mut T| {
            let answer = panic::catch_unwind(AssertUnwindSafe(|| call(resource)));
            let _caller_waits = sender.send(answer);
        };
        self.submit(index, Box::new(request))?;
        Ok(PendingAnswer { index, answers })
    }

    /// Queues a request once its thread waits. A thread leaves the gate only with an empty queue.
    fn submit(&self, vcpu: usize, request: GateRequest<T>) -> Result<(), RequestError> {
        let mut state = self.state();
        if state.waits(thread::current().id()) {
            return Err(RequestError::FromVcpuThread { vcpu });
        }
        loop {
            let position = state.position;
            match (state.threads.get_mut(vcpu), self.wake.get(vcpu)) {
                (None, _) | (_, None) => return Err(RequestError::NoSuchVcpu { vcpu }),
                (Some(ThreadState::Exited), _) => return Err(RequestError::Ended { vcpu }),
                _ if position == Position::Ended => return Err(RequestError::Ended { vcpu }),
                _ if position == Position::Open => return Err(RequestError::NotPaused { vcpu }),
                (Some(ThreadState::Waiting { requests, .. }), Some(wake)) => {
                    requests.push_back(request);
                    wake.notify_one();
                    return Ok(());
                }
                (Some(ThreadState::Inside), _) => {
                    let changed = self.changed.wait(state);
                    state = changed.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn wake_all(&self) {
        self.changed.notify_all();
        self.wake.iter().for_each(Condvar::notify_one);
    }

    fn wait_until_outside<'gate>(
        &'gate self,
        mut state: MutexGuard<'gate, GateState<T>>,
        kick: impl Fn(),
    ) {
        while state.any_inside() {
            drop(state);
            kick();
            let waited = self
                .changed
                .wait_timeout_while(self.state(), KICK_INTERVAL, |state| state.any_inside());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// No code that holds the lock panics half-way through a change, so that a poisoned lock
    /// guards a valid state.
    fn state(&self) -> MutexGuard<'_, GateState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> GateState<T> {
    fn set(&mut self, index: usize, thread_state: ThreadState<T>) {
        if let Some(thread) = self.threads.get_mut(index) {
            *thread = thread_state;
        }
    }

    fn next_request(&mut self, index: usize) -> Option<GateRequest<T>> {
        match self.threads.get_mut(index)? {
            ThreadState::Waiting { requests, .. } => requests.pop_front(),
            ThreadState::Inside | ThreadState::Exited => None,
        }
    }

    fn any_inside(&self) -> bool {
        let mut threads = self.threads.iter();
        threads.any(|thread| matches!(thread, ThreadState::Inside))
    }

    /// True if the thread with this ID waits at the gate.
    fn waits(&self, caller: ThreadId) -> bool {
        self.threads
            .iter()
            .any(|thread| matches!(thread, ThreadState::Waiting { id, .. } if *id == caller))
    }
}

impl<T> fmt::Debug for PauseGate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PauseGate").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
