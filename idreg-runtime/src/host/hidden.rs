//! Fields that no KVM shows to a guest: a host with a value there was not read through KVM.

use super::Host;
use crate::description::RegisterField;
use crate::register::{FieldValue, RegisterValue};
use crate::regs::id_aa64dfr0_el1::{
    Brbe, ExtTrcBuff, Hpmn0, Mtpmu, PMSVer, Pmss, Sebep, TraceBuffer, TraceFilt, TraceVer,
};
use crate::regs::id_aa64pfr0_el1::Amu;
use crate::regs::id_aa64pfr1_el1::{Gcs, Mtex, Nmi, Pfar, RndrTrap, Sme, The};
use crate::regs::{IdAa64dfr1El1, IdAa64smfr0El1};

/// The fields that are zero in every KVM guest, from Linux 6.1 to 7.3.
///
/// KVM clears some of them (Linux 7.2, `arch/arm64/kvm/sys_regs.c`, `sanitise_id_aa64pfr0_el1`,
/// `sanitise_id_aa64pfr1_el1` and `sanitise_id_aa64dfr0_el1`). The others have no entry in the
/// kernel's tables (`arch/arm64/kernel/cpufeature.c`, `arm64_ftr_regs`), without which a field is
/// zero.
static HIDDEN_FIELDS: [RegisterField; 18] = [
    Amu::FIELD,
    Sme::FIELD,
    RndrTrap::FIELD,
    Nmi::FIELD,
    Gcs::FIELD,
    The::FIELD,
    Mtex::FIELD,
    Pfar::FIELD,
    TraceVer::FIELD,
    Pmss::FIELD,
    Sebep::FIELD,
    PMSVer::FIELD,
    TraceFilt::FIELD,
    TraceBuffer::FIELD,
    Mtpmu::FIELD,
    Brbe::FIELD,
    ExtTrcBuff::FIELD,
    Hpmn0::FIELD,
];

impl Host {
    /// The fields that KVM hides from every guest and that have a value here nevertheless, with
    /// their values.
    ///
    /// Such a host is a bare machine, or was read in a guest of another hypervisor. Its values are
    /// not those that a KVM guest sees there: other fields are too high as well.
    ///
    /// ```
    /// # let host: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// assert_eq!(host.hidden_fields(), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hidden_fields(&self) -> Vec<(RegisterField, u64)> {
        let mut hidden = Vec::new();
        let mut add = |field: RegisterField| {
            let value = self.values.field(field).filter(|value| *value != 0);
            hidden.extend(value.map(|value| (field, value)));
        };
        for field in &HIDDEN_FIELDS {
            add(*field);
        }
        for register in [IdAa64smfr0El1::DESCRIPTION, IdAa64dfr1El1::DESCRIPTION] {
            for field in register.fields() {
                add(field);
            }
        }
        hidden
    }
}
