//! The state of one vCPU.

use super::access::{VcpuAccess, VcpuEvents, list, value};
use super::error::StateError;
use super::register::{MPIDR, Part, RegisterValue, ShownValue, affinity};
use super::reset::VcpuReset;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `KVM_MP_STATE_RUNNABLE` (Linux 7.2, `include/uapi/linux/kvm.h`).
const RUNNABLE: u32 = 0;
/// `KVM_MP_STATE_STOPPED`: switched off, until the guest's `CPU_ON`.
const STOPPED: u32 = 5;

/// The registers of a vCPU that are no part of the guest's view, and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VcpuState {
    /// True if the guest has switched the vCPU on.
    pub is_on: bool,
    /// The exceptions that wait for the vCPU.
    pub events: VcpuEvents,
    /// The registers, in the order of KVM's list.
    pub registers: Vec<RegisterValue>,
}

impl VcpuState {
    /// Reads the state of a vCPU that is outside the guest.
    ///
    /// # Errors
    ///
    /// The [`StateError`] of the call that failed, or [`StateError::UnknownKind`].
    pub fn read(index: usize, vcpu: &impl VcpuAccess) -> Result<Self, StateError> {
        let failed = |action| {
            move |source| StateError::Vcpu {
                vcpu: index,
                action,
                source,
            }
        };
        let list = list(index, vcpu)?;
        let mut registers = Vec::with_capacity(list.len());
        for register in list {
            match register.part() {
                None => {
                    return Err(StateError::UnknownKind {
                        vcpu: index,
                        register,
                    });
                }
                Some(Part::Vcpu) => {
                    let value = value(index, vcpu, register)?;
                    registers.extend(RegisterValue::new(register, value));
                }
                Some(Part::View | Part::Clock) => {}
            }
        }
        let power = vcpu.power().map_err(failed("read the power state"))?;
        let is_on = match power {
            RUNNABLE => true,
            STOPPED => false,
            power => return Err(StateError::PowerState { vcpu: index, power }),
        };
        Ok(Self {
            is_on,
            events: vcpu
                .events()
                .map_err(failed("read the pending exceptions"))?,
            registers,
        })
    }

    /// Writes the state into a vCPU that has the guest's view and has not run; `reset` was read
    /// from it. Registers that have their values already are not written.
    ///
    /// A register that only this vCPU has keeps its value after reset: the host that the guest
    /// comes from had no such state. A register that only the saved vCPU has is left out if older
    /// kernels alone list it and it has its value after reset.
    ///
    /// # Errors
    ///
    /// The [`StateError`] of the call that failed; the vCPU has a part of the state then.
    pub(super) fn write(
        &self,
        index: usize,
        vcpu: &impl VcpuAccess,
        reset: &VcpuReset,
    ) -> Result<(), StateError> {
        let failed = |action| {
            move |source| StateError::Vcpu {
                vcpu: index,
                action,
                source,
            }
        };
        self.check(index)?;
        let mut registers = self.registers_of(index, reset)?;
        registers.retain(|register| {
            let mut value = register.value().to_vec();
            register.id().without_status(&mut value);
            reset.value(register.id()) != Some(&*value)
        });
        registers.sort_by_key(|register| register.id().place());
        for register in registers {
            let id = register.id();
            vcpu.set(id, &id.written(register.value()))
                .map_err(|source| StateError::Write {
                    vcpu: index,
                    register: id,
                    value: ShownValue(register.value()).to_string(),
                    source,
                })?;
        }
        vcpu.set_events(self.events)
            .map_err(failed("set the pending exceptions"))?;
        let power = if self.is_on { RUNNABLE } else { STOPPED };
        vcpu.set_power(power).map_err(failed("set the power state"))
    }

    /// Checks that the state has only registers that belong to it, each once.
    fn check(&self, vcpu: usize) -> Result<(), StateError> {
        let mut seen = BTreeSet::new();
        for register in self.registers.iter().map(RegisterValue::id) {
            if register.part() != Some(Part::Vcpu) {
                return Err(StateError::NotState { vcpu, register });
            }
            if !seen.insert(register) {
                return Err(StateError::Twice { vcpu, register });
            }
        }
        Ok(())
    }

    /// The affinity as the GIC's device numbers CPUs: Aff3 in the highest byte, Aff0 in the lowest
    /// (Linux 7.2, `Documentation/virt/kvm/devices/arm-vgic-v3.rst`).
    #[must_use]
    pub fn affinity(&self) -> u32 {
        let mut registers = self.registers.iter();
        let mpidr = registers.find(|register| register.id() == MPIDR);
        affinity(mpidr.map(RegisterValue::value))
    }

    /// The registers of the state that a vCPU has, which are all but those that a newer kernel may
    /// hide.
    fn registers_of(
        &self,
        index: usize,
        reset: &VcpuReset,
    ) -> Result<Vec<&RegisterValue>, StateError> {
        let (present, missing): (Vec<_>, Vec<_>) = self
            .registers
            .iter()
            .partition(|register| reset.has(register.id()));
        let mut lost = missing.iter().filter(|register| !register.may_be_missing());
        lost.next().map_or(Ok(present), |register| {
            Err(StateError::Missing {
                vcpu: index,
                register: register.id(),
                value: ShownValue(register.value()).to_string(),
            })
        })
    }

    /// Compares the vCPU's registers with the state; `reset` was read from it before.
    ///
    /// # Errors
    ///
    /// [`StateError::Differs`] for the first that differs, [`StateError::Missing`] or
    /// [`StateError::Read`].
    pub(super) fn verify(
        &self,
        index: usize,
        vcpu: &impl VcpuAccess,
        reset: &VcpuReset,
    ) -> Result<(), StateError> {
        for register in self.registers_of(index, reset)? {
            let id = register.id();
            let found = value(index, vcpu, id)?;
            let mut written = register.value().to_vec();
            id.without_status(&mut written);
            if found != written {
                return Err(StateError::Differs {
                    vcpu: index,
                    register: id,
                    written: ShownValue(&written).to_string(),
                    found: ShownValue(&found).to_string(),
                });
            }
        }
        Ok(())
    }
}
