//! The state of a machine: everything of a guest but its memory and its view, read from KVM while
//! the vCPUs are paused, and written into another VM before they run there.
//!
//! A VM is made again in this order; each part is written by the module in the last column:
//!
//! | step | part | not before | module |
//! |---|---|---|---|
//! | 1 | options, vector lengths, GIC identity, memory | | `vmm/vm.rs` |
//! | 2 | ID registers, PMU, firmware registers | the GIC is initialised; no vCPU has run | a [`Plan`] for the view |
//! | 3 | both counters | | `vmm/clock.rs` |
//! | 4 | the registers of each vCPU, its pending SError, its power state | 2, 3 | [`vcpu`] |
//! | 5 | the GIC: redistributors, distributor, CPU interfaces | all vCPUs have their affinities | [`gic`] |
//! | 6 | the console | its interrupt is connected | `vmm/serial.rs` |
//!
//! The registers after reset are read between steps 2 and 3 ([`reset`]); those that have the
//! guest's values already are not written.
//!
//! What a view has is not in the state: ID registers, cache sizes, firmware registers and vector
//! lengths come from the [`Plan`] for it. Each register is read back after it was written, and a
//! difference is an error, since the guest would go on with it.
//!
//! The code reaches KVM through two traits ([`access`]), so that every failure of each call can be
//! tried without KVM.
//!
//! [`Plan`]: idreg_runtime::plan::Plan

pub mod access;
mod all_vcpus;
pub mod clock;
mod core_register;
pub mod error;
#[cfg(test)]
mod fake;
pub mod gic;
pub mod gic_register;
mod hexadecimal;
mod hidden_register;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
mod kvm;
pub mod register;
pub mod reset;
pub mod vcpu;

pub use self::clock::{ClockPolicy, ClockState};
pub use self::error::StateError;
pub use self::gic::GicState;
pub use self::reset::ResetState;
pub use self::vcpu::VcpuState;

use self::access::{GicAccess, VcpuAccess};
use self::reset::VcpuReset;
use serde::{Deserialize, Serialize};

/// The state of a machine apart from its memory, its devices and its view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineState {
    /// The counters.
    pub clock: ClockState,
    /// The vCPUs, in the order of their numbers.
    pub vcpus: Vec<VcpuState>,
    /// The GIC.
    pub gic: GicState,
}

impl MachineState {
    /// The state of a machine whose vCPUs are all paused: `vcpus` as they were read, by number, and
    /// its GIC, which was created with this number of interrupts.
    ///
    /// # Errors
    ///
    /// [`StateError::GicRead`]; the machine is as it was.
    pub fn read(
        clock: ClockState,
        vcpus: Vec<VcpuState>,
        gic: &impl GicAccess,
        interrupts: u32,
    ) -> Result<Self, StateError> {
        let affinities: Vec<u32> = vcpus.iter().map(VcpuState::affinity).collect();
        Ok(Self {
            clock,
            gic: GicState::read(gic, &affinities, interrupts)?,
            vcpus,
        })
    }

    /// Checks that the state is one of a machine with this number of vCPUs and interrupts, before
    /// anything is written.
    ///
    /// # Errors
    ///
    /// [`StateError::VcpuCount`] or the errors of [`GicState::check`].
    pub fn check(&self, vcpus: usize, interrupts: u32) -> Result<(), StateError> {
        let found = self.vcpus.len();
        if found != vcpus {
            let expected = vcpus;
            return Err(StateError::VcpuCount { found, expected });
        }
        self.gic.check(vcpus, interrupts)
    }

    /// Writes the state into a machine that has the view of the guest and has not run, and reads
    /// it back. `reset` was read from it.
    ///
    /// # Errors
    ///
    /// The [`StateError`] of the call that failed, or of the register that differs afterwards. The
    /// machine must not run then.
    pub fn write<V: VcpuAccess + Sync>(
        &self,
        vcpus: &[V],
        gic: &impl GicAccess,
        interrupts: u32,
        reset: &ResetState,
    ) -> Result<(), StateError> {
        self.check(vcpus.len(), interrupts)?;
        self.check(reset.vcpus.len(), interrupts)?;
        let no_register = VcpuReset::default();
        let of = |index: usize| reset.vcpus.get(index).unwrap_or(&no_register);
        let affinities: Vec<u32> = self.vcpus.iter().map(VcpuState::affinity).collect();
        all_vcpus::try_for_each(&self.vcpus, vcpus, |state, index, vcpu| {
            state.write(index, vcpu, of(index))
        })?;
        self.gic.write(gic, &affinities, &reset.gic)?;
        all_vcpus::try_for_each(&self.vcpus, vcpus, |state, index, vcpu| {
            state.verify(index, vcpu, of(index))
        })
    }
}

#[cfg(test)]
mod tests;
