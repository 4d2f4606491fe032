//! Writes of registers as KVM handles them: the setters of `arch/arm64/kvm/sys_regs.c`.

use crate::description::{RegisterDescription, RegisterField};
use crate::encoding::Encoding;
use crate::host::Host;
use crate::register::FieldValue;
use crate::regs::id_aa64dfr0_el1::{DoubleLock, PMUVer};
use crate::regs::id_aa64mmfr0_el1::{Tgran4_2, Tgran16_2, Tgran64_2};
use crate::regs::id_aa64pfr0_el1::El2;
use crate::regs::id_aa64pfr1_el1::{Mte, MteFrac};
use crate::regs::id_dfr0_el1::PerfMon;
use crate::regs::{
    AidrEl1, ClidrEl1, IdAa64dfr0El1, IdAa64pfr0El1, IdAa64pfr1El1, IdAfr0El1, IdDfr0El1,
    IdDfr1El1, MidrEl1, MpidrEl1, RevidrEl1,
};
use crate::vcpu::Errno;

/// A value of a field that KVM accepts and does not store.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaskedValue {
    pub(super) field: RegisterField,
    pub(super) value: u64,
}

/// A write of a register before KVM has checked its value.
#[derive(Debug)]
pub(super) struct PendingWrite<'a> {
    pub(super) host: &'a Host,
    pub(super) masked: &'a [MaskedValue],
    pub(super) register: &'static RegisterDescription,
    /// The register's value in a new VM, which KVM compares with.
    pub(super) limit: u64,
    /// The register's present value.
    pub(super) present: u64,
    pub(super) has_run: bool,
}

