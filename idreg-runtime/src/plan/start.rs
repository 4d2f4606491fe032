//! The values from which overrides start: the host's, or those of a named model.

use super::Warning;
use super::bound::{Bound, host_refuses, target};
use super::rejection::{OverrideAt, Reason, Rejection};
use crate::config::options::CpuOption;
use crate::description::{Description, RegisterField};
use crate::host::Host;
use crate::model::property::Property;
use crate::model::{CpuModel, NamedModel, Override, Setting};
use crate::register::RegisterValue;
use crate::regs::ClidrEl1;
use crate::values::RegisterValues;
use std::borrow::Cow;

/// The position of a named model's number of counters: after its options, a vector length included.
pub(super) const POSITION_OF_COUNTERS: usize = CpuOption::SWITCHES.len() + 1;
/// The position of a named model's first field.
const FIRST_FIELD: usize = POSITION_OF_COUNTERS + 1;

/// The values that a guest would have without overrides.
pub(super) struct Start<'h> {
    pub(super) values: Cow<'h, RegisterValues>,
    /// The values on each core type, if there are several.
    pub(super) cores: Vec<Cow<'h, RegisterValues>>,
    /// The fields that a named model sets, with their values.
    pub(super) set: Vec<(RegisterField, u64)>,
    /// The fields that overrides of a named model set to a value.
    overridden: Vec<RegisterField>,
    /// Those of them that are 0 in the named model, in registers that the host does not have.
    absent: Vec<RegisterField>,
}

impl<'h> Start<'h> {
    /// The host's values, with those of a named model in their place where no override of the field
    /// or of its option is given.
    pub(super) fn new(host: &'h Host, model: &CpuModel) -> Self {
        let (mut overridden, mut set, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(named) = model.base().named() {
            overridden = self::overridden(host.description(), model);
            set = set_fields(host, named, &overridden);
            absent.clone_from(&overridden);
            absent.retain(|field| {
                let is_absent = host.values().field(*field).is_none();
                is_absent && named.value(*field) == Some(0)
            });
        }
        let mut cores = Vec::new();
        for core in host.cores() {
            cores.push(with(&core.values, &set));
        }
        Self {
            values: with(host.values(), &set),
            cores,
            set,
            overridden,
            absent,
        }
    }

    /// True if a named model has 0 in an overridden field of a register that the host does not
    /// have, which reads as zero.
    pub(super) fn reads_as_zero(&self, field: RegisterField) -> bool {
        self.absent.contains(&field)
    }

    /// The values of a field on all core types.
    pub(super) fn limits(&self, field: RegisterField) -> impl Iterator<Item = u64> + '_ {
        let values = [&self.values].into_iter().chain(&self.cores);
        values.filter_map(move |values| values.field(field))
    }

    /// Rejects every value of a named model that the host cannot give and no override changes;
    /// `is_constrained` is true for a field on which an override has a constraint.
    pub(super) fn check(
        &self,
        host: &Host,
        model: &CpuModel,
        is_constrained: &dyn Fn(RegisterField) -> bool,
        expected: &RegisterValues,
        rejections: &mut Vec<Rejection>,
    ) {
        let Some(named) = model.base().named() else {
            return;
        };
        for (position, (field, value)) in self.set.iter().enumerate() {
            let (field, value) = (*field, *value);
            let is_changed = expected.field(field).is_some_and(|new| new != value);
            if is_changed && is_constrained(field) {
                continue;
            }
            let reason = match host.check(field, value) {
                // The register reads as zero.
                Err(_) if value == 0 && host.values().field(field).is_none() => continue,
                Err(obstacle) => host_refuses(host, field, Bound::Exactly(value), obstacle),
                Ok(()) if self.implies_idc(host, field, expected) => Reason::ImpliesIdc,
                Ok(()) => continue,
            };
            let asked = Override {
                property: field.to_string(),
                value: Ok(Setting::Number(value)),
            };
            let of = OverrideAt {
                base: Some(named.full_name()),
                ..OverrideAt::new(FIRST_FIELD + position, &asked)
            };
            let target = target(host, field, Some(value));
            of.reject_into(rejections, Some(target), reason);
        }
    }

    /// True for a field of cache levels that imply CTR_EL0.IDC on a host without it.
    fn implies_idc(&self, host: &Host, field: RegisterField, expected: &RegisterValues) -> bool {
        let clidr = ClidrEl1::DESCRIPTION;
        let is_first = || clidr.fields().next() == Some(field);
        field.register.encoding == ClidrEl1::ENCODING
            && is_first()
            && host.values().get(clidr) != self.values.get(clidr)
            && expected.get(clidr) == self.values.get(clidr)
            && !self
                .values
                .get_as()
                .is_none_or(|value| host.accepts_cache_levels(value))
    }

    /// The warning about the fields that a named model leaves to the host.
    pub(super) fn warning(&self, model: &CpuModel, expected: &RegisterValues) -> Option<Warning> {
        let named = model.base().named()?;
        let mut fields = Vec::new();
        for field in expected.description().fields() {
            if named.leaves_to_host(field)
                && !self.overridden.contains(&field)
                && let Some(value) = expected.field(field)
            {
                fields.push((field, value));
            }
        }
        let model = named.full_name().to_owned();
        Some(Warning::OfHost { model, fields })
    }
}

/// The fields that a named model sets on a host, with their values.
fn set_fields(
    host: &Host,
    named: &NamedModel,
    overridden: &[RegisterField],
) -> Vec<(RegisterField, u64)> {
    let config = host.info().vcpu;
    let mut set = Vec::new();
    for field in host.description().fields() {
        let Some(value) = named.value(field) else {
            continue;
        };
        let rule = field.field.rule();
        let mut follows_from_other_option = false;
        for option in [rule.owner, rule.needs].into_iter().flatten() {
            if let Some(option) = CpuOption::of(option) {
                // The option is overridden, or rejected for itself.
                follows_from_other_option |= option.is_on(config) != option.is_on(named.config());
            }
        }
        if !follows_from_other_option && !overridden.contains(&field) {
            set.push((field, value));
        }
    }
    set
}

/// The fields that overrides set to a value.
fn overridden(description: &Description, model: &CpuModel) -> Vec<RegisterField> {
    let mut fields = Vec::new();
    for asked in model.overrides() {
        match Property::find(description, &asked.property) {
            Some(Property::Field(field)) => fields.push(field),
            Some(Property::Register(register)) => fields.extend(register.fields()),
            _ => {}
        }
    }
    fields
}

fn with<'h>(values: &'h RegisterValues, set: &[(RegisterField, u64)]) -> Cow<'h, RegisterValues> {
    let mut values = Cow::Borrowed(values);
    for (field, value) in set {
        let RegisterField { register, field } = *field;
        if let Some(old) = values.get(register)
            && field.extract(old) != *value
        {
            values.to_mut().set(register, field.insert(old, *value));
        }
    }
    values
}
