//! Turns a feature that is on or off into bounds on fields.

use super::bound::{Bound, Bounds, Refusal, host_refuses, target};
use super::rejection::{OverrideAt, Reason, Rejection};
use super::start::Start;
use crate::description::feature::{Condition, Definition, FeatureDescription, FieldRange};
use crate::host::{Host, Obstacle};
use crate::model::property::Property;
use crate::model::{CpuModel, Setting};
use crate::values::RegisterValues;

/// The bounds under which a feature is as an override requests.
///
/// A feature that is on meets one of its definitions; a feature that is off meets none.
pub(super) fn bounds(
    host: &Host,
    start: &Start<'_>,
    of: OverrideAt<'_>,
    feature: FeatureDescription,
) -> Result<Bounds, Refusal> {
    let on = of
        .asked
        .switch()
        .map_err(|error| Box::new((None, Reason::InvalidValue(error))))?;
    if let Some(range) = unknown(host, feature) {
        let bound = if on {
            Bound::In(range)
        } else {
            Bound::NotIn(range)
        };
        let target = target(host, range.field, Some(bound.value()));
        let reason = host_refuses(host, range.field, bound, Obstacle::Absent);
        return Err(Box::new((Some(target), reason)));
    }
    if on {
        present(host, start, of, feature)
    } else {
        Ok(absent_on_all_cores(host, start, feature))
    }
}

/// A range of a register that the host lacks, if no definition is of registers that it has.
fn unknown(host: &Host, feature: FeatureDescription) -> Option<FieldRange> {
    let mut first = None;
    for definition in feature.definitions() {
        let bounds = required(definition, host.values());
        let mut bounds = bounds.into_iter();
        let unknown = bounds.find_map(|(field, bound)| match bound {
            Bound::In(range) if host.values().field(field).is_none() => Some(range),
            _ => None,
        })?;
        first = first.or(Some(unknown));
    }
    first
}

/// The bounds of the definition that is met, or of the first one that can be.
fn present(
    host: &Host,
    start: &Start<'_>,
    of: OverrideAt<'_>,
    feature: FeatureDescription,
) -> Result<Bounds, Refusal> {
    let mut obstacles = Vec::new();
    if let Some(met) = met(&start.values, feature) {
        return Ok(required(met, &start.values));
    }
    for definition in feature.definitions() {
        let bounds = required(definition, &start.values);
        match obstacle(host, start, &bounds) {
            // The only way is refused with its obstacle when the field's value is resolved.
            Some(_) if feature.definitions().len() == 1 => return Ok(bounds),
            Some((range, obstacle)) => {
                let target = target(host, range.field, Some(range.first));
                let reason = host_refuses(host, range.field, Bound::In(range), obstacle);
                of.reject_into(&mut obstacles, Some(target), reason);
            }
            None => return Ok(bounds),
        }
    }
    let owned = |rejection: &Rejection| match rejection.reason {
        Reason::Host {
            obstacle: Obstacle::Owned(owner),
            remedy,
            ..
        } => Some((owner, remedy)),
        _ => None,
    };
    let first = obstacles.first().and_then(owned);
    let is_same = first.is_some() && obstacles.iter().all(|other| owned(other) == first);
    // One option sets all the fields, and it alone knows which.
    if is_same && let Some(one) = obstacles.pop() {
        return Err(Box::new((None, one.reason)));
    }
    Err(Box::new((None, Reason::NoDefinition { obstacles })))
}

/// The first definition of a feature that is met.
fn met(values: &RegisterValues, feature: FeatureDescription) -> Option<Definition> {
    let mut definitions = feature.definitions().iter();
    definitions.find(|definition| values.meets_definition(*definition))
}

/// The bounds under which a definition is met, those of its conditions included.
fn required(definition: Definition, values: &RegisterValues) -> Bounds {
    let mut bounds = Bounds::new();
    add_required(definition, values, &mut bounds);
    bounds
}

fn add_required(definition: Definition, values: &RegisterValues, bounds: &mut Bounds) {
    let in_range = |range: FieldRange| (range.field, Bound::In(range));
    for range in definition.fields {
        bounds.push(in_range(range));
    }
    for condition in definition.with {
        match condition {
            Condition::Field(range) => bounds.push(in_range(range)),
            Condition::Feature(feature) => {
                if let Some(definition) = met(values, feature).or(feature.definitions().first()) {
                    add_required(definition, values, bounds);
                }
            }
        }
    }
}

/// The first range that is neither there nor possible on the host, and the obstacle to it.
fn obstacle(host: &Host, start: &Start<'_>, bounds: &Bounds) -> Option<(FieldRange, Obstacle)> {
    bounds.iter().find_map(|(field, bound)| match bound {
        Bound::In(range) if !start.values.is_in(*range) => {
            Some((*range, host.check(*field, range.first).err()?))
        }
        _ => None,
    })
}

/// The bounds under which no core type meets a definition of a feature.
fn absent_on_all_cores(host: &Host, start: &Start<'_>, feature: FeatureDescription) -> Bounds {
    let mut bounds = absent(&start.values, feature);
    let mut has_feature = start.values.has(feature);
    for values in &start.cores {
        has_feature |= values.has(feature);
        bounds.extend(absent(values, feature));
    }
    for range in feature.mirrors() {
        let bound = Bound::NotIn(range);
        // KVM fixes some of them.
        if has_feature && host.check(range.field, bound.value()).is_ok() {
            bounds.push((range.field, bound));
        }
    }
    bounds
}

/// The bounds under which some values do not meet a definition of a feature.
fn absent(values: &RegisterValues, feature: FeatureDescription) -> Bounds {
    let mut bounds = Bounds::new();
    // Only a feature with several definitions can be there by another one afterwards.
    let mut without = values.clone();
    for _ in feature.definitions() {
        let Some(definition) = met(&without, feature) else {
            break;
        };
        for range in definition.fields {
            let bound = Bound::NotIn(range);
            bounds.push((range.field, bound));
            let register = range.field.register;
            if let Some(old) = without.get(register) {
                without.set(register, range.field.field.insert(old, bound.value()));
            }
        }
    }
    // Another override must not bring the feature back.
    for definition in feature.definitions() {
        let mut fields = definition.fields.iter();
        let unmet = fields.find(|range| !without.is_in(*range));
        bounds.extend(unmet.map(|range| (range.field, Bound::NotIn(range))));
    }
    bounds
}

/// Rejects features that are off and still there by others, or by other overrides.
pub(super) fn still_present(
    host: &Host,
    model: &CpuModel,
    expected: &RegisterValues,
) -> Vec<Rejection> {
    let mut rejections = Vec::new();
    for (position, asked) in model.overrides().iter().enumerate() {
        if asked.value != Ok(Setting::Switch(false)) {
            continue;
        }
        let Some(Property::Feature(feature)) = Property::find(host.description(), &asked.property)
        else {
            continue;
        };
        if let Some(definition) = met(expected, feature) {
            let reason = present_by(definition);
            OverrideAt::new(position, asked).reject_into(&mut rejections, None, reason);
        }
    }
    rejections
}

/// The reason that a feature is still there: a definition of it that is met.
fn present_by(definition: Definition) -> Reason {
    if definition.fields.is_empty() {
        let mut features = Vec::new();
        for with in definition.with {
            if let Condition::Feature(feature) = with {
                features.push(feature.name());
            }
        }
        return Reason::OfFeatures { features };
    }
    Reason::StillPresent {
        by: definition.to_string(),
    }
}
