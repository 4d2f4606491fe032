//! The guest's clock: the counters of its vCPUs, which stand still while the guest is paused.
//!
//! A guest has two counters, CNTVCT_EL0 and CNTPCT_EL0. Since Linux 6.4 one offset of the VM moves
//! both: each is the host's physical counter minus the offset. In a guest with EL2, CNTVCT_EL0 is
//! also less by the guest's own CNTVOFF_EL2. Before Linux 6.4 only the virtual counter moves, and
//! CNTPCT_EL0 is the host's (Linux 7.2, `arch/arm64/kvm/arch_timer.c`).

use idreg_runtime::encoding::Encoding;
use idreg_runtime::kvm::OneReg;
use idreg_runtime::vcpu::{Errno, VcpuRegs as _};
use kvm_bindings::kvm_arm_counter_offset;
use kvm_ioctls::{Cap, VcpuFd, VmFd};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use vmm_sys_util::ioctl::ioctl_with_ref;

/// `KVM_REG_ARM_PTIMER_CNT`: the host's physical counter minus the VM's offset.
const PHYSICAL_COUNT: Encoding = Encoding::new(3, 3, 14, 0, 1);

/// `KVM_REG_ARM_TIMER_CNT`, which has the number of CNTV_CVAL_EL0 by an old mistake (Linux 7.2,
/// `arch/arm64/include/uapi/asm/kvm.h`).
const VIRTUAL_COUNT: Encoding = Encoding::new(3, 3, 14, 3, 2);

/// `KVM_ARM_SET_COUNTER_OFFSET`: `_IOW(KVMIO, 0xb5, struct kvm_arm_counter_offset)` (Linux 7.2,
/// `include/uapi/linux/kvm.h`).
const SET_COUNTER_OFFSET: libc::c_ulong = 0x4010_aeb5;

/// A counter that cannot be read or moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClockError {
    /// `KVM_GET_ONE_REG` failed.
    #[error("cannot read the guest's counter")]
    Read {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_SET_COUNTER_OFFSET`, or `KVM_SET_ONE_REG` before Linux 6.4, failed: `EBUSY` if a
    /// vCPU is in an ioctl.
    #[error("cannot set the guest's counters")]
    Set {
        /// The kernel's answer.
        source: Errno,
    },
}

/// The clock of a VM, in ticks of CNTFRQ_EL0.
///
/// KVM counts on while a clock is stopped; [`start`](Self::start) then moves the counters back.
#[derive(Debug)]
pub struct Clock {
    vm: Arc<VmFd>,
    state: Mutex<ClockState>,
}

#[derive(Debug)]
struct ClockState {
    /// The offset of both counters, or `None` if the kernel moves the virtual counter alone.
    offset: Option<u64>,
    /// The count at which the clock is stopped, or `None` while it runs.
    stopped_at: Option<u64>,
}

impl Clock {
    /// The clock of a new VM, stopped at 0.
    ///
    /// With `el2` it runs already, at the host's count: one offset moves both counters of such a
    /// guest anyway, and a hypervisor works with the physical timer, whose accesses KVM traps once
    /// there is an offset, on CPUs without CNTPOFF_EL2.
    ///
    /// From here on KVM ignores writes of the count registers (Linux 6.4 and newer).
    pub(crate) fn new(vm: Arc<VmFd>, el2: bool) -> Self {
        let offset = 0;
        let claimed = if vm.check_extension(Cap::CounterOffset) {
            set_offset(&vm, offset)
        } else {
            Err(Errno(libc::ENOTTY))
        };
        if let Err(error) = claimed {
            tracing::debug!(%error, "this kernel moves the guest's virtual counter alone");
        }
        Self {
            vm,
            state: Mutex::new(ClockState {
                offset: claimed.ok().map(|()| offset),
                stopped_at: (!el2).then_some(0),
            }),
        }
    }

    /// True if the clock moves both counters, false if only the virtual one (before Linux 6.4).
    #[must_use]
    pub fn moves_both(&self) -> bool {
        self.state().offset.is_some()
    }

    /// The count of a stopped clock, or that of a running one as this vCPU reads it.
    ///
    /// # Errors
    ///
    /// [`ClockError::Read`].
    pub fn count(&self, vcpu: &VcpuFd) -> Result<u64, ClockError> {
        self.state().count(vcpu)
    }

    /// Stops the clock at this count, from which the guest's counters go on at the next start.
    pub fn set(&self, count: u64) {
        self.state().stopped_at = Some(count);
    }

    /// Stops a running clock at the count that this vCPU reads.
    ///
    /// # Errors
    ///
    /// [`ClockError::Read`]; the clock runs on.
    pub fn stop(&self, vcpu: &VcpuFd) -> Result<(), ClockError> {
        let mut state = self.state();
        state.stopped_at = Some(state.count(vcpu)?);
        Ok(())
    }

    /// Starts a stopped clock by means of this vCPU. No vCPU of the VM may be in an ioctl.
    ///
    /// # Errors
    ///
    /// The [`ClockError`]; the counters are what KVM has counted meanwhile.
    pub fn start(&self, vcpu: &VcpuFd) -> Result<(), ClockError> {
        let mut state = self.state();
        let Some(count) = state.stopped_at.take() else {
            return Ok(());
        };
        let set = if let Some(offset) = state.offset {
            let host = state.count(vcpu)?.wrapping_add(offset);
            let offset = host.wrapping_sub(count);
            set_offset(&self.vm, offset).map(|()| state.offset = Some(offset))
        } else {
            OneReg::new(vcpu).set(VIRTUAL_COUNT, count)
        };
        set.map_err(|source| ClockError::Set { source })
    }

    /// No code that holds the lock panics half-way through a change, so that a poisoned lock
    /// guards a valid state.
    fn state(&self) -> MutexGuard<'_, ClockState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClockState {
    fn count(&self, vcpu: &VcpuFd) -> Result<u64, ClockError> {
        if let Some(count) = self.stopped_at {
            return Ok(count);
        }
        let register = match self.offset {
            Some(_) => PHYSICAL_COUNT,
            None => VIRTUAL_COUNT,
        };
        OneReg::new(vcpu)
            .get(register)
            .map_err(|source| ClockError::Read { source })
    }
}

#[allow(unsafe_code, reason = "kvm-ioctls 0.25 does not wrap this ioctl")]
fn set_offset(vm: &VmFd, counter_offset: u64) -> Result<(), Errno> {
    let argument = kvm_arm_counter_offset {
        counter_offset,
        ..Default::default()
    };
    // SAFETY: the kernel reads a structure of this type and size, and keeps no pointer to it.
    let answer = unsafe { ioctl_with_ref(vm, SET_COUNTER_OFFSET, &argument) };
    if answer == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    Err(Errno(error.raw_os_error().unwrap_or(libc::EIO)))
}
