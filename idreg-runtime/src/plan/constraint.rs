//! Turns overrides into constraints on fields.

use super::rejection::{OverrideAt, Reason, Rejection, Target};
use crate::description::feature::{FeatureDescription, FieldAtLeast};
use crate::description::{FieldDescription, RegisterDescription, RegisterField};
use crate::host::{Host, Obstacle};
use crate::model::property::Property;

/// A constraint of one override on one field.
#[derive(Clone, Copy)]
pub(super) struct Constraint<'m> {
    pub(super) of: OverrideAt<'m>,
    pub(super) field: RegisterField,
    pub(super) bound: Bound,
}

/// The values of a field that meet a constraint.
#[derive(Clone, Copy)]
pub(super) enum Bound {
    /// This value.
    Exactly(u64),
    /// This value or more, for a feature that is on.
    AtLeast(u64),
    /// Less than this value, for a feature that is off.
    Below(u64),
}

/// The bounds of one override on fields.
type Bounds = Vec<(RegisterField, Bound)>;

/// The field and the reason of a rejection.
type Refusal = Box<(Option<Target>, Reason)>;

/// Returns the constraints of an override, none for an option, or its rejection.
pub(super) fn constraints<'m>(
    host: &Host,
    of: OverrideAt<'m>,
) -> Result<Vec<Constraint<'m>>, Box<Rejection>> {
    let bounds = match Property::find(host.description(), &of.asked.property) {
        Some(Property::Field(field)) => of_field(host, of, field),
        Some(Property::Register(register)) => of_register(host, of, register),
        Some(Property::Feature(feature)) => of_feature(host, of, feature),
        // Checked with the other options, by `configure`.
        Some(Property::Option(_)) => Ok(Vec::new()),
        Some(Property::Enforce) => match of.asked.switch() {
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(Box::new((None, Reason::InvalidValue(error)))),
        },
        None => {
            let nearest = Property::nearest(host.description(), &of.asked.property);
            Err(Box::new((None, Reason::UnknownProperty { nearest })))
        }
    };
    let bounds = bounds.map_err(|refusal| {
        let (target, reason) = *refusal;
        of.reject(target, reason)
    })?;
    let constraints = bounds.into_iter();
    Ok(constraints
        .map(|(field, bound)| Constraint { of, field, bound })
        .collect())
}

fn of_field(host: &Host, of: OverrideAt<'_>, field: RegisterField) -> Result<Bounds, Refusal> {
    let target = |requested| Some(target(host, field, requested));
    let value = of
        .asked
        .number()
        .map_err(|error| Box::new((target(None), Reason::InvalidValue(error))))?;
    let max = field.field.max();
    if value > max {
        return Err(Box::new((target(Some(value)), Reason::TooWide { max })));
    }
    Ok(vec![(field, Bound::Exactly(value))])
}

fn of_register(
    host: &Host,
    of: OverrideAt<'_>,
    register: &'static RegisterDescription,
) -> Result<Bounds, Refusal> {
    let value = of.asked.number().map_err(|error| {
        let first = register.fields().next();
        let target = first.map(|first| target(host, first, None));
        Box::new((target, Reason::InvalidValue(error)))
    })?;
    let fields = register.fields();
    let max = fields.fold(0, |bits, field| bits | field.field.mask());
    if value & !max != 0 {
        return Err(Box::new((None, Reason::TooWide { max })));
    }
    let exactly = |field: RegisterField| (field, Bound::Exactly(field.field.extract(value)));
    Ok(register.fields().map(exactly).collect())
}

fn of_feature(
    host: &Host,
    of: OverrideAt<'_>,
    feature: &'static FeatureDescription,
) -> Result<Bounds, Refusal> {
    let on = of
        .asked
        .switch()
        .map_err(|error| Box::new((None, Reason::InvalidValue(error))))?;
    let is_absent = |minimum: &FieldAtLeast| host.values().field(minimum.field).is_none();
    if let Some(absent) = feature.defining_fields().find(is_absent) {
        let target = target(host, absent.field, Some(absent.value));
        let kernel = host.info().kernel_release.clone();
        let obstacle = Obstacle::Absent;
        return Err(Box::new((Some(target), Reason::Host { obstacle, kernel })));
    }
    let bound = if on { Bound::AtLeast } else { Bound::Below };
    let mirrors = feature.aarch32_mirrors();
    let mirrors = mirrors.filter(|minimum| moves(host, feature, on, *minimum));
    let fields = feature.defining_fields().chain(mirrors);
    Ok(fields
        .map(|minimum| (minimum.field, bound(minimum.value)))
        .collect())
}

/// Checks that an AArch32 field can be lowered with a feature of the host: KVM fixes some of them.
fn moves(host: &Host, feature: &FeatureDescription, on: bool, minimum: FieldAtLeast) -> bool {
    let lower = below(minimum.field.field, minimum.value);
    !on && host.values().has(feature) && host.check(minimum.field, lower).is_ok()
}

/// Describes a field on the host and the value that an override requests for it.
pub(super) fn target(host: &Host, field: RegisterField, requested: Option<u64>) -> Target {
    Target {
        field,
        requested,
        host: host.values().field(field),
        allowed: host.allowed(field),
    }
}

impl Bound {
    /// Checks that a value meets the bound.
    pub(super) fn is_met(self, field: &FieldDescription, value: u64) -> bool {
        match self {
            Self::Exactly(exact) => value == exact,
            Self::AtLeast(minimum) => field.comparable(value) >= field.comparable(minimum),
            Self::Below(ceiling) => field.comparable(value) < field.comparable(ceiling),
        }
    }

    /// The value of the field if the host's does not meet the bound.
    pub(super) fn value(self, field: &FieldDescription) -> u64 {
        match self {
            Self::Exactly(value) => value,
            Self::AtLeast(minimum) => minimum,
            Self::Below(ceiling) => below(field, ceiling),
        }
    }
}

/// The highest value with a name that is less than another; without one, one less.
fn below(field: &FieldDescription, ceiling: u64) -> u64 {
    let values = field.values.iter().map(|value| value.value);
    let lower = values.filter(|value| field.comparable(*value) < field.comparable(ceiling));
    lower
        .max_by_key(|value| field.comparable(*value))
        .unwrap_or_else(|| ceiling.wrapping_sub(1) & field.max())
}
