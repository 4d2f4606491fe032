//! The vCPUs of a guest, each with a thread of its own.

use crate::vmm::layout;
use crate::vmm::pause_gate::{PauseGate, RequestError};
use crate::vmm::serial::Serial;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::kvm::{self, KvmError, KvmVcpu};
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use kvm_bindings::{
    KVM_REG_ARM_CORE, KVM_REG_ARM64, KVM_REG_SIZE_U64, KVM_SYSTEM_EVENT_RESET,
    KVM_SYSTEM_EVENT_SHUTDOWN, kvm_regs,
};
use kvm_ioctls::{VcpuExit, VcpuFd};
use rustix::thread::gettid;
use std::io;
use std::mem::{self, offset_of};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use thiserror::Error;
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::signal::{Killable, SIGRTMIN, register_signal_handler};

/// The program counter in the numbering of `KVM_SET_ONE_REG`: in 32-bit words of `kvm_regs`
/// (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
pub const PROGRAM_COUNTER: u64 = core_register(offset_of!(kvm_regs, regs.pc));

/// X0, in which a kernel gets the address of its device tree.
pub const X0: u64 = core_register(offset_of!(kvm_regs, regs.regs));

const fn core_register(offset: usize) -> u64 {
    let word = offset / size_of::<u32>();
    KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE as u64 | word as u64
}

/// The guest's virtual counter: `KVM_REG_ARM_TIMER_CNT`, which has the number of CNTV_CVAL_EL0 by
/// an old mistake (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`).
const TIMER_COUNT: Encoding = Encoding::new(3, 3, 14, 3, 2);

/// Exits that stop a vCPU.
#[derive(Debug)]
pub enum GuestExit {
    /// The guest switched itself off.
    PoweredOff,
    /// The guest asked for a reset.
    Reset,
    /// The vCPU cannot continue.
    Failed(VcpuError),
}

/// A vCPU that cannot continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VcpuError {
    /// A data access to an unmapped address.
    #[error(
        "vCPU {vcpu} {} {size} bytes at {address:#x}, where there is neither RAM nor a device \
         (its PC is {pc:#x})",
        if *write { "wrote" } else { "read" }
    )]
    Unmapped {
        /// The vCPU's number.
        vcpu: usize,
        /// True for a write.
        write: bool,
        /// The bytes accessed.
        size: usize,
        /// The guest physical address.
        address: u64,
        /// The program counter.
        pc: u64,
    },
    /// A data access to a device or to an unmapped address whose syndrome has neither address nor
    /// size, as of an instruction with two registers.
    #[error(
        "vCPU {vcpu} accessed a device or an unmapped address by an instruction that KVM cannot \
         emulate (its PC is {pc:#x})"
    )]
    CannotEmulate {
        /// The vCPU's number.
        vcpu: usize,
        /// The program counter.
        pc: u64,
    },
    /// A hypercall that this VMM does not implement.
    #[error("vCPU {vcpu} made a hypercall that this VMM does not implement (its PC is {pc:#x})")]
    Hypercall {
        /// The vCPU's number.
        vcpu: usize,
        /// The program counter.
        pc: u64,
    },
    /// An exit that this VMM does not handle.
    #[error("unhandled KVM exit of vCPU {vcpu}: {exit}")]
    UnhandledExit {
        /// The vCPU's number.
        vcpu: usize,
        /// The exit in the form of kvm-ioctls.
        exit: String,
    },
    /// A system event other than power-off and reset.
    #[error("the guest crashed: vCPU {vcpu} reported system event {event}")]
    SystemEvent {
        /// The vCPU's number.
        vcpu: usize,
        /// The event (`KVM_SYSTEM_EVENT_*`).
        event: u32,
    },
    /// `KVM_RUN` failed.
    #[error("cannot run vCPU {vcpu}")]
    Run {
        /// The vCPU's number.
        vcpu: usize,
        /// The kernel's answer.
        source: Errno,
    },
    /// The answer to a hypercall cannot be set.
    #[error("cannot answer a hypercall of vCPU {vcpu}")]
    AnswerHypercall {
        /// The vCPU's number.
        vcpu: usize,
        /// The cause.
        source: KvmError,
    },
}

