//! Writes the firmware registers of a VM.

use super::{KvmError, KvmStep, OneReg};
use crate::firmware::{FirmwareSetting, FirmwareValues};
use crate::vcpu::RegistersById;
use std::os::fd::AsRawFd;

/// Writes firmware registers through an initialised vCPU of a VM that has not run, and reads them
/// back.
///
/// All vCPUs of a VM share them, so one vCPU is enough (Linux 7.2,
/// `arch/arm64/kvm/hypercalls.c`, `kvm_arm_set_fw_reg`). [`FirmwareValues::check`] tells before if
/// KVM takes the values. A level of a mitigation is not read back: KVM compares it with the host's,
/// and a guest finds the host's.
///
/// # Errors
///
/// [`KvmStep::WriteFirmware`] or [`KvmStep::ReadFirmware`] at the first register that KVM refuses,
/// or [`KvmError::FirmwareDiffers`] at the first that it stores otherwise; the registers before it
/// stay written.
///
/// # System calls
///
/// `ioctl` on the vCPU: `KVM_SET_ONE_REG` (0x4010aeac) for each register, and `KVM_GET_ONE_REG`
/// (0x4010aeab) for each that is read back.
pub fn write_firmware(vcpu: &impl AsRawFd, values: &FirmwareValues) -> Result<(), KvmError> {
    let registers = OneReg::new(vcpu);
    for setting in values.settings() {
        let FirmwareSetting { register, value } = setting;
        registers
            .set_id(register.id(), value)
            .map_err(KvmStep::WriteFirmware { setting }.failed())?;
        if register.is_mitigation() {
            continue;
        }
        let found = registers
            .get_by_id(register.id())
            .map_err(KvmStep::ReadFirmware { register }.failed())?;
        if found != value {
            return Err(KvmError::FirmwareDiffers { setting, found });
        }
    }
    Ok(())
}
