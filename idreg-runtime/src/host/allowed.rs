//! The allowed values of a field on a host, and the obstacles to all other values.

use super::Host;
use crate::config::options::CpuOption;
use crate::description::RegisterField;
use crate::description::rule::{Owner, Safety, ValueRange};
use crate::register::FieldValue;
use crate::regs::id_aa64pfr0_el1::El2;
use crate::values::RegisterValues;

/// The reason why KVM would reject a value of a field; from [`Host::why_fixed`], any value except
/// the host's.
///
/// There [`Above`](Self::Above), [`Below`](Self::Below) and [`Inexact`](Self::Inexact) mean that
/// KVM would let the field be written, but the host has no other value to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// The host's KVM does not have the register.
    Absent,
    /// The host's KVM does not allow writes of the field.
    NotWritable,
    /// The register requires `KVM_CAP_ARM_WRITABLE_IMP_ID_REGS`, which the host's KVM does not
    /// have, or the VM that was read has not enabled.
    ImplementationId,
    /// The field's owner sets the field.
    Owned(Owner),
    /// The field reads as zero while its owner, an option, is off.
    Without(Owner),
    /// The value is above the limit, and only lower values are safe.
    Above,
    /// The value is below the limit, and only higher values are safe.
    Below,
    /// The value is neither the limit nor the one value that is safe on every host.
    Inexact,
    /// KVM refuses the value on every host.
    Refused,
}

impl Obstacle {
    /// The obstacle to values that do not pass the comparison with a limit.
    pub(crate) fn beyond(safety: Safety, limit: Option<u64>) -> Self {
        match safety {
            Safety::Lower | Safety::SignedLower => Self::Above,
            Safety::HigherOrZero if limit == Some(0) => Self::Above,
            Safety::Higher | Safety::HigherOrZero => Self::Below,
            Safety::Exact { .. } => Self::Inexact,
            Safety::Any => Self::NotWritable,
        }
    }

    /// A stable name for programs: `absent`, `not-writable`, `implementation-id`, `owned`,
    /// `option-off`, `above-host`, `below-host`, `inexact` or `refused`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::NotWritable => "not-writable",
            Self::ImplementationId => "implementation-id",
            Self::Owned(_) => "owned",
            Self::Without(_) => "option-off",
            Self::Above => "above-host",
            Self::Below => "below-host",
            Self::Inexact => "inexact",
            Self::Refused => "refused",
        }
    }
}

