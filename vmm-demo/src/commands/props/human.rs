//! Properties as people read them.

use super::fields::PropertyEntry;
use crate::output::list::comma_list;
use crate::output::table;
use idreg_runtime::description::FieldDescription;
use idreg_runtime::description::feature::FieldAtLeast;
use idreg_runtime::description::rule::{Owner, ValueRange};
use idreg_runtime::host::{Host, Obstacle};

/// A row for each property, and a line that sums up; columns for a model and for what KVM took where asked for.
pub(super) fn table(host: &Host, model: bool, tried: bool, properties: &[PropertyEntry]) -> String {
    let mut headings = vec!["property", "bits", "host", "may be"];
    headings.extend(tried.then_some("kvm took"));
    headings.extend(model.then_some("model"));
    headings.push("tells of");
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
            may_be(property),
        ];
        row.extend(property.taken.as_ref().map(comma_list));
        row.extend(model.then(|| show(property.in_model)));
        row.push(tells_of(host, property));
        table.add_row(row);
    }
    let note = note(host, properties.len());
    if properties.is_empty() {
        note
    } else {
        format!("{}\n\n{note}", table::show(table))
    }
}

/// The values with their names where few, else ranges; or why it is only the host's.
fn may_be(property: &PropertyEntry) -> String {
    match property.obstacle {
        Some(Obstacle::Absent) => "-".to_owned(),
        Some(Obstacle::Owned(Owner::Gic)) => "set by the interrupt controller".to_owned(),
        Some(Obstacle::Owned(Owner::Topology)) => "set by the vCPU's number".to_owned(),
        Some(Obstacle::Owned(owner)) => format!("set by the option {}", owner.name()),
        Some(Obstacle::Without(option)) => format!("needs {}, which is off", option.name()),
        Some(Obstacle::Above | Obstacle::Below | Obstacle::Inexact) => {
            "nothing else: the host has no more".to_owned()
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

/// A range, value by value if it is short.
fn show_range(field: &FieldDescription, range: ValueRange) -> String {
    const SHORT: u64 = 4;
    if range.last - range.first >= SHORT || field.values.is_empty() {
        return range.to_string();
    }
    let values = (range.first..=range.last).map(|value| match field.value_name(value) {
        Some(name) => format!("{value:#x} ({name})"),
        None => format!("{value:#x}"),
    });
    comma_list(values)
}

fn tells_of(host: &Host, property: &PropertyEntry) -> String {
    let mitigation = property
        .register_field
        .field
        .rule
        .mitigation
        .then_some("mitigation");
    // Of a field with many steps only those that the host has taken.
    let has = |minimum: &&FieldAtLeast| {
        let field = property.register_field.field;
        let value = property.on_host.map(|value| field.comparable(value));
        minimum.field == property.register_field && value >= Some(field.comparable(minimum.value))
    };
    let features = host.description().features.iter();
    let features = features.filter(|feature| feature.values.iter().any(|minimum| has(&minimum)));
    let features = features.map(|feature| feature.name);
    comma_list(mitigation.into_iter().chain(features))
}

fn note(host: &Host, shown: usize) -> String {
    let kernel = &host.info().kernel_release;
    if !host.info().capabilities.writable_masks {
        return format!(
            "kernel {kernel} offers no writable ID registers, which needs Linux 6.7 or newer"
        );
    }
    let fields = host.description().fields();
    let count = fields
        .filter(|field| host.why_fixed(*field).is_none())
        .count();
    format!("{shown} properties shown; of all, {count} can be changed on kernel {kernel}")
}
