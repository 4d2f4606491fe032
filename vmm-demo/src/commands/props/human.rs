//! The table of properties.

use super::fields::PropertyEntry;
use crate::output::list::comma_list;
use crate::output::table;
use idreg_runtime::description::FieldDescription;
use idreg_runtime::description::feature::{FeatureDescription, FieldRange};
use idreg_runtime::description::rule::{Owner, ValueRange};
use idreg_runtime::host::{Host, Obstacle};

/// A row for each property and a summary line; optional columns for a model and for the values that
/// KVM accepts.
pub(super) fn table(host: &Host, model: bool, tried: bool, properties: &[PropertyEntry]) -> String {
    let mut headings = vec!["property", "bits", "host", "allowed"];
    headings.extend(tried.then_some("accepted"));
    headings.extend(model.then_some("model"));
    headings.push("features");
    let mut table = table::new(&headings);
    for property in properties {
        let field = property.register_field.field;
        let show = |value: Option<u64>| {
            value.map_or("absent".to_owned(), |value| field.show(value).to_string())
        };
        let mut row = vec![
            property.full_name.clone(),
            property.bits.clone(),
            show(property.on_host),
            allowed(property),
        ];
        row.extend(property.taken.as_ref().map(comma_list));
        row.extend(model.then(|| show(property.in_model)));
        row.push(features(host, property));
        table.add_row(row);
    }
    let note = note(host, properties.len());
    if properties.is_empty() {
        note
    } else {
        format!("{}\n\n{note}", table::show(table))
    }
}

/// The allowed values, with names if they are few, else as ranges; or why only the host's value is
/// allowed.
fn allowed(property: &PropertyEntry) -> String {
    match property.obstacle {
        Some(Obstacle::Absent) => "-".to_owned(),
        Some(Obstacle::Owned(Owner::Gic)) => "set by the interrupt controller".to_owned(),
        Some(Obstacle::Owned(Owner::Topology)) => "set by the vCPU's number".to_owned(),
        Some(Obstacle::Owned(owner)) => format!("set by the option {}", owner.name()),
        Some(Obstacle::Without(option)) => format!("needs {}, which is off", option.name()),
        Some(Obstacle::Above | Obstacle::Below | Obstacle::Inexact) => {
            "only the host's value".to_owned()
        }
        Some(Obstacle::NotWritable) => "fixed by this kernel".to_owned(),
        Some(other) => other.name().replace('-', " "),
        None => {
            let shown = property.ranges.iter();
            let shown = shown.map(|range| show_range(property.register_field.field, *range));
            comma_list(shown)
        }
    }
}

/// Formats a range; a short range value by value.
fn show_range(field: FieldDescription, range: ValueRange) -> String {
    const SHORT: u64 = 4;
    if range.last - range.first >= SHORT || field.values().is_empty() {
        return range.to_string();
    }
    let values = (range.first..=range.last).map(|value| match field.value_name(value) {
        Some(name) => format!("{value:#x} ({name})"),
        None => format!("{value:#x}"),
    });
    comma_list(values)
}

/// The features that the host's value of a property defines.
fn features(host: &Host, property: &PropertyEntry) -> String {
    let mitigation = property
        .register_field
        .field
        .rule()
        .mitigation
        .then_some("mitigation");
    // A field can define several features; only those that the host's value reaches are listed.
    let is_in = |range: FieldRange| {
        let of_property = range.field == property.register_field;
        of_property && property.on_host.is_some_and(|value| range.contains(value))
    };
    let features = host.description().features.iter();
    let features =
        features.filter(|feature| host.values().has(*feature) && feature.fields().any(is_in));
    let features = features.map(FeatureDescription::name);
    comma_list(mitigation.into_iter().chain(features))
}

fn note(host: &Host, shown: usize) -> String {
    let kernel = &host.info().kernel_release;
    if !host.info().capabilities.writable_masks {
        return format!(
            "kernel {kernel} has no writable ID registers; Linux 6.7 or newer is required"
        );
    }
    let fields = || host.description().fields();
    let all = fields().count();
    let writable = fields().filter(|field| host.why_fixed(*field).is_none());
    let writable = writable.count();
    format!("{shown} of {all} properties shown; {writable} can be changed on kernel {kernel}")
}