impl VcpuError {
    /// True if the guest is to blame, and neither this machine nor this program.
    #[must_use]
    pub const fn is_of_guest(&self) -> bool {
        matches!(
            self,
            Self::Unmapped { .. }
                | Self::CannotEmulate { .. }
                | Self::Hypercall { .. }
                | Self::SystemEvent { .. }
        )
    }
}

/// State that the threads of a guest's vCPUs share.
#[derive(Debug)]
pub struct VcpuShared {
    /// The gate at which the threads wait.
    pub gate: Arc<PauseGate<VcpuFd>>,
    /// The console.
    pub serial: Arc<Serial>,
    /// The CPUs that the guest learns of by hypercall.
    pub targets: TargetCpus,
    /// An event written with every [`GuestExit`].
    pub exit_event: EventFd,
    /// The time of the first vCPU's first entry into the guest.
    pub first_run: OnceLock<Instant>,
}

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
            let handle = thread::Builder::new()
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

    /// Lets the vCPUs into the guest.
    pub fn resume(&self) {
        self.shared.gate.open();
    }

    /// Kicks all vCPUs out of the guest and waits until they are out.
    pub fn pause(&self) {
        self.shared.gate.close(|| self.kick());
    }

    /// Runs `call` with the descriptor of a paused vCPU, on the vCPU's own thread, and blocks until
    /// it returns.
    ///
    /// The vCPU's registers are those between two instructions. The virtual counter runs on during
    /// a pause; [`resume`](Self::resume) sets it back, once the guest has run.
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

    /// Kicks all vCPUs out of the guest for good and returns them. A vCPU whose thread panicked is
    /// missing.
    #[must_use]
    pub fn end(mut self) -> Vec<VcpuFd> {
        self.end_threads()
    }

    fn end_threads(&mut self) -> Vec<VcpuFd> {
        self.shared.gate.end(|| self.kick());
        let ended = self.threads.drain(..).map(JoinHandle::join);
        ended.filter_map(Result::ok).collect()
    }

    /// Interrupts `KVM_RUN`, or a write to the console, in every thread.
    fn kick(&self) {
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

struct VcpuThread {
    index: usize,
    fd: VcpuFd,
    shared: Arc<VcpuShared>,
    exit_sender: Sender<GuestExit>,
    /// True if the last exit was an access that KVM completes at the next `KVM_RUN`.
    access_pending: bool,
}

/// Marks a thread as ended at the gate, even if it panicked.
struct ExitGuard<'a> {
    gate: &'a PauseGate<VcpuFd>,
    index: usize,
}

impl Drop for ExitGuard<'_> {
    fn drop(&mut self) {
        self.gate.exit(self.index);
    }
}

impl VcpuThread {
    fn run(mut self) -> VcpuFd {
        let shared = Arc::clone(&self.shared);
        let _exit = ExitGuard {
            gate: &shared.gate,
            index: self.index,
        };
        while self.wait() {
            if self.index == 0 {
                shared.first_run.get_or_init(Instant::now);
            }
            if let Some(guest_exit) = self.enter() {
                // Fails if the guest is being ended already.
                let _ended = self.exit_sender.send(guest_exit);
                let _full = shared.exit_event.write(1);
                break;
            }
        }
        self.fd
    }

    /// Waits at the gate; returns false if the guest ends. The guest's clock stands still
    /// meanwhile: the first vCPU sets the counter, which all vCPUs share, back to its value.
    fn wait(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        if shared.gate.is_open() {
            return true;
        }
        self.complete_access();
        let keeps_clock = self.index == 0 && shared.first_run.get().is_some();
        let count = keeps_clock
            .then(|| KvmVcpu::new(&self.fd).get(TIMER_COUNT).ok())
            .flatten();
        let open = shared.gate.wait(self.index, &mut self.fd);
        if let Some(count) = count.filter(|_| open)
            && let Err(error) = KvmVcpu::new(&self.fd).set(TIMER_COUNT, count)
        {
            tracing::warn!(%error, "the guest's clock jumps over the pause");
        }
        open
    }

