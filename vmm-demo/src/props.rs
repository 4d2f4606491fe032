//! `props`: the properties of a host.

use crate::cli::Props;
use crate::failure::Failure;
use crate::{machine, output, table};
use idreg_runtime::description::FieldOf;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use serde::Serialize;

#[derive(Serialize)]
struct Report<'r> {
    kernel_release: &'r str,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    #[serde(rename = "property")]
    full_name: String,
    register: &'static str,
    field: &'static str,
    bits: String,
    /// Nothing if the host's KVM does not have the register.
    value: Option<String>,
    name: Option<&'static str>,
    writable: bool,
    /// The value under the model that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

pub(crate) fn props(arguments: &Props) -> Result<(), Failure> {
    let host = machine::host(arguments.host.file.as_deref())?;
    let plan = arguments
        .cpu
        .as_ref()
        .map(|model| Plan::new(&host, model))
        .transpose()?;
    let shown = |of: &FieldOf| arguments.all || host.is_writable(*of);
    let fields: Vec<FieldOf> = host.description().fields().filter(shown).collect();
    if !arguments.json {
        return output::text(&human(&host, plan.as_ref(), &fields));
    }
    let properties = fields
        .into_iter()
        .map(|of| property(&host, plan.as_ref(), of))
        .collect();
    let kernel_release = &host.about().kernel_release;
    output::json(&Report {
        kernel_release,
        properties,
    })
}

fn property(host: &Host, plan: Option<&Plan>, of: FieldOf) -> Property {
    let value = host.values().field(of);
    let model = plan.and_then(|plan| plan.expected().field(of));
    Property {
        full_name: of.to_string(),
        register: of.register.name,
        field: of.field.name,
        bits: of.field.bits().to_string(),
        value: value.map(|value| format!("{value:#x}")),
        name: value.and_then(|value| of.field.value_name(value)),
        writable: host.is_writable(of),
        model: model.map(|value| format!("{value:#x}")),
    }
}

fn human(host: &Host, plan: Option<&Plan>, fields: &[FieldOf]) -> String {
    let headings = ["property", "bits", "host", "writable", "model"];
    let columns = if plan.is_some() { 5 } else { 4 };
    let mut table = table::new(headings.get(..columns).unwrap_or(&headings));
    for of in fields {
        let show = |value: Option<u64>| {
            value.map_or("absent".to_owned(), |value| {
                of.field.show(value).to_string()
            })
        };
        let mut row = vec![
            of.to_string(),
            of.field.bits().to_string(),
            show(host.values().field(*of)),
            if host.is_writable(*of) { "yes" } else { "no" }.to_owned(),
        ];
        row.extend(plan.map(|plan| show(plan.expected().field(*of))));
        table.add_row(row);
    }
    let kernel = &host.about().kernel_release;
    let writable = host
        .description()
        .fields()
        .filter(|of| host.is_writable(*of))
        .count();
    let note = if host.about().capabilities.writable_masks {
        format!(
            "{writable} properties are writable on kernel {kernel}; KVM still checks each value"
        )
    } else {
        format!("kernel {kernel} offers no writable ID registers, which needs Linux 6.7 or newer")
    };
    if fields.is_empty() {
        note
    } else {
        format!("{}\n\n{note}", table::show(table))
    }
}
