//! Lists the features of the architecture that a host has, and a model on it.

use super::no_match;
use crate::cli::idreg::PropsArguments;
use crate::output::failure::Failure;
use crate::output::list::comma_list;
use crate::output::{self, table};
use idreg_runtime::description::feature::FeatureDescription;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use serde::Serialize;
use wildmatch::WildMatch;

/// The schema of the list; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-features/1";

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
    fields: Vec<DefiningField>,
}

#[derive(Serialize)]
struct DefiningField {
    property: String,
    at_least: String,
    value: Option<String>,
}

/// Prints the features that match the pattern; without a pattern, all or those of the host.
pub(super) fn list(
    arguments: &PropsArguments,
    host: &Host,
    plan: Option<&Plan>,
) -> Result<(), Failure> {
    let pattern = arguments.pattern.as_deref();
    let has = |feature: &FeatureDescription| host.values().has(feature);
    let listed = |feature: &&FeatureDescription| match pattern {
        Some(pattern) => WildMatch::new_case_insensitive(pattern).matches(feature.name),
        None => arguments.all || arguments.json || has(feature),
    };
    let features = host.description().features.iter().filter(listed);
    let features: Vec<FeatureEntry> = features
        .map(|feature| FeatureEntry {
            name: feature.name,
            host: has(feature),
            model: plan.map(|plan| plan.expected().has(feature)),
            fields: fields(host, feature),
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

fn fields(host: &Host, feature: &FeatureDescription) -> Vec<DefiningField> {
    let fields = feature.values.iter().map(|minimum| DefiningField {
        property: minimum.field.to_string(),
        at_least: format!("{:#x}", minimum.value),
        value: host
            .values()
            .field(minimum.field)
            .map(|value| format!("{value:#x}")),
    });
    fields.collect()
}

fn human(features: &[FeatureEntry], with_model: bool) -> String {
    let headings = ["feature", "host", "model", "defined by"];
    let mut table = table::new(&headings.map(|heading| heading));
    for feature in features {
        let yes_or_no = |has: bool| if has { "yes" } else { "no" };
        let defined_by = feature.fields.iter();
        let defined_by = defined_by.map(|field| format!("{}>={}", field.property, field.at_least));
        table.add_row([
            feature.name.to_owned(),
            yes_or_no(feature.host).to_owned(),
            feature.model.map_or("", yes_or_no).to_owned(),
            comma_list(defined_by),
        ]);
    }
    if !with_model && let Some(column) = table.column_mut(2) {
        column.set_constraint(comfy_table::ColumnConstraint::Hidden);
    }
    table::show(table)
}
