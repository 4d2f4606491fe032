//! The vCPUs of a running guest, each with a thread.

use crate::vmm::layout;
use crate::vmm::pause_gate::PauseGate;
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
use std::mem::offset_of;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use thiserror::Error;
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::signal::{Killable, SIGRTMIN, register_signal_handler};

/// The general-purpose register PC, as `KVM_SET_ONE_REG` counts them: in 32-bit words of `kvm_regs`
/// (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
pub(crate) const PROGRAM_COUNTER: u64 = core_register(offset_of!(kvm_regs, regs.pc));

/// X0, by which a kernel is given its device tree.
pub(crate) const X0: u64 = core_register(offset_of!(kvm_regs, regs.regs));

const fn core_register(offset: usize) -> u64 {
    let word = offset / size_of::<u32>();
    KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE as u64 | word as u64
}

/// The guest's virtual counter: `KVM_REG_ARM_TIMER_CNT`, which has the number of CNTV_CVAL_EL0 by an old mistake
/// (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`).
const TIMER_COUNT: Encoding = Encoding::new(3, 3, 14, 3, 2);

/// What the guest did that its vCPUs cannot go on after.
#[derive(Debug)]
pub(crate) enum GuestExit {
    PoweredOff,
    /// It wants to start again.
    Reset,
    Failed(VcpuError),
}

/// A vCPU that cannot go on.
#[derive(Debug, Error)]
pub(crate) enum VcpuError {
    /// A data access where there is nothing.
    #[error(
        "vCPU {vcpu} {} {size} bytes at {address:#x}, where there is neither RAM nor a device (its PC is {pc:#x})",
        if *write { "wrote" } else { "read" }
    )]
    Unmapped {
        vcpu: usize,
        write: bool,
        size: usize,
        address: u64,
        pc: u64,
    },
    /// The same, by an instruction of which the CPU does not tell address and size, as with two registers.
    #[error(
        "vCPU {vcpu} accessed a device, or an address where there is nothing, by an instruction that KVM cannot \
         carry out (its PC is {pc:#x})"
    )]
    CannotEmulate { vcpu: usize, pc: u64 },
    #[error("vCPU {vcpu} made a hypercall that nothing here answers (its PC is {pc:#x})")]
    Hypercall { vcpu: usize, pc: u64 },
    #[error("vCPU {vcpu} left the guest for a reason that has no place here: {exit}")]
    UnhandledExit { vcpu: usize, exit: String },
    #[error("the guest crashed, as vCPU {vcpu} says by system event {event}")]
    SystemEvent { vcpu: usize, event: u32 },
    #[error("cannot run vCPU {vcpu}")]
    Run { vcpu: usize, source: Errno },
    #[error("cannot answer a call of vCPU {vcpu}")]
    AnswerHypercall { vcpu: usize, source: KvmError },
}

impl VcpuError {
    /// Whether the guest is to blame, and neither this machine nor this program.
    pub(crate) const fn is_of_guest(&self) -> bool {
        matches!(
            self,
            Self::Unmapped { .. }
                | Self::CannotEmulate { .. }
                | Self::Hypercall { .. }
                | Self::SystemEvent { .. }
        )
    }
}

/// What the threads share.
#[derive(Debug)]
pub(crate) struct VcpuShared {
    pub(crate) gate: Arc<PauseGate<VcpuFd>>,
    pub(crate) serial: Arc<Serial>,
    pub(crate) targets: TargetCpus,
    /// Probed of every report.
    pub(crate) exit_event: EventFd,
    /// When the first vCPU entered the guest for the first time.
    pub(crate) first_run: OnceLock<Instant>,
}

/// The threads, which wait at the gate until they are [let go](Self::resume).
#[derive(Debug)]
pub(crate) struct Vcpus {
    shared: Arc<VcpuShared>,
    threads: Vec<JoinHandle<VcpuFd>>,
    thread_ids: Vec<i64>,
    guest_exits: Receiver<GuestExit>,
}

impl Vcpus {
    /// Starts a thread for each vCPU.
    pub(crate) fn start(vcpus: Vec<VcpuFd>, shared: VcpuShared) -> io::Result<Self> {
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

    /// The thread of each vCPU, as the kernel numbers them.
    pub(crate) fn thread_ids(&self) -> &[i64] {
        &self.thread_ids
    }

    pub(crate) fn shared(&self) -> &VcpuShared {
        &self.shared
    }

    /// What the guest did, if it did something since the last time.
    pub(crate) fn guest_exit(&self) -> Option<GuestExit> {
        self.guest_exits.try_recv().ok()
    }

    /// Lets the vCPUs into the guest.
    pub(crate) fn resume(&self) {
        self.shared.gate.open();
    }

    /// Takes all vCPUs out of the guest, and waits until they are.
    pub(crate) fn pause(&self) {
        self.shared.gate.close(|| self.kick());
    }

    /// Takes all vCPUs out of the guest for good. One whose thread panicked is missing.
    pub(crate) fn end(mut self) -> Vec<VcpuFd> {
        self.end_threads()
    }

    fn end_threads(&mut self) -> Vec<VcpuFd> {
        self.shared.gate.end(|| self.kick());
        let ended = self.threads.drain(..).map(JoinHandle::join);
        ended.filter_map(Result::ok).collect()
    }

    /// Calls the threads out of `KVM_RUN`, or out of the console.
    fn kick(&self) {
        for thread in &self.threads {
            if !thread.is_finished() {
                // It fails for a thread that ends just now.
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

/// Does nothing: that it is called is what ends `KVM_RUN`.
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
                // If nobody listens any more, the guest is being ended already.
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

    /// Enters the guest once, and does what it wants; returns what it cannot go on after.
    fn enter(&mut self) -> Option<GuestExit> {
        let vcpu = self.index;
        let exit = match self.fd.run() {
            Ok(VcpuExit::MmioRead(address, data)) => {
                let Some(offset) = serial_offset(address) else {
                    let size = data.len();
                    return Some(self.unmapped(false, size, address));
                };
                self.shared.serial.read(offset, data);
                return None;
            }
            Ok(VcpuExit::MmioWrite(address, data)) => {
                let Some(offset) = serial_offset(address) else {
                    let size = data.len();
                    return Some(self.unmapped(true, size, address));
                };
                self.shared.serial.write(offset, data);
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

    /// For messages: 0 if it cannot be read.
    fn program_counter(&self) -> u64 {
        let mut bytes = [0; 8];
        let read = self.fd.get_one_reg(PROGRAM_COUNTER, &mut bytes);
        read.map_or(0, |_| u64::from_ne_bytes(bytes))
    }
}

/// Which register of the console is at an address.
fn serial_offset(address: u64) -> Option<u64> {
    let offset = address.checked_sub(layout::SERIAL)?;
    (offset < layout::SERIAL_SIZE).then_some(offset)
}
