//! The thread of one vCPU.

use super::exit::{GuestExit, VcpuError};
use super::registers::PROGRAM_COUNTER;
use crate::vmm::clock::Clock;
use crate::vmm::layout;
use crate::vmm::pause_gate::PauseGate;
use crate::vmm::serial::Serial;
use crate::vmm::throttle::Throttle;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::kvm;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::{KVM_SYSTEM_EVENT_RESET, KVM_SYSTEM_EVENT_SHUTDOWN};
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::mem;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use vmm_sys_util::eventfd::EventFd;

/// State that the threads of a guest's vCPUs share.
#[derive(Debug)]
pub struct VcpuShared {
    /// The gate at which the threads wait.
    pub gate: Arc<PauseGate<VcpuFd>>,
    /// The guest's clock.
    pub clock: Arc<Clock>,
    /// The slowing down of the vCPUs.
    pub throttle: Throttle,
    /// The console.
    pub serial: Arc<Serial>,
    /// The CPUs that the guest learns of by hypercall.
    pub targets: TargetCpus,
    /// An event written with every [`GuestExit`].
    pub exit_event: EventFd,
    /// The time of the first vCPU's first entry into the guest.
    pub first_run: OnceLock<Instant>,
}

pub(super) struct VcpuThread {
    pub(super) index: usize,
    pub(super) fd: VcpuFd,
    pub(super) shared: Arc<VcpuShared>,
    pub(super) exit_sender: Sender<GuestExit>,
    /// True if the last exit was an access that KVM completes at the next `KVM_RUN`.
    pub(super) access_pending: bool,
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
    pub(super) fn run(mut self) -> VcpuFd {
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

    /// Waits at the gate until it is open. Returns false if the gate has ended.
    fn wait(&mut self) -> bool {
        let shared = Arc::clone(&self.shared);
        if shared.gate.is_open() {
            return true;
        }
        self.complete_access();
        shared.gate.wait(self.index, &mut self.fd)
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
            Ok(VcpuExit::Intr) => return self.kicked(),
            Ok(exit) => VcpuError::UnhandledExit {
                vcpu,
                exit: format!("{exit:?}"),
            },
            Err(error) => match error.errno() {
                // EAGAIN: a vCPU that is off was asked to run.
                libc::EINTR => return self.kicked(),
                libc::EAGAIN => return None,
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

    /// A signal has taken the vCPU out of the guest: for a pause, or to slow it down.
    fn kicked(&self) -> Option<GuestExit> {
        self.shared.throttle.wait();
        None
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
