//! The parts of a guest's machine beside its ID registers that a VMM writes.

use super::Plan;
use crate::config::GicIdentity;
use crate::firmware::{FirmwareRejected, FirmwareValues};
use crate::host::Host;

impl Plan {
    /// The firmware registers that the VMM writes before the first run, with `kvm::write_firmware`;
    /// empty unless they were [set](Self::set_firmware) or the plan is that of a
    /// [view](Self::for_view).
    ///
    /// A plan for a view has those whose values on a new VM of the host differ from the guest's.
    #[must_use]
    pub fn firmware(&self) -> &FirmwareValues {
        &self.firmware
    }

    /// The identity that the VMM gives the GICv3 before it initialises it, with
    /// `kvm::set_gic_identity`: a register that is known here is written. Unknown unless the plan
    /// is that of a [view](Self::for_view) that differs from the host.
    #[must_use]
    pub fn gic_identity(&self) -> GicIdentity {
        self.gic_identity
    }

    /// Sets the firmware registers that the VMM writes, on the host that the plan was made for.
    /// A register with the value 0 that the host's KVM does not have reads as zero without a write.
    ///
    /// ```
    /// # let host: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// use idreg_runtime::firmware::{FirmwareRegister, FirmwareSetting, FirmwareValues};
    /// use idreg_runtime::plan::Plan;
    ///
    /// let FirmwareSetting { register, value } = "KVM_REG_ARM_PSCI_VERSION=1.1".parse()?;
    /// let mut firmware = FirmwareValues::default();
    /// firmware.set(register, value);
    ///
    /// let mut plan = Plan::new(&host, &"host".parse()?)?;
    /// plan.set_firmware(&host, firmware)?;
    /// assert_eq!(plan.firmware().get(FirmwareRegister::PsciVersion), Some(0x1_0001));
    ///
    /// firmware.set(register, 0x1_0007);
    /// assert!(plan.set_firmware(&host, firmware).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FirmwareRejected`] with every value that the host's KVM refuses; the plan is then as it
    /// was.
    pub fn set_firmware(
        &mut self,
        host: &Host,
        firmware: FirmwareValues,
    ) -> Result<&mut Self, FirmwareRejected> {
        firmware.check(&host.info().firmware)?;
        let of_host = host.info().firmware;
        let mut written = FirmwareValues::default();
        for (register, value) in firmware.iter() {
            if of_host.is_empty() || of_host.get(register).is_some() {
                written.set(register, value);
            }
        }
        self.firmware = written;
        Ok(self)
    }

    /// Writes these beside the ID registers; the host takes them.
    pub(crate) fn write_beside(&mut self, firmware: FirmwareValues, gic_identity: GicIdentity) {
        self.firmware = firmware;
        self.gic_identity = gic_identity;
    }
}
