//! A VM: made, given its ID registers by the caller, and run.

use crate::layout;
use crate::memory::{self, MemoryError};
use crate::probe::report::{Collector, Progress, Report};
use crate::probe::{ProbeError, Program};
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::kvm::{self, GicAddresses, KvmError, KvmVcpu};
use idreg_runtime::vcpu::Errno;
use kvm_bindings::{KVM_REG_ARM_CORE, KVM_REG_ARM64, KVM_REG_SIZE_U64, kvm_regs};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd};
use std::mem::{self, offset_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use thiserror::Error;
use vm_memory::{Bytes, GuestAddress, GuestMemoryError, GuestMemoryMmap};
use vmm_sys_util::signal::{Killable, SIGRTMIN, register_signal_handler};

/// The general-purpose register PC, as `KVM_SET_ONE_REG` counts them: in 32-bit words of `kvm_regs`
/// (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.68).
const PROGRAM_COUNTER: u64 = KVM_REG_ARM64
    | KVM_REG_SIZE_U64
    | KVM_REG_ARM_CORE as u64
    | (offset_of!(kvm_regs, regs.pc) / size_of::<u32>()) as u64;

/// A VM that could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum VmError {
    /// A step that every VM takes failed.
    #[error(transparent)]
    Kvm(#[from] KvmError),
    /// The RAM.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

/// A guest that did not run to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum RunError {
    /// The probe guest could not be made, or misbehaved.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The program does not fit into RAM.
    #[error("cannot load the guest program")]
    Load {
        /// Why not.
        source: GuestMemoryError,
    },
    /// The vCPU's start address was refused.
    #[error("cannot set the vCPU's program counter")]
    ProgramCounter {
        /// The kernel's answer.
        source: Errno,
    },
    /// The means to stop a guest could not be had.
    #[error("cannot set up the time limit of the guest")]
    Watchdog {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_RUN` failed.
    #[error("cannot run the vCPU")]
    Run {
        /// The kernel's answer.
        source: Errno,
    },
    /// The guest did something else than its task.
    #[error("the guest left with an exit that has no place here: {exit}")]
    UnexpectedExit {
        /// The exit, as kvm-ioctls shows it.
        exit: String,
    },
    /// The guest did not end in time.
    #[error("the guest did not end within {} s", limit.as_secs_f32())]
    TimeLimit {
        /// The time it had.
        limit: Duration,
    },
    /// The VM has no vCPU: it was made without, or lost it in an earlier failure of this program.
    #[error("the VM has no vCPU to run")]
    NoVcpu,
}

/// A VM with RAM, vCPUs and, if configured, an initialised GIC and PMU.
///
/// The vCPUs come first so that they are closed before the memory that they run on.
#[derive(Debug)]
pub(crate) struct Vm {
    vcpus: Vec<VcpuFd>,
    memory: GuestMemoryMmap,
}

impl Vm {
    /// Makes a VM that has not run yet: now is the time to write its ID registers.
    ///
    /// Only the first vCPU is on; the guest starts the others by PSCI. `ram` is in bytes.
    ///
    /// # Errors
    ///
    /// The [`VmError`] of the step that failed.
    pub(crate) fn new(
        kvm: &Kvm,
        config: VcpuConfig,
        vcpus: u16,
        ram: u64,
    ) -> Result<Self, VmError> {
        let fd = kvm::create_vm(kvm, config)?;
        let memory = memory::allocate(ram)?;
        memory::attach(&fd, &memory)?;
        let vcpus = (0..vcpus)
            .map(|index| kvm::create_vcpu(&fd, index.into()))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, vcpu) in vcpus.iter().enumerate() {
            kvm::init_vcpu(&fd, vcpu, config, index > 0)?;
        }
        if let Some(kind) = config.gic {
            let device = kvm::create_gic(&fd, kind)?;
            let addresses = gic_addresses(kind, vcpus.len() as u64);
            kvm::init_gic(&device, addresses, layout::GIC_INTERRUPTS)?;
        }
        for vcpu in &vcpus {
            kvm::init_pmu(vcpu, config)?;
        }
        Ok(Self { vcpus, memory })
    }

    /// The registers of every vCPU, in the order of their numbers.
    pub(crate) fn regs(&self) -> impl Iterator<Item = KvmVcpu<'_>> {
        self.vcpus.iter().map(KvmVcpu::new)
    }

    /// Runs the probe guest on the first vCPU, for no longer than `limit`.
    ///
    /// # Errors
    ///
    /// The [`RunError`] of the step that failed; [`RunError::Probe`] if the guest did not report as it should.
    pub(crate) fn run_probe(
        &mut self,
        registers: &[Encoding],
        limit: Duration,
    ) -> Result<Report, RunError> {
        let program = Program::new(registers)?;
        self.memory
            .write_slice(&program.image(), GuestAddress(layout::RAM_START))
            .map_err(|source| RunError::Load { source })?;
        self.vcpus
            .first()
            .ok_or(RunError::NoVcpu)?
            .set_one_reg(PROGRAM_COUNTER, &program.entry().to_ne_bytes())
            .map_err(|error| RunError::ProgramCounter {
                source: Errno(error.errno()),
            })?;
        register_signal_handler(SIGRTMIN(), interrupt).map_err(|error| RunError::Watchdog {
            source: Errno(error.errno()),
        })?;

        let vcpus = mem::take(&mut self.vcpus);
        let (vcpus, result) = run_limited(vcpus, Collector::new(registers), limit)?;
        self.vcpus = vcpus;
        result
    }
}

fn gic_addresses(gic: Gic, vcpus: u64) -> GicAddresses {
    let distributor = layout::GIC_DISTRIBUTOR;
    match gic {
        Gic::V2 => GicAddresses::V2 {
            distributor,
            cpu_interface: layout::GIC_CPU_INTERFACE,
        },
        Gic::V3 => GicAddresses::V3 {
            distributor,
            redistributors: layout::gic_redistributors(vcpus),
        },
    }
}

type Outcome = (Vec<VcpuFd>, Result<Report, RunError>);

/// Runs the vCPUs in a thread of their own, which a signal takes out of `KVM_RUN` when the time is over.
fn run_limited(
    mut vcpus: Vec<VcpuFd>,
    collector: Collector,
    limit: Duration,
) -> Result<Outcome, RunError> {
    let expired = Arc::new(AtomicBool::new(false));
    let seen_by_guest = Arc::clone(&expired);
    let (running, finished) = mpsc::channel::<()>();
    let guest = thread::spawn(move || {
        let _running = running;
        let result = match vcpus.first_mut() {
            Some(vcpu) => collect(vcpu, collector, &seen_by_guest, limit),
            None => Err(RunError::NoVcpu),
        };
        (vcpus, result)
    });
    if finished.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        expired.store(true, Ordering::Relaxed);
        interrupt_until_finished(&guest);
    }
    guest.join().map_err(|_| RunError::NoVcpu)
}

/// Once may not do: a signal that comes just before `KVM_RUN` does not end it.
fn interrupt_until_finished<T>(guest: &JoinHandle<T>) {
    while !guest.is_finished() {
        if guest.kill(SIGRTMIN()).is_err() {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn collect(
    vcpu: &mut VcpuFd,
    mut collector: Collector,
    expired: &AtomicBool,
    limit: Duration,
) -> Result<Report, RunError> {
    loop {
        match vcpu.run() {
            Ok(VcpuExit::MmioWrite(address, data)) => {
                if collector.write(address, data)? == Progress::Done {
                    return Ok(collector.finish()?);
                }
            }
            Ok(exit) => {
                return Err(RunError::UnexpectedExit {
                    exit: format!("{exit:?}"),
                });
            }
            Err(error) if [libc::EINTR, libc::EAGAIN].contains(&error.errno()) => {}
            Err(error) => {
                return Err(RunError::Run {
                    source: Errno(error.errno()),
                });
            }
        }
        if expired.load(Ordering::Relaxed) {
            return Err(RunError::TimeLimit { limit });
        }
    }
}

/// Does nothing: that it is called is what ends `KVM_RUN`.
extern "C" fn interrupt(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {}