impl PendingWrite<'_> {
    /// The register's value after a write of `value`, or KVM's error.
    pub(super) fn after(&self, value: u64) -> Result<u64, Errno> {
        let encoding = self.register.encoding;
        match encoding {
            // This register has no setter of its own, so KVM stores any value at any time.
            MpidrEl1::ENCODING => Ok(value),
            _ if !self.host.info().capabilities.writable_masks => self.unchanged(value),
            ClidrEl1::ENCODING => self.cache_levels(value),
            MidrEl1::ENCODING | RevidrEl1::ENCODING | AidrEl1::ENCODING => {
                self.implementation_id(value)
            }
            _ if self.is_write_ignored() => Ok(self.present),
            _ => self.id_register(value),
        }
    }

    /// Before Linux 6.7, which added masks, an ID register had one value (Linux 6.1, `set_id_reg`),
    /// and so had CLIDR_EL1 (`invariant_sys_regs`). The few fields that could be lowered
    /// nevertheless, such as ID_AA64PFR0_EL1.CSV2, are not modelled.
    fn unchanged(&self, value: u64) -> Result<u64, Errno> {
        accepted_if(value == self.present, value)
    }

    /// Models `set_clidr`, the same in Linux 6.12 and 7.2, before and after the first run.
    fn cache_levels(&self, value: u64) -> Result<u64, Errno> {
        // KVM reports all bits except the reserved ones as writable.
        let reserved = !self.host.writable(self.register);
        let accepted = self.host.accepts_cache_levels(ClidrEl1::from_bits(value));
        accepted_if(value & reserved == 0 && accepted, value)
    }

    /// Models `set_imp_id_reg` of Linux 7.2. In 6.12, which lacks the capability, the registers are
    /// `invariant_sys_regs` and refuse the same values.
    fn implementation_id(&self, value: u64) -> Result<u64, Errno> {
        if value == self.present {
            return Ok(value);
        }
        if !self.host.info().capabilities.writable_implementation_ids {
            return Err(Errno::EINVAL);
        }
        if self.has_run {
            return Err(Errno::EBUSY);
        }
        accepted_if(value & !self.host.writable(self.register) == 0, value)
    }

    /// True for an AArch32 register of a host without AArch32: its writes succeed and do nothing
    /// (`REG_USER_WI` in `aa32_id_visibility`), and KVM reports no bit of it as writable.
    fn is_write_ignored(&self) -> bool {
        let values = self.host.values();
        let only_aarch64 = values
            .get_as::<IdAa64pfr0El1>()
            .is_some_and(|pfr0| pfr0.el0().bits() == 1);
        only_aarch64
            && has_aarch32_visibility(self.register.encoding)
            && self.host.writable(self.register) == 0
    }

    /// Models `set_id_reg` and the register's own setter before it.
    fn id_register(&self, value: u64) -> Result<u64, Errno> {
        let value = self.corrected(value);
        if self.is_refused(value) {
            return Err(Errno::EINVAL);
        }
        if self.has_run {
            let same = value == self.present;
            return if same { Ok(value) } else { Err(Errno::EBUSY) };
        }
        accepted_if(self.is_safe(value), value)
    }

    /// Replaces field values that older kernels showed, or showed by mistake, with the present
    /// ones.
    fn corrected(&self, value: u64) -> u64 {
        let value = self
            .masked
            .iter()
            .fold(value, |value, masked| self.with_own(value, *masked));
        match self.register.encoding {
            // set_id_aa64dfr0_el1
            IdAa64dfr0El1::ENCODING => {
                self.double_lock(replaced(value, PMUVer::IMP_DEF, PMUVer::NI))
            }
            // set_id_dfr0_el1
            IdDfr0El1::ENCODING => replaced(value, PerfMon::IMPDEF, PerfMon::NI),
            // set_id_aa64pfr1_el1: zero means asynchronous tag checks, which such a CPU lacks.
            IdAa64pfr1El1::ENCODING if self.is_limit(Mte::MTE2) && self.is_limit(MteFrac::NI) => {
                replaced(value, MteFrac::ASYNC, MteFrac::NI)
            }
            _ => value,
        }
    }

    fn with_own(&self, value: u64, masked: MaskedValue) -> u64 {
        let RegisterField { register, field } = masked.field;
        if register.encoding == self.register.encoding && field.extract(value) == masked.value {
            field.insert(value, field.extract(self.limit))
        } else {
            value
        }
    }

    /// Models `ignore_feat_doublelock`: older kernels showed the lock to guest hypervisors on CPUs
    /// without it.
    fn double_lock(&self, value: u64) -> u64 {
        if self.host.info().vcpu.el2 && self.is_limit(DoubleLock::NI) {
            replaced(value, DoubleLock::IMP, DoubleLock::NI)
        } else {
            value
        }
    }

    /// True if the register's own setter refuses the value. It checks this before it checks whether
    /// the guest has run.
    fn is_refused(&self, value: u64) -> bool {
        self.writable_fields().any(|field| {
            let (limit, value) = (field.field.extract(self.limit), field.field.extract(value));
            let mut refused = field.field.rule().refused.iter();
            self.checks_refused() && refused.any(|range| range.contains(value))
                || self.host.info().vcpu.el2 && is_refused_with_el2(field, limit, value)
        })
    }

    /// True if the kernel refuses values of this register. The refusals of ID_AA64PFR0_EL1 are in
    /// Linux 7.2 and not in 6.12. No capability reports them; KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, new
    /// in between, comes closest.
    fn checks_refused(&self) -> bool {
        self.register.encoding != IdAa64pfr0El1::ENCODING
            || self.host.info().capabilities.writable_implementation_ids
    }

    /// Models `arm64_check_features`. It compares with the limit, so a lowered field can be raised
    /// again, and every bit outside the writable fields must equal the limit's.
    fn is_safe(&self, value: u64) -> bool {
        let mut checked = 0;
        for field in self.writable_fields() {
            let (field, safety) = (field.field, field.field.rule().safety);
            let limit = field.extract(self.limit);
            if !safety.accepts(field.width(), limit, field.extract(value)) {
                return false;
            }
            checked |= field.mask();
        }
        value & !checked == self.limit & !checked
    }

    /// The fields of which KVM reports all bits as writable.
    fn writable_fields(&self) -> impl Iterator<Item = RegisterField> {
        let mask = self.host.writable(self.register);
        let fields = self.register.fields();
        fields.filter(move |field| field.field.mask() & !mask == 0)
    }

    fn is_limit<F: FieldValue>(&self, value: F) -> bool {
        F::FIELD.field.extract(self.limit) == value.bits()
    }
}

/// True if `aa32_id_visibility` hides the register.
///
/// It hides all AArch32 ID registers except two, which KVM shows as zero on every host (`ID_HIDDEN`
/// in `sys_reg_descs`), and whose writes it checks. The kernel's test of this is
/// `tools/testing/selftests/kvm/arm64/aarch32_id_regs.c`.
fn has_aarch32_visibility(register: Encoding) -> bool {
    register.is_aarch32_id() && register != IdAfr0El1::ENCODING && register != IdDfr1El1::ENCODING
}

/// True if KVM refuses the value for a guest hypervisor: EL2 must stay (`set_id_aa64pfr0_el1`), and
/// each stage-2 granule must stay or be absent (`set_id_aa64mmfr0_el1`).
fn is_refused_with_el2(field: RegisterField, limit: u64, value: u64) -> bool {
    if field == El2::FIELD {
        return value == 0;
    }
    let granules = [Tgran4_2::FIELD, Tgran16_2::FIELD, Tgran64_2::FIELD];
    granules.contains(&field) && value != limit && value != Tgran4_2::NI.bits()
}

/// A register's value in which a field with the value `from` has the value `to`.
fn replaced<F: FieldValue>(register: u64, from: F, to: F) -> u64 {
    let field = F::FIELD.field;
    if field.extract(register) == from.bits() {
        field.insert(register, to.bits())
    } else {
        register
    }
}

fn accepted_if(condition: bool, value: u64) -> Result<u64, Errno> {
    if condition {
        Ok(value)
    } else {
        Err(Errno::EINVAL)
    }
}
