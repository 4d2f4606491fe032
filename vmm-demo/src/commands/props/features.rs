//! Lists the features of the architecture that a host has, and a model on it.

use super::no_match;
use crate::cli::idreg::PropsArguments;
use crate::output::failure::Failure;
use crate::output::{self, table};
use idreg_runtime::description::feature::{Condition, FeatureDescription, FieldRange};
use idreg_runtime::host::Host;
use idreg_runtime::plan::{Change, Plan};
use idreg_runtime::values::RegisterValues;
use serde::Serialize;
use wildmatch::WildMatch;

/// The schema of the list; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-features/2";

#[derive(Serialize)]
struct FeatureList<'h> {
    schema: &'static str,
    kernel_release: &'h str,
    features: Vec<FeatureEntry>,
}

#[derive(Serialize)]
struct FeatureEntry {
    #[serde(rename = "feature")]
    name: &'static str,
    host: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<bool>,
    /// The definitions, one of which is met if the feature is there.
    definitions: Vec<DefinitionEntry>,
    /// Other fields that describe the feature.
    mirrors: Vec<FieldEntry>,
    #[serde(skip)]
    feature: FeatureDescription,
}

#[derive(Serialize)]
struct DefinitionEntry {
    fields: Vec<FieldEntry>,
    /// The features that must be there too.
    with_features: Vec<&'static str>,
    /// The fields that must be in their range too.
    with_fields: Vec<FieldEntry>,
}

/// A field with the range of its values, in signed order if the field is signed.
#[derive(Serialize)]
struct FieldEntry {
    property: String,
    first: String,
    last: String,
    value: Option<String>,
}

/// Prints the features that match the pattern; without a pattern, all or those of the host.
pub(super) fn list(
    arguments: &PropsArguments,
    host: &Host,
    plan: Option<&Plan>,
) -> Result<(), Failure> {
    let pattern = arguments.pattern.as_deref();
    // On a machine with several core types a guest can rely only on what all of them have.
    let common = host.common_values();
    let has = |feature: FeatureDescription| common.has(feature);
    let in_model = plan.map(|plan| with_changes(common.clone(), plan));
    let listed = |feature: &FeatureDescription| match pattern {
        Some(pattern) => WildMatch::new_case_insensitive(pattern).matches(feature.name()),
        None => arguments.all || arguments.json || has(*feature),
    };
    let features = host.description().features.iter().filter(listed);
    let features: Vec<FeatureEntry> = features
        .map(|feature| FeatureEntry {
            name: feature.name(),
            host: has(feature),
            model: in_model.as_ref().map(|values| values.has(feature)),
            definitions: definitions(host, feature),
            mirrors: fields(host, feature.mirrors()),
            feature,
        })
        .collect();
    if let Some(pattern) = pattern.filter(|_| features.is_empty()) {
        return Err(no_match("feature", pattern));
    }
    if arguments.json {
        return output::json(&FeatureList {
            schema: SCHEMA,
            kernel_release: &host.info().kernel_release,
            features,
        });
    }
    output::text(&human(&features, plan.is_some()))
}

/// The values after a plan.
fn with_changes(mut values: RegisterValues, plan: &Plan) -> RegisterValues {
    for Change { field, new, .. } in plan.changes() {
        if let Some(old) = values.get(field.register) {
            values.set(field.register, field.field.insert(old, *new));
        }
    }
    values
}

fn definitions(host: &Host, feature: FeatureDescription) -> Vec<DefinitionEntry> {
    let definitions = feature.definitions().iter().map(|definition| {
        let with_features = definition.with.iter().filter_map(|with| match with {
            Condition::Feature(feature) => Some(feature.name()),
            Condition::Field(_) => None,
        });
        let with_fields = definition.with.iter().filter_map(|with| match with {
            Condition::Field(range) => Some(range),
            Condition::Feature(_) => None,
        });
        DefinitionEntry {
            fields: fields(host, definition.fields),
            with_features: with_features.collect(),
            with_fields: fields(host, with_fields),
        }
    });
    definitions.collect()
}

fn fields(host: &Host, ranges: impl IntoIterator<Item = FieldRange>) -> Vec<FieldEntry> {
    let hexadecimal = |value: u64| format!("{value:#x}");
    let entries = ranges.into_iter().map(|range| FieldEntry {
        property: range.field.to_string(),
        first: hexadecimal(range.first),
        last: hexadecimal(range.last),
        value: host.limit(range.field).map(hexadecimal),
    });
    entries.collect()
}

fn human(features: &[FeatureEntry], with_model: bool) -> String {
    let headings = ["feature", "host", "model", "defined by"];
    let mut table = table::new(&headings.map(|heading| heading));
    for feature in features {
        let yes_or_no = |has: bool| if has { "yes" } else { "no" };
        table.add_row([
            feature.name.to_owned(),
            yes_or_no(feature.host).to_owned(),
            feature.model.map_or("", yes_or_no).to_owned(),
            feature.feature.definition().to_string(),
        ]);
    }
    if !with_model && let Some(column) = table.column_mut(2) {
        column.set_constraint(comfy_table::ColumnConstraint::Hidden);
    }
    table::show(table)
}
