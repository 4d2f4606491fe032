//! Access to the state that KVM keeps: of a vCPU, and of the GIC.

use super::error::StateError;
use super::gic_register::GicRegister;
use super::register::RegisterId;
use idreg_runtime::vcpu::Errno;
use serde::{Deserialize, Serialize};

/// The state of one vCPU, which is outside the guest.
pub trait VcpuAccess {
    /// The ids of its registers (`KVM_GET_REG_LIST`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn registers(&self) -> Result<Vec<RegisterId>, Errno>;

    /// Reads a register of the id's size (`KVM_GET_ONE_REG`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn get(&self, register: RegisterId, value: &mut [u8]) -> Result<(), Errno>;

    /// Writes a register of the id's size (`KVM_SET_ONE_REG`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn set(&self, register: RegisterId, value: &[u8]) -> Result<(), Errno>;

    /// The power state, `KVM_MP_STATE_*` (`KVM_GET_MP_STATE`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn power(&self) -> Result<u32, Errno>;

    /// Sets the power state (`KVM_SET_MP_STATE`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn set_power(&self, power: u32) -> Result<(), Errno>;

    /// The exceptions that wait for the vCPU (`KVM_GET_VCPU_EVENTS`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn events(&self) -> Result<VcpuEvents, Errno>;

    /// Sets the exceptions that wait for the vCPU (`KVM_SET_VCPU_EVENTS`).
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn set_events(&self, events: VcpuEvents) -> Result<(), Errno>;
}

/// The registers of the GIC, while no vCPU runs (`KVM_GET_DEVICE_ATTR`, `KVM_SET_DEVICE_ATTR`).
pub trait GicAccess {
    /// Reads a register.
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn read(&self, register: GicRegister) -> Result<u64, Errno>;

    /// Writes a register; those of 32 bits take the low half.
    ///
    /// # Errors
    ///
    /// The kernel's error.
    fn write(&self, register: GicRegister, value: u64) -> Result<(), Errno>;
}

/// Exceptions that wait for a vCPU (Linux 7.2, `Documentation/virt/kvm/api.rst`, 4.31, arm64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VcpuEvents {
    /// True if an SError waits.
    pub serror_pending: bool,
    /// The syndrome of that SError, or `None` if the guest gets that of the CPU.
    pub serror_syndrome: Option<u64>,
    /// True if an external data abort waits.
    pub data_abort_pending: bool,
}

/// The ids of a vCPU's registers.
pub(super) fn list(vcpu: usize, access: &impl VcpuAccess) -> Result<Vec<RegisterId>, StateError> {
    access
        .registers()
        .map_err(|source| StateError::List { vcpu, source })
}

/// The value of a register, without the bits that KVM computes as it is read.
pub(super) fn value(
    vcpu: usize,
    access: &impl VcpuAccess,
    register: RegisterId,
) -> Result<Vec<u8>, StateError> {
    let mut value = vec![0; register.size()];
    let failed = |source: Errno| StateError::Read {
        vcpu,
        register,
        source,
    };
    access.get(register, &mut value).map_err(failed)?;
    register.without_status(&mut value);
    Ok(value)
}
