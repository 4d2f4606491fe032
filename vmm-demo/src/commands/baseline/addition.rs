//! The options and fields that the model loses with another host.

use super::{find, settings};
use crate::machine;
use crate::output;
use crate::output::failure::Failure;
use crate::output::list::comma_list;
use crate::output::{escaped, table};
use idreg_runtime::config::options::OptionSetting;
use idreg_runtime::description::RegisterField;
use idreg_runtime::fleet::{Baseline, Fleet, NoBaseline, Policy};
use serde::Serialize;
use std::path::Path;

/// The cost of another host.
#[derive(Serialize)]
struct AdditionReport {
    /// The host that is added.
    host: String,
    common_model: bool,
    /// The options that change, as they are with the host.
    options: Vec<String>,
    fields: Vec<FieldEntry>,
    /// Every reason in words; `None` with a model.
    error: Option<String>,
}

#[derive(Serialize)]
struct FieldEntry {
    property: String,
    /// The value in the model without the host.
    without: Option<String>,
    with: Option<String>,
}

/// A field with its values in the model without and with the host.
type Change = (RegisterField, Option<u64>, Option<u64>);

/// Prints what another host would cost; returns if the fleet has a model with it.
pub(super) fn print(
    fleet: &Fleet,
    file: &Path,
    policy: &Policy,
    json: bool,
) -> Result<bool, Failure> {
    let name = file.to_string_lossy().into_owned();
    let host = machine::host_file(file)?;
    let before = find(fleet, policy)?;
    let mut more = fleet.clone();
    more.add(name.clone(), &host).map_err(Failure::other)?;
    let after = find(&more, policy)?;
    let (options, changes) = match (&before, &after) {
        (Ok(before), Ok(after)) => (options(before, after), changes(before, after)),
        _ => Default::default(),
    };
    if json {
        output::json(&AdditionReport {
            host: name,
            common_model: after.is_ok(),
            options: options.iter().map(OptionSetting::to_string).collect(),
            fields: changes.iter().map(FieldEntry::of).collect(),
            error: after.as_ref().err().map(ToString::to_string),
        })?;
    } else {
        output::text(&text(&name, &before, &after, &options, &changes))?;
    }
    Ok(after.is_ok())
}

/// The options that differ, as they are after.
fn options(before: &Baseline, after: &Baseline) -> Vec<OptionSetting> {
    let known: Vec<OptionSetting> = settings(before.options()).collect();
    let changed = settings(after.options()).filter(|setting| !known.contains(setting));
    changed.collect()
}

fn changes(before: &Baseline, after: &Baseline) -> Vec<Change> {
    let fields = before.values().description().fields();
    let values = fields.map(|field| {
        (
            field,
            before.values().field(field),
            after.values().field(field),
        )
    });
    values
        .filter(|(_, before, after)| before != after)
        .collect()
}

fn text(
    name: &str,
    before: &Result<Baseline, Box<NoBaseline>>,
    after: &Result<Baseline, Box<NoBaseline>>,
    options: &[OptionSetting],
    changes: &[Change],
) -> String {
    let name = escaped(name);
    match (before, after) {
        (_, Err(error)) => format!("With {name}, {error}"),
        (Err(_), Ok(_)) => format!("The hosts have a model with {name}, and none without it."),
        (Ok(_), Ok(_)) if options.is_empty() && changes.is_empty() => {
            format!("The model stays as it is with {name}.")
        }
        (Ok(_), Ok(_)) => {
            let options = match options {
                [] => "none".to_owned(),
                options => comma_list(options),
            };
            format!(
                "The model changes with {name}.\noptions: {options}\n\n{}",
                rows(changes)
            )
        }
    }
}

fn rows(changes: &[Change]) -> String {
    let mut table = table::new(&["property", "without", "with"]);
    for (field, before, after) in changes {
        let show = |value: &Option<u64>| {
            value.map_or_else(
                || "absent".to_owned(),
                |value| field.field.show(value).to_string(),
            )
        };
        table.add_row([field.to_string(), show(before), show(after)]);
    }
    table::show(table)
}

impl FieldEntry {
    fn of((field, before, after): &Change) -> Self {
        let number = |value: &Option<u64>| value.map(|value| format!("{value:#x}"));
        Self {
            property: field.to_string(),
            without: number(before),
            with: number(after),
        }
    }
}
