//! Values of firmware registers that a host's KVM refuses.

use super::{FirmwareObstacle, FirmwareSetting, FirmwareValues, PSCI_0_2, PSCI_1_0};
use crate::text::lines;
use core::fmt;

/// The error of values that a host's KVM refuses, with every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct FirmwareRejected(pub Vec<FirmwareRejection>);

/// A value of a firmware register that a host's KVM refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FirmwareRejection {
    /// The register with the refused value.
    pub setting: FirmwareSetting,
    /// The value of a new VM on the host, or `None` if its KVM does not have the register.
    pub host: Option<u64>,
    /// The obstacle to the value.
    pub obstacle: FirmwareObstacle,
}

impl FirmwareValues {
    /// The values as settings, in the order of
    /// [`FirmwareRegister::ALL`](super::FirmwareRegister::ALL).
    pub fn settings(&self) -> impl Iterator<Item = FirmwareSetting> + '_ {
        self.iter()
            .map(|(register, value)| FirmwareSetting { register, value })
    }

    /// Checks that KVM takes these values for a VM that has not run, on a host whose new VMs have
    /// the values `host`; see
    /// [`FirmwareRegister::check`](super::FirmwareRegister::check). Nothing is refused if `host` is
    /// [empty](Self::is_empty), as nobody has read it.
    ///
    /// # Errors
    ///
    /// [`FirmwareRejected`] with every value that KVM refuses.
    pub fn check(&self, host: &Self) -> Result<(), FirmwareRejected> {
        if host.is_empty() {
            return Ok(());
        }
        let rejections = self.settings().filter_map(|setting| {
            let host = host.get(setting.register);
            let obstacle = setting.register.check(host, setting.value).err()?;
            Some(FirmwareRejection {
                setting,
                host,
                obstacle,
            })
        });
        let rejections: Vec<FirmwareRejection> = rejections.collect();
        if rejections.is_empty() {
            Ok(())
        } else {
            Err(FirmwareRejected(rejections))
        }
    }
}

/// Shows the setting, why KVM refuses it, and what it takes.
impl fmt::Display for FirmwareRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let register = self.setting.register;
        let host = self.host.unwrap_or(0);
        let of_host = register.show(host);
        write!(f, "{}: ", self.setting)?;
        match self.obstacle {
            FirmwareObstacle::Absent => {
                f.write_str("this host's KVM does not have the register; leave it out")
            }
            FirmwareObstacle::Newer => write!(
                f,
                "above the version of this host's KVM; {} and {} to {of_host} work",
                register.show(PSCI_0_2),
                register.show(PSCI_1_0)
            ),
            FirmwareObstacle::NoVersion => write!(
                f,
                "no vCPU with PSCI 0.2 or newer has this version; {} and {} to {of_host} work",
                register.show(PSCI_0_2),
                register.show(PSCI_1_0)
            ),
            FirmwareObstacle::Unprotected => write!(
                f,
                "above the level of this host, {of_host}, which a guest finds in any case: KVM \
                 compares the level and does not store it; leave it out"
            ),
            FirmwareObstacle::NoLevel => write!(
                f,
                "not a level of this workaround; this host has {of_host}, which a guest finds in \
                 any case"
            ),
            FirmwareObstacle::Services(bits) => write!(
                f,
                "this host's KVM does not have the services {bits:#x}; every part of {} works",
                register.show(register.offered(host))
            ),
        }
    }
}
