//! Turns overrides into constraints on fields.

use super::bound::{Bound, Bounds, Refusal, target};
use super::feature;
use super::rejection::{OverrideAt, Reason, Rejection};
use crate::description::{RegisterDescription, RegisterField};
use crate::host::Host;
use crate::model::property::Property;

/// A constraint of one override on one field.
#[derive(Clone, Copy)]
pub(super) struct Constraint<'m> {
    pub(super) of: OverrideAt<'m>,
    pub(super) field: RegisterField,
    pub(super) bound: Bound,
}

impl Constraint<'_> {
    /// True if one value meets the constraint.
    pub(super) fn is_exact(&self) -> bool {
        matches!(self.bound, Bound::Exactly(_))
    }
}

/// Returns the constraints of an override, none for an option, or its rejection.
pub(super) fn constraints<'m>(
    host: &Host,
    of: OverrideAt<'m>,
) -> Result<Vec<Constraint<'m>>, Box<Rejection>> {
    let bounds = match Property::find(host.description(), &of.asked.property) {
        Some(Property::Field(field)) => of_field(host, of, field),
        Some(Property::Register(register)) => of_register(host, of, register),
        Some(Property::Feature(feature)) => feature::bounds(host, of, feature),
        // Checked with the other options, by `configure`.
        Some(Property::Option(_)) => Ok(Vec::new()),
        Some(Property::Enforce) => match of.asked.switch() {
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(Box::new((None, Reason::InvalidValue(error)))),
        },
        // The plan adds the nearest name, for a few of them.
        None => Err(Box::new((None, Reason::UnknownProperty { nearest: None }))),
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
