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
#[derive(Clone, Debug)]
pub struct Violation {
    /// The rule.
    pub rule: &'static Consistency,
    /// The fields that break the rule, with their values; a field that has a requirement comes
    /// first.
    pub fields: Vec<(RegisterField, u64)>,
}

/// Returns the rules that hold for `before` and not for `after`.
#[must_use]
pub fn newly_broken(before: &RegisterValues, after: &RegisterValues) -> Vec<Violation> {
    let description = after.description();
    let registers = description.registers.iter();
    let changed: Vec<bool> = registers
        .map(|register| before.get(register) != after.get(register))
        .collect();
    if !changed.contains(&true) {
        return Vec::new();
    }
    // A plan is made while a guest waits, and overrides affect few of the rules.
    let is_changed = |field: RegisterField| changed.get(field.register.index) == Some(&true);
    let rules = description.consistency.iter();
    rules
        .filter(|rule| covers(rule, is_changed))
        .filter(|rule| !holds(rule, after) && holds(rule, before))
        .map(|rule| Violation {
            rule,
            fields: fields_of(rule, after),
        })
        .collect()
}

/// Returns the registers of a host that cannot all be true: a whole register is not zero without
/// the features that it is for.
///
/// KVM's view of a real host obeys this rule of the architecture.
#[must_use]
pub fn contradictions(values: &RegisterValues) -> Vec<Violation> {
    let rules = values.description().consistency.iter();
    let rules = rules.filter(|rule| matches!(rule, Consistency::ZeroWithout { .. }));
    rules
        .filter(|rule| !holds(rule, values))
        .map(|rule| Violation {
            rule,
            fields: fields_of(rule, values),
        })
        .collect()
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
            fields.iter().filter(|field| value(**field) != 0).count() <= 1
        }
        Consistency::AtLeastOne(conditions) => {
            let mut fields = conditions.iter().copied().flat_map(fields_of_condition);
            conditions.iter().any(|condition| values.meets(*condition))
                || !fields.all(|field| known(&field))
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

/// True if a rule covers one of the changed fields.
fn covers(rule: &Consistency, is_changed: impl Fn(RegisterField) -> bool) -> bool {
    let of_condition =
        |condition: &Condition| fields_of_condition(*condition).into_iter().any(&is_changed);
    match rule {
        Consistency::Requires { subject, needs } => of_condition(subject) || of_condition(needs),
        Consistency::Equal { left, right, with } => {
            is_changed(*left) || is_changed(*right) || with.as_ref().is_some_and(of_condition)
        }
        Consistency::AtMostOne(fields) => fields.iter().any(|field| is_changed(*field)),
        Consistency::AtLeastOne(conditions) => conditions.iter().any(of_condition),
        Consistency::ZeroWithout { register, features } => {
            register.fields().any(&is_changed)
                || features
                    .iter()
                    .any(|feature| of_condition(&Condition::Feature(feature)))
        }
        Consistency::NotAbove { field, most } => is_changed(*field) || is_changed(*most),
    }
}

/// The fields that decide a condition.
fn fields_of_condition(condition: Condition) -> Vec<RegisterField> {
    match condition {
        Condition::Field(range) => vec![range.field],
        Condition::Feature(feature) => {
            let definitions = feature.definitions.iter();
            let fields = definitions.flat_map(|definition| {
                let with = definition
                    .with
                    .iter()
                    .copied()
                    .flat_map(fields_of_condition);
                let fields = definition.fields.iter().map(|range| range.field);
                fields.chain(with)
            });
            fields.collect()
        }
    }
}

/// The fields of a broken rule, with their values.
fn fields_of(rule: &Consistency, values: &RegisterValues) -> Vec<(RegisterField, u64)> {
    let fields: Vec<RegisterField> = match rule {
        Consistency::Requires { subject, needs } => {
            let subject = deciding_field(*subject, values, true);
            let needs = deciding_field(*needs, values, false);
            subject.into_iter().chain(needs).collect()
        }
        Consistency::Equal { left, right, .. } => vec![*left, *right],
        Consistency::AtMostOne(fields) => {
            let set = fields.iter().copied();
            set.filter(|field| values.field(*field) != Some(0))
                .collect()
        }
        Consistency::AtLeastOne(conditions) => conditions
            .iter()
            .copied()
            .flat_map(fields_of_condition)
            .collect(),
        Consistency::ZeroWithout { register, features } => {
            let set = register.fields();
            let set = set.filter(|field| values.field(*field) != Some(0)).take(1);
            let needs = features.iter().copied().map(Condition::Feature);
            set.chain(needs.filter_map(|needs| deciding_field(needs, values, false)))
                .collect()
        }
        Consistency::NotAbove { field, most } => vec![*field, *most],
    };
    let fields = fields.into_iter();
    fields
        .filter_map(|field| Some((field, values.field(field)?)))
        .collect()
}

/// The first field of a condition that meets it, or does not, as `met` requests.
fn deciding_field(
    condition: Condition,
    values: &RegisterValues,
    met: bool,
) -> Option<RegisterField> {
    let feature: &FeatureDescription = match condition {
        Condition::Field(range) => return Some(range.field),
        Condition::Feature(feature) => feature,
    };
    let mut definitions = feature.definitions.iter();
    let decides = definitions.find(|definition| values.meets_definition(definition) == met);
    let definition = decides.or(feature.definitions.first())?;
    let mut fields = definition.fields.iter();
    if let Some(range) = fields.find(|range| values.is_in(**range) == met) {
        return Some(range.field);
    }
    let mut with = definition.with.iter();
    let with = with.find(|with| values.meets(**with) == met);
    with.and_then(|with| deciding_field(*with, values, met))
}

/// Two violations are equal if they are of the same rule with the same values.
impl PartialEq for Violation {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.rule, other.rule) && self.fields == other.fields
    }
}

impl Eq for Violation {}

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
                write!(
                    f,
                    "at least one of {} must be there",
                    alternatives(conditions)
                )?;
            }
            Consistency::ZeroWithout { register, features } => {
                let features: Vec<_> = features.iter().map(|it| it.short_name()).collect();
                write!(
                    f,
                    "{} is zero without {}",
                    register.name,
                    alternatives(&features)
                )?;
            }
            Consistency::NotAbove { field, most } => {
                write!(f, "{} is never above {}", field.field.name, most.field.name)?;
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
                field.name,
                field.show(*value)
            )?;
        }
        Ok(())
    }
}