impl Host {
    /// The obstacle to any change of a field, or `None` if values other than the host's are
    /// allowed.
    ///
    /// ```
    /// # let host: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// use idreg_runtime::host::Obstacle;
    /// use idreg_runtime::description::rule::Owner;
    ///
    /// let field = |name| host.description().property(name).ok_or("no such property");
    /// assert_eq!(host.why_fixed(field("SYSREG_ID_AA64ISAR0_EL1_DP")?), None);
    /// let fixed = host.why_fixed(field("SYSREG_ID_AA64PFR0_EL1_FP")?);
    /// assert_eq!(fixed, Some(Obstacle::NotWritable));
    /// let owned = host.why_fixed(field("SYSREG_ID_AA64PFR0_EL1_SVE")?);
    /// assert_eq!(owned, Some(Obstacle::Owned(Owner::Sve)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn why_fixed(&self, field: RegisterField) -> Option<Obstacle> {
        if let Some(obstacle) = self.fixed(field) {
            return Some(obstacle);
        }
        let value = self.values.field(field);
        let has_other =
            |range: &ValueRange| range.first != range.last || Some(range.first) != value;
        let can_change = self.ranges(field).iter().any(has_other);
        // Everything that KVM reports as writable is something that the host lacks anyway.
        (!can_change).then(|| self.beyond(field))
    }

    /// Checks that a value of a field is allowed on this host.
    ///
    /// The host's own value always is, since it needs no write. Any other value must be allowed on
    /// every core type.
    ///
    /// # Errors
    ///
    /// The [`Obstacle`] that prevents the value.
    pub fn check(&self, field: RegisterField, value: u64) -> Result<(), Obstacle> {
        if self.values.field(field) == Some(value) {
            return Ok(());
        }
        if let Some(obstacle) = self.fixed(field) {
            return Err(obstacle);
        }
        self.compare(field, value)
    }

    /// True if every core type can honour a value of a field: it is there already, or a write of it
    /// is allowed.
    pub(crate) fn honours(&self, field: RegisterField, value: u64) -> bool {
        let agrees = self.values.field(field) == Some(value) && self.cores_agree(field);
        agrees || self.fixed(field).is_none() && self.compare(field, value).is_ok()
    }

    /// Checks that a value passes KVM's checks, provided that the field can be changed at all.
    fn compare(&self, field: RegisterField, value: u64) -> Result<(), Obstacle> {
        match field.field.rule().owner {
            Some(owner) if value == 0 => Err(Obstacle::Owned(owner)),
            _ if self.refuses(field, value) => Err(Obstacle::Refused),
            _ if self.is_safe(field, value) => Ok(()),
            _ => Err(self.beyond(field)),
        }
    }

    /// True if a value passes KVM's checks with these limits, provided that the field can be
    /// changed at all. An owner alone makes its field zero.
    fn accepts(&self, field: RegisterField, value: u64, limits: &[u64]) -> bool {
        let rule = field.field.rule();
        let is_owners = value == 0 && rule.owner.is_some();
        let is_safe = |limit: &u64| rule.safety.accepts(field.field.width(), *limit, value);
        !is_owners && !self.refuses(field, value) && limits.iter().all(is_safe)
    }

    /// True if the comparison with the limit of every core type accepts a value.
    fn is_safe(&self, field: RegisterField, value: u64) -> bool {
        let mut limits = self.limits(field);
        limits.all(|limit| {
            let safety = field.field.rule().safety;
            safety.accepts(field.field.width(), limit, value)
        })
    }

    /// The limit that KVM compares a new value of a field with, or `None` if the host does not have
    /// the register. On a machine with several core types it is the value that all can honour.
    #[must_use]
    pub fn limit(&self, field: RegisterField) -> Option<u64> {
        let own = self.values.field(field)?;
        let mut limits = self.limits(field);
        let common = limits.find(|limit| self.is_safe(field, *limit));
        let otherwise = match field.field.rule().safety {
            Safety::Exact { safe } => safe,
            _ => own,
        };
        Some(common.unwrap_or(otherwise))
    }

    /// The values of every register with each field at its [limit](Self::limit): what all core
    /// types can honour. They are the host's own values if all cores have the same type.
    #[must_use]
    pub fn common_values(&self) -> RegisterValues {
        let mut values = self.values.clone();
        for register in self.differing_registers() {
            let Some(own) = self.values.get(register) else {
                continue;
            };
            // Of bits without a description those that all have.
            let cores = self.cores.iter();
            let of_cores = cores.filter_map(|core| core.values.get(register));
            let shared = of_cores.fold(own, |shared, value| shared & value);
            let common = register.fields().fold(shared, |value, field| {
                let limit = self.limit(field).unwrap_or(0);
                field.field.insert(value, limit)
            });
            values.set(register, common);
        }
        values
    }

    /// The obstacle to a write of any value, or `None`.
    fn fixed(&self, field: RegisterField) -> Option<Obstacle> {
        let rule = field.field.rule();
        let lacks = |values: &RegisterValues| values.get(field.register).is_none();
        if lacks(&self.values) || self.cores.iter().any(|core| lacks(&core.values)) {
            return Some(Obstacle::Absent);
        }
        if let Some(owner @ (Owner::Gic | Owner::Topology)) = rule.owner {
            return Some(Obstacle::Owned(owner));
        }
        if !self.has_writable_bits(field) {
            let owned = rule.owner.map(Obstacle::Owned);
            return Some(owned.unwrap_or(Obstacle::NotWritable));
        }
        if let Some(owner) = rule.needs.filter(|owner| !self.is_on(*owner)) {
            return Some(Obstacle::Without(owner));
        }
        self.lacks_capability(field)
            .then_some(Obstacle::ImplementationId)
    }

    /// The allowed values of a field, ascending, the host's value included. Empty if the host does
    /// not have the register.
    ///
    /// ```
    /// # let host: idreg_runtime::host::Host =
    /// #     serde_json::from_str(include_str!("../../data/hosts/max-latest.json"))?;
    /// # let field = |name| host.description().property(name).ok_or("no such property");
    /// use idreg_runtime::description::rule::ValueRange;
    ///
    /// let aes = host.allowed(field("SYSREG_ID_AA64ISAR0_EL1_AES")?);
    /// assert_eq!(aes, [ValueRange { first: 0, last: 2 }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn allowed(&self, field: RegisterField) -> Vec<ValueRange> {
        let Some(value) = self.values.field(field) else {
            return Vec::new();
        };
        if self.why_fixed(field).is_some() {
            return vec![ValueRange {
                first: value,
                last: value,
            }];
        }
        self.ranges(field)
    }

    /// The values of a field that every core type honours, ascending: those of
    /// [`allowed`](Self::allowed) without the host's own if some core type cannot have it.
    pub(crate) fn honoured(&self, field: RegisterField) -> Vec<ValueRange> {
        let own = self.values.field(field);
        if own.is_none_or(|own| self.honours(field, own)) {
            return self.allowed(field);
        }
        match self.fixed(field) {
            Some(_) => Vec::new(),
            None => self.writable_ranges_and(field, None),
        }
    }

    /// The values that pass KVM's checks, provided that the field can be changed at all, and the
    /// host's own.
    fn ranges(&self, field: RegisterField) -> Vec<ValueRange> {
        self.writable_ranges_and(field, self.values.field(field))
    }

    /// The values that pass KVM's checks, provided that the field can be changed at all, and
    /// another value; ascending.
    ///
    /// A check can change its answer only at the limits, at the ends of what the rule names, at
    /// zero, and where signed numbers turn negative, so one value between two such places decides
    /// for all of them.
    fn writable_ranges_and(&self, field: RegisterField, other: Option<u64>) -> Vec<ValueRange> {
        let (rule, max) = (field.field.rule(), field.field.max());
        let limits: Vec<u64> = self.limits(field).collect();
        let mut starts = Vec::with_capacity(8);
        let add: &mut dyn FnMut(u64, u64) = &mut |first, last| {
            for start in [first, last.saturating_add(1).min(max)] {
                if let Err(at) = starts.binary_search(&start) {
                    starts.insert(at, start);
                }
            }
        };
        add(0, 0);
        for limit in limits.iter().chain(&other) {
            add(*limit, *limit);
        }
        match rule.safety {
            Safety::SignedLower => add(0, max / 2),
            Safety::Exact { safe } => add(safe, safe),
            _ => {}
        }
        for refused in rule.refused {
            add(refused.first, refused.last);
        }
        let mut ranges: Vec<ValueRange> = Vec::new();
        for (position, &first) in starts.iter().enumerate() {
            let next = starts.get(position + 1);
            let last = next.map_or(max, |next| next - 1);
            if other != Some(first) && !self.accepts(field, first, &limits) {
                continue;
            }
            match ranges.last_mut() {
                Some(range) if range.last + 1 == first => range.last = last,
                _ => ranges.push(ValueRange { first, last }),
            }
        }
        ranges
    }

    /// True if KVM refuses a value that the comparison with the limit accepts.
    fn refuses(&self, field: RegisterField, value: u64) -> bool {
        // A guest hypervisor needs EL2 (Linux 7.2, arch/arm64/kvm/sys_regs.c, set_id_aa64pfr0_el1).
        let lacks_el2 = self.info.vcpu.el2 && field == El2::FIELD && value == 0;
        let mut refused = field.field.rule().refused.iter();
        lacks_el2 || refused.any(|range| range.contains(value))
    }

    /// The obstacle to values that do not pass the comparison with the limit.
    fn beyond(&self, field: RegisterField) -> Obstacle {
        Obstacle::beyond(field.field.rule().safety, self.limit(field))
    }

    /// The field's value on every core type: an allowed value is safe for each of them.
    pub(crate) fn limits(&self, field: RegisterField) -> impl Iterator<Item = u64> + '_ {
        let first = self.values.field(field);
        let others = self
            .cores
            .iter()
            .filter_map(move |core| core.values.field(field));
        first.into_iter().chain(others)
    }

    /// True if every core type has the same value of a field.
    pub(crate) fn cores_agree(&self, field: RegisterField) -> bool {
        let mut limits = self.limits(field);
        let first = limits.next();
        limits.all(|limit| Some(limit) == first)
    }

    fn is_on(&self, owner: Owner) -> bool {
        CpuOption::of(owner).is_none_or(|option| option.is_on(self.info.vcpu))
    }
}
