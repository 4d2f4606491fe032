//! The state of a new machine, read before that of a guest comes: registers that have the guest's
//! values already need no write while the guest stands still.

use super::access::{GicAccess, VcpuAccess, list, value};
use super::error::StateError;
use super::gic::GicState;
use super::register::{MPIDR, Part, RegisterId, affinity};
use std::collections::BTreeMap;

/// The state after reset of a machine whose vCPUs have the guest's view and have not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetState {
    pub(super) vcpus: Vec<VcpuReset>,
    pub(super) gic: GicState,
}

/// The registers of a vCPU that belong to a state, with their values after reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VcpuReset(BTreeMap<RegisterId, Vec<u8>>);

impl ResetState {
    /// Reads the registers of a machine whose GIC was created with this number of interrupts.
    ///
    /// # Errors
    ///
    /// [`StateError::List`], [`StateError::Read`] or [`StateError::GicRead`].
    pub fn read(
        vcpus: &[impl VcpuAccess],
        gic: &impl GicAccess,
        interrupts: u32,
    ) -> Result<Self, StateError> {
        let vcpus = vcpus.iter().enumerate();
        let vcpus = vcpus.map(|(index, vcpu)| VcpuReset::read(index, vcpu));
        let vcpus = vcpus.collect::<Result<Vec<_>, _>>()?;
        let affinities: Vec<u32> = vcpus.iter().map(VcpuReset::affinity).collect();
        let gic = GicState::read(gic, &affinities, interrupts)?;
        Ok(Self { vcpus, gic })
    }
}

impl VcpuReset {
    fn read(index: usize, access: &impl VcpuAccess) -> Result<Self, StateError> {
        let list = list(index, access)?.into_iter();
        let registers = list.filter(|register| register.part() == Some(Part::Vcpu));
        let values = registers.map(|register| {
            let value = value(index, access, register)?;
            Ok((register, value))
        });
        Ok(Self(values.collect::<Result<_, StateError>>()?))
    }

    /// True if the vCPU has this register.
    pub(super) fn has(&self, register: RegisterId) -> bool {
        self.0.contains_key(&register)
    }

    /// The value of a register, or `None` if the vCPU does not have it.
    pub(super) fn value(&self, register: RegisterId) -> Option<&[u8]> {
        self.0.get(&register).map(Vec::as_slice)
    }

    fn affinity(&self) -> u32 {
        affinity(self.value(MPIDR))
    }
}
