//! Consistency of ID registers: a check of the architecture's rules.
//!
//! KVM's own view of a host can break a rule, since KVM hides unsupported features field by field.
//! Only rules that overrides newly break are therefore reported.

use crate::description::RegisterField;
use crate::description::feature::{Condition, Consistency, FeatureDescription};
use crate::text::alternatives;
use crate::values::RegisterValues;
use core::fmt;

/// A broken rule of the architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Consistency,
    /// The fields that break the rule, with their values; a field that has a requirement comes
    /// first.
    pub fields: Vec<(RegisterField, u64)>,
}

/// Returns the rules that hold for `before` and not for `after`.
#[must_use]
pub fn newly_broken(before: &RegisterValues, after: &RegisterValues) -> Vec<Violation> {
    if before.iter().eq(after.iter()) {
        return Vec::new();
    }
    broken(after, &mut |rule| {
        !holds(rule, after) && holds(rule, before)
    })
}

/// Returns the registers of a host that cannot all be true: a whole register is not zero without
/// the features that it is for.
///
/// KVM's view of a real host obeys this rule of the architecture.
#[must_use]
pub fn contradictions(values: &RegisterValues) -> Vec<Violation> {
    broken(values, &mut |rule| {
        matches!(rule, Consistency::ZeroWithout { .. }) && !holds(rule, values)
    })
}

/// The violations of the rules that some values break.
fn broken(
    values: &RegisterValues,
    is_broken: &mut dyn FnMut(&Consistency) -> bool,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for rule in values.description().consistency {
        if is_broken(&rule) {
            let fields = fields_of(&rule, values);
            violations.push(Violation { rule, fields });
        }
    }
    violations
}

fn holds(rule: &Consistency, values: &RegisterValues) -> bool {
    let value = |field: RegisterField| values.field(field).unwrap_or(0);
    let known = |field: &RegisterField| values.field(*field).is_some();
    match rule {
        Consistency::Requires { subject, needs } => !values.meets(*subject) || values.meets(*needs),
        Consistency::Equal { left, right, with } => {
            let applies = with.is_none_or(|with| values.meets(with));
            !applies || !known(left) || !known(right) || value(*left) == value(*right)
        }
        Consistency::AtMostOne(fields) => {
            fields.iter().filter(|field| value(*field) != 0).count() <= 1
        }
        Consistency::AtLeastOne(conditions) => {
            let mut all_known = true;
            for condition in *conditions {
                each_field_of(condition, &mut |field| all_known &= known(&field));
            }
            !all_known || conditions.iter().any(|condition| values.meets(condition))
        }
        Consistency::ZeroWithout { register, features } => {
            values.get(register).is_none_or(|value| value == 0)
                || features.iter().any(|feature| values.has(feature))
        }
        Consistency::NotAbove { field, most } => {
            !known(field) || !known(most) || value(*field) <= value(*most)
        }
    }
}

/// Visits the fields that decide a condition.
fn each_field_of(condition: Condition, visit: &mut dyn FnMut(RegisterField)) {
    match condition {
        Condition::Field(range) => visit(range.field),
        Condition::Feature(feature) => {
            for definition in feature.definitions() {
                for range in definition.fields {
                    visit(range.field);
                }
                for with in definition.with {
                    each_field_of(with, visit);
                }
            }
        }
    }
}

/// The fields of a broken rule, with their values.
fn fields_of(rule: &Consistency, values: &RegisterValues) -> Vec<(RegisterField, u64)> {
    let mut fields = Vec::new();
    let add: &mut dyn FnMut(RegisterField) = &mut |field| {
        if let Some(value) = values.field(field) {
            fields.push((field, value));
        }
    };
    let is_set = |field: &RegisterField| values.field(*field) != Some(0);
    match rule {
        Consistency::Requires { subject, needs } => {
            for (condition, met) in [(subject, true), (needs, false)] {
                deciding_field(*condition, values, met).map(&mut *add);
            }
        }
        Consistency::Equal { left, right, .. }
        | Consistency::NotAbove {
            field: left,
            most: right,
        } => {
            add(*left);
            add(*right);
        }
        Consistency::AtMostOne(all) => {
            for field in all.iter().filter(|field| is_set(field)) {
                add(field);
            }
        }
        Consistency::ZeroWithout { register, features } => {
            register.fields().find(is_set).map(&mut *add);
            for feature in *features {
                deciding_field(Condition::Feature(feature), values, false).map(&mut *add);
            }
        }
        Consistency::AtLeastOne(conditions) => {
            for condition in *conditions {
                each_field_of(condition, add);
            }
        }
    }
    fields
}

/// The first field of a condition that meets it, or does not, as `met` requests.
fn deciding_field(
    condition: Condition,
    values: &RegisterValues,
    met: bool,
) -> Option<RegisterField> {
    let feature: FeatureDescription = match condition {
        Condition::Field(range) => return Some(range.field),
        Condition::Feature(feature) => feature,
    };
    let mut definitions = feature.definitions().iter();
    let decides = definitions.find(|definition| values.meets_definition(*definition) == met);
    let definition = decides.or(feature.definitions().first())?;
    let mut fields = definition.fields.iter();
    if let Some(range) = fields.find(|range| values.is_in(*range) == met) {
        return Some(range.field);
    }
    let mut with = definition.with.iter();
    let with = with.find(|with| values.meets(*with) == met);
    with.and_then(|with| deciding_field(with, values, met))
}

/// Shows the rule in words, and the values that break it.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Consistency::Requires { subject, needs } => write!(f, "{subject} needs {needs}")?,
            Consistency::Equal { .. } => {
                f.write_str("two fields that describe the same feature differ")?;
            }
            Consistency::AtMostOne(_) => f.write_str("only one of these fields may be set")?,
            Consistency::AtLeastOne(conditions) => {
                let conditions: Vec<_> = conditions.iter().collect();
                write!(
                    f,
                    "at least one of {} must be there",
                    alternatives(&conditions)
                )?;
            }
            Consistency::ZeroWithout { register, features } => {
                let features: Vec<_> = features
                    .iter()
                    .map(FeatureDescription::short_name)
                    .collect();
                write!(
                    f,
                    "{} is zero without {}",
                    register.name,
                    alternatives(&features)
                )?;
            }
            Consistency::NotAbove { field, most } => {
                write!(
                    f,
                    "{} is never above {}",
                    field.field.name(),
                    most.field.name()
                )?;
            }
        }
        for (index, (field, value)) in self.fields.iter().enumerate() {
            let before = match index {
                0 => ": ",
                1 => " while ",
                _ => " and ",
            };
            let (register, field) = (field.register.name, field.field);
            write!(
                f,
                "{before}{register}.{}={}",
                field.name(),
                field.show(*value)
            )?;
        }
        Ok(())
    }
}
