//! What overrides amount to for each field, and where they contradict each other.

use super::rejection::{Reason, Rejection, Target};
use crate::config::options::CpuOption;
use crate::description::feature::{FEATURE_PREFIX, FeatureDescription, FieldAtLeast};
use crate::description::{
    Description, FieldDescription, FieldOf, PROPERTY_PREFIX, RegisterDescription,
};
use crate::host::{Host, Obstacle};
use crate::model::Override;
use crate::register::RegisterValue;
use crate::regs::{AidrEl1, MidrEl1, RevidrEl1};

/// What one override wants of a field.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'m> {
    /// The override's position in the model.
    pub(super) index: usize,
    pub(super) asked: &'m Override,
    pub(super) field: FieldOf,
    pub(super) value: Value,
}

#[derive(Clone, Copy)]
pub(super) enum Value {
    /// This value.
    Exactly(u64),
    /// At least this, as a feature wants that is on.
    AtLeast(u64),
    /// Less than this, as a feature wants that is off.
    Below(u64),
}

/// What an override names.
enum Named {
    Field(FieldOf),
    Feature(&'static FeatureDescription),
    Register(&'static RegisterDescription),
    /// Checked elsewhere.
    Option,
}

/// Why an override cannot be had, before its fields are settled.
type Refusal = Box<(Option<Target>, Reason)>;

/// What an override wants of fields, or why it cannot be had.
pub(super) fn wanted<'m>(
    host: &Host,
    index: usize,
    asked: &'m Override,
) -> Result<Vec<Wanted<'m>>, Box<Rejection>> {
    let wishes = match named(host.description(), &asked.property) {
        Some(Named::Option) => Ok(Vec::new()),
        Some(Named::Field(field)) => of_field(host, asked, field),
        Some(Named::Register(register)) => of_register(host, asked, register),
        Some(Named::Feature(feature)) => of_feature(host, asked, feature),
        None => {
            let nearest = nearest(host.description(), &asked.property);
            Err(Box::new((None, Reason::UnknownProperty { nearest })))
        }
    };
    let wishes = wishes.map_err(|refusal| {
        let (target, reason) = *refusal;
        Rejection {
            asked: asked.clone(),
            target,
            reason,
        }
    })?;
    let wishes = wishes.into_iter().map(|(field, value)| Wanted {
        index,
        asked,
        field,
        value,
    });
    Ok(wishes.collect())
}

fn of_field(
    host: &Host,
    asked: &Override,
    field: FieldOf,
) -> Result<Vec<(FieldOf, Value)>, Refusal> {
    let target = |requested| Some(target(host, field, requested));
    let value = asked
        .number()
        .map_err(|error| Box::new((target(None), Reason::InvalidValue(error))))?;
    let max = field.field.max();
    if value > max {
        return Err(Box::new((target(Some(value)), Reason::TooWide { max })));
    }
    Ok(vec![(field, Value::Exactly(value))])
}

fn of_register(
    host: &Host,
    asked: &Override,
    register: &'static RegisterDescription,
) -> Result<Vec<(FieldOf, Value)>, Refusal> {
    let value = asked.number().map_err(|error| {
        let first = register.fields().next();
        let target = first.map(|first| target(host, first, None));
        Box::new((target, Reason::InvalidValue(error)))
    })?;
    let max = register.fields().fold(0, |bits, of| bits | of.field.mask());
    if value & !max != 0 {
        return Err(Box::new((None, Reason::TooWide { max })));
    }
    let fields = register.fields();
    let exactly = |of: FieldOf| (of, Value::Exactly(of.field.extract(value)));
    Ok(fields.map(exactly).collect())
}

fn of_feature(
    host: &Host,
    asked: &Override,
    feature: &'static FeatureDescription,
) -> Result<Vec<(FieldOf, Value)>, Refusal> {
    let on = asked
        .switch()
        .map_err(|error| Box::new((None, Reason::InvalidValue(error))))?;
    let is_absent = |least: &FieldAtLeast| host.values().field(least.field).is_none();
    if let Some(absent) = feature.deciding().find(is_absent) {
        let target = target(host, absent.field, Some(absent.value));
        let kernel = host.about().kernel_release.clone();
        let obstacle = Obstacle::Absent;
        return Err(Box::new((Some(target), Reason::Host { obstacle, kernel })));
    }
    let value = if on { Value::AtLeast } else { Value::Below };
    let also = feature.also_telling();
    let moving = also.filter(|least| moves(host, feature, on, *least));
    let fields = feature.deciding().chain(moving);
    Ok(fields
        .map(|least| (least.field, value(least.value)))
        .collect())
}

/// Whether an AArch32 field goes down with a feature that the host has: where it may, for KVM fixes some.
fn moves(host: &Host, feature: &FeatureDescription, on: bool, least: FieldAtLeast) -> bool {
    let lower = below(least.field.field, least.value);
    !on && host.values().has(feature) && host.obstacle(least.field, lower).is_none()
}

pub(super) fn target(host: &Host, field: FieldOf, requested: Option<u64>) -> Target {
    Target {
        field,
        requested,
        host: host.values().field(field),
        allowed: host.allowed(field),
    }
}

/// The highest value with a name that is less than another; without one, one less.
pub(super) fn below(field: &FieldDescription, ceiling: u64) -> u64 {
    let values = field.values.iter().map(|value| value.value);
    let lower = values.filter(|value| field.comparable(*value) < field.comparable(ceiling));
    lower
        .max_by_key(|value| field.comparable(*value))
        .unwrap_or_else(|| ceiling.wrapping_sub(1) & field.max())
}

fn named(description: &Description, name: &str) -> Option<Named> {
    if let Some(field) = description.property(name) {
        return Some(Named::Field(field));
    }
    if let Some(feature) = description.feature(name) {
        return Some(Named::Feature(feature));
    }
    if name.parse::<CpuOption>().is_ok() {
        return Some(Named::Option);
    }
    let (_, register) = whole_registers().find(|(short, _)| *short == name)?;
    description.register(register).map(Named::Register)
}

/// The registers that are set as a whole, by the names that QEMU's users know.
fn whole_registers() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("midr", MidrEl1::DESCRIPTION.name),
        ("revidr", RevidrEl1::DESCRIPTION.name),
        ("aidr", AidrEl1::DESCRIPTION.name),
    ]
    .into_iter()
}

/// The name that is nearest to one that does not exist; wrong case or a missing `SYSREG_` is very near.
fn nearest(description: &Description, name: &str) -> Option<String> {
    // Of a word as short as `pauth`, one wrong letter is a larger part.
    const SHORT: usize = 8;
    let near_enough = if name.len() > SHORT { 0.8 } else { 0.7 };
    let bare = |name: &str| {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix(PROPERTY_PREFIX);
        let bare = bare
            .or(upper.strip_prefix(FEATURE_PREFIX))
            .map(str::to_owned);
        bare.unwrap_or(upper)
    };
    let wanted = bare(name);
    let fields = description.fields().map(|of| of.to_string());
    let features = description.features.iter();
    let features = features.map(|feature| feature.name.to_owned());
    let options = CpuOption::WORDS.iter().map(CpuOption::to_string);
    let registers = whole_registers().map(|(short, _)| short.to_owned());
    let names = fields.chain(features).chain(options).chain(registers);
    let similarity = |name: &String| strsim::normalized_damerau_levenshtein(&wanted, &bare(name));
    let near = names.map(|name| (similarity(&name), name));
    let (similarity, name) = near.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    (similarity >= near_enough).then_some(name)
}
