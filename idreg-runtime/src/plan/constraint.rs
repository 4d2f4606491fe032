//! Turns overrides into constraints on fields.

use super::bound::{Bound, Bounds, Refusal, target};
use super::feature;
use super::rejection::{OverrideAt, Reason, Rejection};
use super::start::Start;
use crate::config::pmu_counters::MOST_PMU_COUNTERS;
use crate::description::{RegisterDescription, RegisterField};
use crate::host::Host;
use crate::model::CpuModel;
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

/// The constraints of every override of a model; overrides that are not possible are rejected.
///
/// Options and numbers of counters have none, and are checked by `configure` and `counters`.
pub(super) fn all_constraints<'m>(
    host: &Host,
    start: &Start<'_>,
    model: &'m CpuModel,
    rejections: &mut Vec<Rejection>,
) -> Vec<Constraint<'m>> {
    let mut all = Vec::new();
    // The first override of each known property, by name.
    let mut given: Vec<OverrideAt<'_>> = Vec::new();
    for (position, asked) in model.overrides().iter().enumerate() {
        let of = OverrideAt::new(position, asked);
        let found = match Property::find(host.description(), &asked.property) {
            Some(Property::Option(_)) => continue,
            Some(property) => constraints(host, start, of, property),
            // The plan adds the nearest name, for a few of them.
            None => {
                of.reject_into(rejections, None, Reason::UnknownProperty { nearest: None });
                continue;
            }
        };
        let first =
            match given.binary_search_by_key(&&asked.property, |first| &first.asked.property) {
                Ok(at) => given.get(at).copied(),
                Err(at) => {
                    given.insert(at, of);
                    None
                }
            };
        match (found, first) {
            (Ok(more), None) => all.extend(more),
            (Ok(more), Some(first)) => {
                let first_field = more.first().map(|constraint| constraint.field);
                let target = first_field.map(|field| target(host, field, None));
                let first = first.as_asked();
                of.reject_into(rejections, target, Reason::Duplicate { first });
            }
            // Given twice on every host, whatever this one lacks.
            (Err(rejection), Some(first)) if rejection.reason.is_of_host() => {
                let first = first.as_asked();
                of.reject_into(rejections, rejection.target, Reason::Duplicate { first });
            }
            (Err(rejection), _) => rejections.push(*rejection),
        }
    }
    all
}

/// Returns the constraints of an override of a property, none for an option, or its rejection.
fn constraints<'m>(
    host: &Host,
    start: &Start<'_>,
    of: OverrideAt<'m>,
    property: Property,
) -> Result<Vec<Constraint<'m>>, Box<Rejection>> {
    let bounds = match property {
        Property::Field(field) => of_field(host, of, field),
        Property::Register(register) => of_register(host, of, register),
        Property::Feature(feature) => feature::bounds(host, start, of, feature),
        Property::Option(_) => Ok(Vec::new()),
        Property::PmuCounters => of_counters(of),
        Property::Enforce => match of.asked.switch() {
            Ok(_) => Ok(Vec::new()),
            Err(error) => Err(Box::new((None, Reason::InvalidValue(error)))),
        },
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

fn of_counters(of: OverrideAt<'_>) -> Result<Bounds, Refusal> {
    let max = u64::from(MOST_PMU_COUNTERS);
    match of.asked.number() {
        Ok(counters) if counters <= max => Ok(Vec::new()),
        Ok(_) => Err(Box::new((None, Reason::TooWide { max }))),
        Err(error) => Err(Box::new((None, Reason::InvalidValue(error)))),
    }
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
