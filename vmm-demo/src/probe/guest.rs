//! Runs the probe guest in a VM, with a time limit.

use super::report::{Collector, ProbeReport, Progress};
use super::{ProbeError, Program};
use crate::vmm::layout;
use crate::vmm::vcpus::{PROGRAM_COUNTER, handle_kick};
use crate::vmm::vm::Vm;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::vcpu::Errno;
use kvm_ioctls::{VcpuExit, VcpuFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use thiserror::Error;
use vm_memory::{Bytes, GuestAddress, GuestMemoryError};
use vmm_sys_util::signal::{Killable, SIGRTMIN, register_signal_handler};

/// An error that ended the probe guest early.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum RunError {
    /// The probe program cannot be generated, or its guest's report is invalid.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The program does not fit into RAM.
    #[error("cannot load the guest program")]
    Load {
        /// The error of the memory.
        source: GuestMemoryError,
    },
    /// KVM refused the vCPU's start address.
    #[error("cannot set the vCPU's program counter")]
    ProgramCounter {
        /// The kernel's answer.
        source: Errno,
    },
    /// The signal handler of the time limit cannot be installed.
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
    /// An exit that the probe does not use.
    #[error("unhandled KVM exit: {exit}")]
    UnexpectedExit {
        /// The exit, as kvm-ioctls shows it.
        exit: String,
    },
    /// The guest did not end in time.
    #[error("the guest did not end within {} s", limit.as_secs_f32())]
    TimeLimit {
        /// The time limit.
        limit: Duration,
    },
    /// The VM has no vCPU: it was created without one, or a panic of the guest thread lost it.
    #[error("the VM has no vCPU to run")]
    NoVcpu,
}

/// Runs the probe guest on the first vCPU of a VM, for no longer than `limit`.
///
/// Returns the VM and the report.
///
/// # Errors
///
/// The [`RunError`] of the step that failed; [`RunError::Probe`] if the guest's report is
/// invalid.
pub(crate) fn run_probe(
    mut vm: Vm,
    registers: &[Encoding],
    limit: Duration,
) -> Result<(Vm, ProbeReport), RunError> {
    let program = Program::new(registers)?;
    vm.memory()
        .write_slice(&program.image(), GuestAddress(layout::RAM_START))
        .map_err(|source| RunError::Load { source })?;
    vm.vcpus()
        .first()
        .ok_or(RunError::NoVcpu)?
        .set_one_reg(PROGRAM_COUNTER, &program.entry().to_ne_bytes())
        .map_err(|error| RunError::ProgramCounter {
            source: error.into(),
        })?;
    register_signal_handler(SIGRTMIN(), handle_kick).map_err(|error| RunError::Watchdog {
        source: error.into(),
    })?;
    let vcpus = vm.take_vcpus();
    let (vcpus, result) = run_limited(vcpus, Collector::new(registers), limit)?;
    vm.put_vcpus(vcpus);
    Ok((vm, result?))
}

type Outcome = (Vec<VcpuFd>, Result<ProbeReport, RunError>);

/// Runs the first vCPU in its own thread; at the time limit a signal ends its `KVM_RUN`.
fn run_limited(
    mut vcpus: Vec<VcpuFd>,
    collector: Collector,
    limit: Duration,
) -> Result<Outcome, RunError> {
    let expired = Arc::new(AtomicBool::new(false));
    let expired_in_guest = Arc::clone(&expired);
    let (running, finished) = mpsc::channel::<()>();
    let guest = thread::spawn(move || {
        let _running = running;
        let result = match vcpus.first_mut() {
            Some(vcpu) => collect(vcpu, collector, &expired_in_guest, limit),
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

/// Sends the signal until the thread ends, since a signal just before `KVM_RUN` does not end it.
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
) -> Result<ProbeReport, RunError> {
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
                    source: error.into(),
                });
            }
        }
        if expired.load(Ordering::Relaxed) {
            return Err(RunError::TimeLimit { limit });
        }
    }
}
