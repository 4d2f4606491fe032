//! Rules as JSON of the schema `idreg-rules/1`.

use super::{FieldRules, RuledField, safety_name};
use crate::failure::Failure;
use serde::Serialize;
use std::io;
use sysreg::Enumerator;
use sysreg::facts::{
    Audience, Condition, Definition, Feature, FieldRange, Owner, Safety, ValueRange,
};

/// The name of the form; a change that a reader could misread gets another number.
const SCHEMA: &str = "idreg-rules/1";

/// The document, with a newline at its end.
pub(super) fn text(rules: &FieldRules<'_>) -> Result<String, Failure> {
    let document = Document {
        schema: SCHEMA,
        fields: rules.fields.iter().map(|one| field(rules, one)).collect(),
        features: rules
            .facts
            .features()
            .map(|one| feature(rules, one))
            .collect(),
    };
    let text = serde_json::to_string_pretty(&document).map_err(io::Error::from);
    Ok(text.map_err(Failure::Output)? + "\n")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    fields: Vec<JsonField<'a>>,
    features: Vec<JsonFeature<'a>>,
}

#[derive(Serialize)]
struct JsonField<'a> {
    property: String,
    register: &'a str,
    field: &'a str,
    /// op0, op1, CRn, CRm and op2.
    encoding: [u8; 5],
    msb: u8,
    lsb: u8,
    signed: bool,
    safety: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    safe: Option<u64>,
    refused: Vec<JsonRange>,
    owner: Option<&'static str>,
    needs: Option<&'static str>,
    audience: Option<&'static str>,
    mitigation: bool,
    features: Vec<&'a str>,
    values: Vec<JsonValue<'a>>,
}

#[derive(Serialize)]
struct JsonRange {
    first: u64,
    last: u64,
}

#[derive(Serialize)]
struct JsonValue<'a> {
    value: u64,
    name: &'a str,
}

#[derive(Serialize)]
struct JsonFeature<'a> {
    name: &'a str,
    /// One of these must hold.
    definitions: Vec<JsonDefinition<'a>>,
    mirrors: Vec<JsonFieldRange>,
}

#[derive(Serialize)]
struct JsonDefinition<'a> {
    /// All of these must hold.
    fields: Vec<JsonFieldRange>,
    /// The conditions without which the fields do not count.
    with: Vec<JsonCondition<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum JsonCondition<'a> {
    Feature { feature: &'a str },
    Field(JsonFieldRange),
}

#[derive(Serialize)]
struct JsonFieldRange {
    property: String,
    first: u64,
    last: u64,
}

fn range(ValueRange { first, last }: ValueRange) -> JsonRange {
    JsonRange { first, last }
}

fn value(enumerator: &Enumerator) -> JsonValue<'_> {
    JsonValue {
        value: enumerator.value(),
        name: enumerator.name(),
    }
}

fn field<'a>(rules: &'a FieldRules<'_>, entry: &'a RuledField<'_>) -> JsonField<'a> {
    let RuledField {
        register,
        field,
        rule,
    } = entry;
    let encoding = register.encoding();
    JsonField {
        property: register.property(field),
        register: register.name(),
        field: field.name(),
        encoding: [
            encoding.op0,
            encoding.op1,
            encoding.crn,
            encoding.crm,
            encoding.op2,
        ],
        msb: field.bits().msb(),
        lsb: field.bits().lsb(),
        signed: entry.is_signed(),
        safety: safety_name(rule.safety),
        safe: match rule.safety {
            Safety::Exact { safe } => Some(safe),
            _ => None,
        },
        refused: rule.refused.iter().copied().map(range).collect(),
        owner: rule.owner.map(Owner::word),
        needs: rule.needs.map(Owner::word),
        audience: rule.audience.map(Audience::word),
        mitigation: rule.mitigation,
        features: rules.features_of(entry),
        values: field.enumerators().iter().map(value).collect(),
    }
}

fn feature<'a>(rules: &FieldRules<'_>, feature: Feature<'a>) -> JsonFeature<'a> {
    JsonFeature {
        name: feature.name,
        definitions: feature
            .definitions
            .iter()
            .map(|one| definition(rules, one))
            .collect(),
        mirrors: field_ranges(rules, feature.mirrors),
    }
}

fn definition<'a>(rules: &FieldRules<'_>, definition: &'a Definition) -> JsonDefinition<'a> {
    let condition = |condition: &'a Condition| match condition {
        Condition::Feature(feature) => Some(JsonCondition::Feature { feature }),
        Condition::Field(range) => field_range(rules, range).map(JsonCondition::Field),
    };
    JsonDefinition {
        fields: field_ranges(rules, &definition.fields),
        with: definition.with.iter().filter_map(condition).collect(),
    }
}

fn field_ranges(rules: &FieldRules<'_>, ranges: &[FieldRange]) -> Vec<JsonFieldRange> {
    let ranges = ranges.iter().filter_map(|one| field_range(rules, one));
    ranges.collect()
}

/// `None` for a field that the description lacks, which `Facts::for_model` has dropped.
fn field_range(rules: &FieldRules<'_>, range: &FieldRange) -> Option<JsonFieldRange> {
    let (_, entry) = rules.position(&range.place)?;
    let ValueRange { first, last } = rules.facts.value_range(range, entry.field)?;
    Some(JsonFieldRange {
        property: entry.register.property(entry.field),
        first,
        last,
    })
}
