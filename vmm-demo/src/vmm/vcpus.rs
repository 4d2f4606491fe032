//! The vCPUs of a guest, each with a thread of its own.

mod exit;
mod registers;
mod thread;

pub use self::exit::{GuestExit, VcpuError};
pub use self::registers::{PROGRAM_COUNTER, X0};
pub use self::thread::VcpuShared;

use self::thread::VcpuThread;
use crate::vmm::clock::{Clock, ClockError};
use crate::vmm::pause_gate::RequestError;
use kvm_ioctls::VcpuFd;
use rustix::thread::gettid;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use vmm_sys_util::signal::{Killable, SIGRTMIN, register_signal_handler};

/// The vCPU threads of a guest, which wait at the gate until they are [resumed](Self::resume).
#[derive(Debug)]
pub struct Vcpus {
    shared: Arc<VcpuShared>,
    threads: Vec<JoinHandle<VcpuFd>>,
    thread_ids: Vec<i64>,
    guest_exits: Receiver<GuestExit>,
}

impl Vcpus {
    /// Starts a thread for each vCPU. The gate must be closed, for as many threads.
    ///
    /// The vCPUs run on the memory of their VM, which must outlive the result.
    ///
    /// # Errors
    ///
    /// The thread that cannot be started, or the signal handler that cannot be installed.
    pub fn start(vcpus: Vec<VcpuFd>, shared: VcpuShared) -> io::Result<Self> {
        register_signal_handler(SIGRTMIN(), handle_kick)
            .map_err(|error| io::Error::from_raw_os_error(error.errno()))?;
        let shared = Arc::new(shared);
        let (exit_sender, guest_exits) = mpsc::channel();
        let (announcer, ids) = mpsc::channel();
        let mut started_threads = Self {
            shared: Arc::clone(&shared),
            threads: Vec::with_capacity(vcpus.len()),
            thread_ids: Vec::with_capacity(vcpus.len()),
            guest_exits,
        };
        let count = vcpus.len();
        let result = vcpus.into_iter().enumerate().try_for_each(|(index, fd)| {
            let thread = VcpuThread {
                index,
                fd,
                shared: Arc::clone(&shared),
                exit_sender: exit_sender.clone(),
                access_pending: false,
            };
            let announcer = announcer.clone();
            let handle = std::thread::Builder::new()
                .name(format!("vCPU {index}"))
                .spawn(move || {
                    let _waited_for = announcer.send((index, gettid().as_raw_nonzero().get()));
                    thread.run()
                })?;
            started_threads.threads.push(handle);
            Ok(())
        });
        if let Err(error) = result {
            // The gate must not wait for threads that were not started.
            (started_threads.threads.len()..count).for_each(|index| shared.gate.exit(index));
            drop(started_threads);
            return Err(error);
        }
        drop(announcer);
        let mut ids: Vec<_> = ids.iter().take(started_threads.threads.len()).collect();
        ids.sort_unstable();
        started_threads.thread_ids = ids.into_iter().map(|(_, id)| id.into()).collect();
        Ok(started_threads)
    }

    /// The kernel's ID of each vCPU's thread.
    #[must_use]
    pub fn thread_ids(&self) -> &[i64] {
        &self.thread_ids
    }

    /// The shared state of the threads.
    #[must_use]
    pub fn shared(&self) -> &VcpuShared {
        &self.shared
    }

    /// The next exit that stopped a vCPU, or `None` if there is no other yet.
    #[must_use]
    pub fn guest_exit(&self) -> Option<GuestExit> {
        self.guest_exits.try_recv().ok()
    }

    /// Starts the guest's clock and lets the vCPUs into the guest.
    pub fn resume(&self) {
        self.shared.throttle.go_on();
        self.change_clock(Clock::start);
        self.shared.gate.open();
    }

    /// Kicks all vCPUs out of the guest, waits until they are out, and stops the guest's clock.
    pub fn pause(&self) {
        self.shared.throttle.suspend();
        self.shared.gate.close(|| self.kick());
        self.change_clock(Clock::stop);
    }

    /// Starts or stops the guest's clock by means of the first vCPU.
    fn change_clock(&self, change: fn(&Clock, &VcpuFd) -> Result<(), ClockError>) {
        let shared = Arc::clone(&self.shared);
        match self.with_vcpu(0, move |vcpu| change(&shared.clock, vcpu)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the guest's clock jumps over the pause"),
            // The guest has ended, or runs.
            Err(error) => tracing::debug!(%error, "the guest's clock stays as it is"),
        }
    }

    /// Runs `call` with the descriptor of a paused vCPU, on the vCPU's own thread, and blocks until
    /// it returns.
    ///
    /// The vCPU's registers are those between two instructions. KVM's counters run on during
    /// a pause; [`resume`](Self::resume) moves them back.
    ///
    /// # Errors
    ///
    /// The [`RequestError`]: the guest runs, the vCPU's thread has ended, or `call` panicked.
    pub fn with_vcpu<T, F>(&self, index: usize, call: F) -> Result<T, RequestError>
    where
        F: FnOnce(&mut VcpuFd) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.shared.gate.request(index, call)
    }

    /// Runs `call` with the number and the descriptor of each paused vCPU, as
    /// [`with_vcpu`](Self::with_vcpu) does, on all their threads at once.
    ///
    /// # Errors
    ///
    /// The [`RequestError`] of the first vCPU that has one.
    pub fn with_all<T, F>(&self, call: F) -> Result<Vec<T>, RequestError>
    where
        F: Fn(usize, &mut VcpuFd) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.shared.gate.request_all(call)
    }

    /// Kicks all vCPUs out of the guest for good and returns them. A vCPU whose thread panicked is
    /// missing.
    #[must_use]
    pub fn end(mut self) -> Vec<VcpuFd> {
        self.end_threads()
    }

    fn end_threads(&mut self) -> Vec<VcpuFd> {
        self.shared.throttle.suspend();
        self.shared.gate.end(|| self.kick());
        let ended = self.threads.drain(..).map(JoinHandle::join);
        ended.filter_map(Result::ok).collect()
    }

    /// Interrupts `KVM_RUN`, or a write to the console, in every thread.
    pub fn kick(&self) {
        for thread in &self.threads {
            if !thread.is_finished() {
                // Fails for a thread that ends at this moment.
                let _ended = thread.kill(SIGRTMIN());
            }
        }
    }
}

impl Drop for Vcpus {
    fn drop(&mut self) {
        drop(self.end_threads());
    }
}

/// Signal handler without effect: the signal's arrival is enough to end `KVM_RUN`.
pub(crate) extern "C" fn handle_kick(
    _: libc::c_int,
    _: *mut libc::siginfo_t,
    _: *mut libc::c_void,
) {
}
