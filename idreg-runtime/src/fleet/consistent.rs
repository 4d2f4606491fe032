//! Lowers a model until it obeys the rules between fields.

use super::acceptance::AcceptanceSet;
use crate::description::RegisterField;
use crate::description::feature::{Condition, Consistency, FieldRange};
use crate::plan::consistency::{Violation, newly_broken};
use crate::values::RegisterValues;

/// Lowers fields, within the accepted values, until every rule that holds on a host holds for the
/// values; returns the broken rules that no accepted value can mend.
///
/// Each step lowers a field, so that it ends.
pub(super) fn make_consistent(
    hosts: &[&RegisterValues],
    accepted: &AcceptanceSet,
    values: &mut RegisterValues,
) -> Vec<Violation> {
    let mut hopeless: Vec<Violation> = Vec::new();
    loop {
        let broken = broken(hosts, values);
        let mut open = broken.into_iter();
        let open =
            open.find(|violation| !hopeless.iter().any(|known| is_same_rule(known, violation)));
        let Some(violation) = open else {
            // A later step can have mended what an earlier one could not.
            return self::broken(hosts, values);
        };
        let changes = remedy(&violation.rule, accepted, values);
        if changes.is_empty() {
            hopeless.push(violation);
        }
        for (field, value) in changes {
            if let Some(old) = values.get(field.register) {
                values.set(field.register, field.field.insert(old, value));
            }
        }
    }
}

/// The rules that hold on some host and not for the values, each once.
fn broken(hosts: &[&RegisterValues], values: &RegisterValues) -> Vec<Violation> {
    let mut all: Vec<Violation> = Vec::new();
    for host in hosts {
        for violation in newly_broken(host, values) {
            if !all.iter().any(|known| is_same_rule(known, &violation)) {
                all.push(violation);
            }
        }
    }
    all
}

fn is_same_rule(one: &Violation, other: &Violation) -> bool {
    one.rule == other.rule
}

/// The lower values after which a rule holds, or none.
fn remedy(
    rule: &Consistency,
    accepted: &AcceptanceSet,
    values: &RegisterValues,
) -> Vec<(RegisterField, u64)> {
    let zero = |field: RegisterField| {
        let is_set = values.field(field).is_some_and(|value| value != 0);
        let is_accepted = accepted
            .get(field)
            .is_some_and(|accepted| accepted.contains(0));
        (is_set && is_accepted).then_some((field, 0))
    };
    match rule {
        Consistency::Requires { subject, .. } => without(*subject, accepted, values),
        Consistency::Equal { left, right, .. } => equal(*left, *right, accepted, values),
        Consistency::AtMostOne(fields) => {
            let set = fields
                .iter()
                .filter(|field| values.field(*field) != Some(0));
            set.skip(1).filter_map(zero).collect()
        }
        // Only a higher value could mend it.
        Consistency::AtLeastOne(_) => Vec::new(),
        Consistency::ZeroWithout { register, .. } => register.fields().filter_map(zero).collect(),
        Consistency::NotAbove { field, most } => {
            let most = values.field(*most).unwrap_or(0);
            below(*field, most.saturating_add(1), accepted)
                .into_iter()
                .collect()
        }
    }
}

/// The lower value of a field after which a condition is not met.
fn without(
    condition: Condition,
    accepted: &AcceptanceSet,
    values: &RegisterValues,
) -> Vec<(RegisterField, u64)> {
    let below = |range: FieldRange| below(range.field, range.first, accepted);
    match condition {
        Condition::Field(range) => below(range).into_iter().collect(),
        Condition::Feature(feature) => {
            let mut changes = Vec::new();
            for definition in feature.definitions() {
                if !values.meets_definition(definition) {
                    continue;
                }
                let change = definition.fields.iter().find_map(below);
                let with = || {
                    let with = definition.with.iter();
                    with.map(|with| without(with, accepted, values))
                        .find(|changes| !changes.is_empty())
                };
                changes.extend(
                    change
                        .map(|change| vec![change])
                        .or_else(with)
                        .into_iter()
                        .flatten(),
                );
            }
            changes
        }
    }
}

/// The greatest accepted value of a field below a number, as the field compares them.
fn below(
    field: RegisterField,
    number: u64,
    accepted: &AcceptanceSet,
) -> Option<(RegisterField, u64)> {
    let compare = |value: u64| field.field.comparable(value);
    let ranges = accepted.get(field)?.ranges();
    let values = ranges.iter().flat_map(|range| {
        let last_below = number.checked_sub(1).filter(|value| range.contains(*value));
        [range.first, range.last].into_iter().chain(last_below)
    });
    let limit = if number > field.field.max() {
        i128::MAX
    } else {
        compare(number)
    };
    let value = values
        .filter(|value| compare(*value) < limit)
        .max_by_key(|value| compare(*value))?;
    Some((field, value))
}

/// The greatest value that two fields can both have and that is no higher than either's.
fn equal(
    left: RegisterField,
    right: RegisterField,
    accepted: &AcceptanceSet,
    values: &RegisterValues,
) -> Vec<(RegisterField, u64)> {
    let (Some(of_left), Some(of_right)) = (accepted.get(left), accepted.get(right)) else {
        return Vec::new();
    };
    let compare = |value: u64| left.field.comparable(value);
    let least = [left, right].map(|field| compare(values.field(field).unwrap_or(0)));
    let least = least[0].min(least[1]);
    let common = (0..=left.field.max().min(0xff)).filter(|value| {
        of_left.contains(*value) && of_right.contains(*value) && compare(*value) <= least
    });
    match common.max_by_key(|value| compare(*value)) {
        Some(value) => [left, right]
            .into_iter()
            .filter(|field| values.field(*field) != Some(value))
            .map(|field| (field, value))
            .collect(),
        None => Vec::new(),
    }
}
