//! Bounds: the values of a field that an override permits.

use super::rejection::{Reason, Target};
use crate::config::options::{CpuOption, OptionSetting};
use crate::description::RegisterField;
use crate::description::feature::FieldRange;
use crate::host::{Host, Obstacle};

/// The values of a field that meet a constraint.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// This value.
    Exactly(u64),
    /// A value in this range of the field, for a feature that is on.
    In(FieldRange),
    /// A value outside this range of the field, for a feature that is off.
    NotIn(FieldRange),
}

/// The bounds of one override on fields.
pub(super) type Bounds = Vec<(RegisterField, Bound)>;

/// The field and the reason of a rejection.
pub(super) type Refusal = Box<(Option<Target>, Reason)>;

/// Describes a field on the host and the value that an override requests for it.
pub(super) fn target(host: &Host, field: RegisterField, requested: Option<u64>) -> Target {
    Target {
        field,
        requested,
        host: host.values().field(field),
        allowed: host.allowed(field),
        cores: host.field_on_cores(field),
    }
}

/// The reason why a host refuses a bound, with the option that would meet it.
pub(super) fn host_refuses(
    host: &Host,
    field: RegisterField,
    bound: Bound,
    obstacle: Obstacle,
) -> Reason {
    let remedy = match obstacle {
        Obstacle::Owned(owner) | Obstacle::Without(owner) => CpuOption::of(owner),
        _ => None,
    };
    // A field that needs the option is zero without it, and not zero with it.
    let remedy =
        remedy.filter(|option| field.field.rule().needs.and_then(CpuOption::of) == Some(*option));
    let remedy = remedy.map(|option| OptionSetting::of(option, host.info().vcpu).opposite());
    let is_possible = |setting: &OptionSetting| {
        let capability = setting
            .option
            .capability(setting.on, &host.info().capabilities);
        capability.is_none_or(|(_, has)| has)
    };
    Reason::Host {
        obstacle,
        kernel: host.info().kernel_release.clone(),
        remedy: remedy.filter(|setting| setting.on != bound.is_met(0) && is_possible(setting)),
    }
}

impl Bound {
    /// Checks that a value meets the bound.
    pub(super) fn is_met(self, value: u64) -> bool {
        match self {
            Self::Exactly(exact) => value == exact,
            Self::In(range) => range.contains(value),
            Self::NotIn(range) => !range.contains(value),
        }
    }

    /// The value of the field if the host's does not meet the bound.
    pub(super) fn value(self) -> u64 {
        match self {
            Self::Exactly(value) => value,
            Self::In(range) => range.first,
            Self::NotIn(range) => outside(range),
        }
    }
}

/// The highest value with a name that is below a range, or else the lowest above it, as far as KVM
/// takes them; without such a value, one less.
fn outside(range: FieldRange) -> u64 {
    let field = range.field.field;
    let number = |value: u64| field.comparable(value);
    let is_refused = |value: u64| {
        let mut refused = field.rule().refused.iter();
        refused.any(|range| range.contains(value))
    };
    let (mut below, mut above) = (None, None);
    for named in field.values() {
        let value = named.value;
        if is_refused(value) {
            continue;
        }
        if number(value) < number(range.first) {
            if below.is_none_or(|highest| number(value) > number(highest)) {
                below = Some(value);
            }
        } else if number(value) > number(range.last)
            && above.is_none_or(|lowest| number(value) < number(lowest))
        {
            above = Some(value);
        }
    }
    below
        .or(above)
        .unwrap_or_else(|| range.first.wrapping_sub(1) & field.max())
}