    /// Completes an emulated device access without running the guest. Before that, the vCPU's
    /// registers are those of the unfinished instruction, and a PC set by a request would be moved
    /// on by it (Linux 7.2, `Documentation/virt/kvm/api.rst`, 5, `KVM_EXIT_MMIO`;
    /// `arch/arm64/kvm/mmio.c`, `kvm_handle_mmio_return`).
    fn complete_access(&mut self) {
        if !mem::take(&mut self.access_pending) {
            return;
        }
        self.fd.set_kvm_immediate_exit(1);
        let errno = self.fd.run().err().map(kvm_ioctls::Error::errno);
        self.fd.set_kvm_immediate_exit(0);
        if errno != Some(libc::EINTR) {
            tracing::warn!(vcpu = self.index, ?errno, "a device access is not complete");
        }
    }

    /// Enters the guest once and handles its exit. Returns the exit if it stops the vCPU.
    fn enter(&mut self) -> Option<GuestExit> {
        let vcpu = self.index;
        self.access_pending = false;
        let exit = match self.fd.run() {
            Ok(VcpuExit::MmioRead(address, data)) => {
                let Some(offset) = serial_offset(address) else {
                    let size = data.len();
                    return Some(self.unmapped(false, size, address));
                };
                self.shared.serial.read(offset, data);
                self.access_pending = true;
                return None;
            }
            Ok(VcpuExit::MmioWrite(address, data)) => {
                let Some(offset) = serial_offset(address) else {
                    let size = data.len();
                    return Some(self.unmapped(true, size, address));
                };
                self.shared.serial.write(offset, data);
                self.access_pending = true;
                return None;
            }
            Ok(VcpuExit::SystemEvent(KVM_SYSTEM_EVENT_SHUTDOWN, _)) => {
                return Some(GuestExit::PoweredOff);
            }
            Ok(VcpuExit::SystemEvent(KVM_SYSTEM_EVENT_RESET, _)) => return Some(GuestExit::Reset),
            Ok(VcpuExit::SystemEvent(event, _)) => VcpuError::SystemEvent { vcpu, event },
            Ok(VcpuExit::Hypercall(_)) => return self.hypercall(),
            Ok(VcpuExit::Intr) => return None,
            Ok(exit) => VcpuError::UnhandledExit {
                vcpu,
                exit: format!("{exit:?}"),
            },
            Err(error) => match error.errno() {
                // EAGAIN: a vCPU that is off was asked to run.
                libc::EINTR | libc::EAGAIN => return None,
                libc::ENOSYS => VcpuError::CannotEmulate {
                    vcpu,
                    pc: self.program_counter(),
                },
                number => VcpuError::Run {
                    vcpu,
                    source: Errno(number),
                },
            },
        };
        Some(GuestExit::Failed(exit))
    }

    fn unmapped(&self, write: bool, size: usize, address: u64) -> GuestExit {
        GuestExit::Failed(VcpuError::Unmapped {
            vcpu: self.index,
            write,
            size,
            address,
            pc: self.program_counter(),
        })
    }

    fn hypercall(&self) -> Option<GuestExit> {
        let vcpu = self.index;
        match kvm::answer_target_cpus(&self.fd, &self.shared.targets) {
            Ok(true) => None,
            Ok(false) => Some(GuestExit::Failed(VcpuError::Hypercall {
                vcpu,
                pc: self.program_counter(),
            })),
            Err(source) => Some(GuestExit::Failed(VcpuError::AnswerHypercall {
                vcpu,
                source,
            })),
        }
    }

    /// The program counter for messages; 0 if it cannot be read.
    fn program_counter(&self) -> u64 {
        let mut bytes = [0; 8];
        let read = self.fd.get_one_reg(PROGRAM_COUNTER, &mut bytes);
        read.map_or(0, |_| u64::from_ne_bytes(bytes))
    }
}

/// The offset of an address in the console's registers, or `None` outside of them.
fn serial_offset(address: u64) -> Option<u64> {
    let offset = address.checked_sub(layout::SERIAL)?;
    (offset < layout::SERIAL_SIZE).then_some(offset)
}
