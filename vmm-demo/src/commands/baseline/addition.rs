//! The options and fields that the model loses with another host.

use super::{find, settings};
use crate::machine;
use crate::output;
use crate::output::failure::Failure;
use crate::output::list::{comma_list, lines};
use crate::output::{escaped, table};
use idreg_runtime::config::options::OptionSetting;
use idreg_runtime::description::RegisterField;
use idreg_runtime::fleet::{Baseline, Fleet, MachineDifference, MachineFact, NoBaseline, Policy};
use serde::Serialize;
use std::path::Path;

/// The cost of another host.
#[derive(Serialize)]
struct AdditionReport {
    /// The host that is added.
    host: String,
    common_model: bool,
    /// True if nothing changes for guests, so that the host may join.
    unchanged: bool,
    /// The options that change, as they are with the host.
    options: Vec<String>,
    fields: Vec<FieldEntry>,
    /// The facts of machines that differ only with the host, or need more then.
    machine: Vec<RemedyEntry>,
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

#[derive(Serialize)]
struct RemedyEntry {
    property: &'static str,
    remedy: String,
}

/// The changes that a host brings to a fleet with a model.
#[derive(Default)]
struct Changes<'b> {
    options: Vec<OptionSetting>,
    fields: Vec<Change>,
    machine: Vec<&'b MachineDifference>,
}

/// A field with its values in the model without and with the host.
type Change = (RegisterField, Option<u64>, Option<u64>);

/// Prints what another host would cost; returns if it costs nothing.
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
    let changes = match (&before, &after) {
        (Ok(before), Ok(after)) => Changes::new(before, after),
        _ => Changes::default(),
    };
    let is_unchanged = before.is_ok() && after.is_ok() && changes.is_empty();
    if json {
        output::json(&AdditionReport {
            host: name,
            common_model: after.is_ok(),
            unchanged: is_unchanged,
            options: changes
                .options
                .iter()
                .map(OptionSetting::to_string)
                .collect(),
            fields: changes.fields.iter().map(FieldEntry::of).collect(),
            machine: changes
                .machine
                .iter()
                .map(|difference| RemedyEntry::of(difference))
                .collect(),
            error: after.as_ref().err().map(ToString::to_string),
        })?;
    } else {
        output::text(&text(&name, &before, &after, &changes))?;
    }
    Ok(is_unchanged)
}

impl<'b> Changes<'b> {
    fn new(before: &Baseline, after: &'b Baseline) -> Self {
        Self {
            options: options(before, after),
            fields: changes(before, after),
            machine: facts(before, after),
        }
    }

    fn is_empty(&self) -> bool {
        self.options.is_empty() && self.fields.is_empty() && self.machine.is_empty()
    }
}

/// The facts whose remedy is not that of before. Vector lengths are among the model's options.
fn facts<'b>(before: &Baseline, after: &'b Baseline) -> Vec<&'b MachineDifference> {
    let is_known = |difference: &&MachineDifference| {
        let mut before = before.machine().iter();
        before.any(|known| (known.fact, &known.remedy) == (difference.fact, &difference.remedy))
    };
    let facts = after.machine().iter();
    facts
        .filter(|difference| difference.fact != MachineFact::VectorLengths)
        .filter(|difference| !is_known(difference))
        .collect()
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
    changes: &Changes<'_>,
) -> String {
    let name = escaped(name);
    match (before, after) {
        (_, Err(error)) => format!("With {name}, {error}"),
        (Err(_), Ok(_)) => format!("The hosts have a model with {name}, and none without it."),
        (Ok(_), Ok(_)) if changes.is_empty() => {
            format!("The model stays as it is with {name}.")
        }
        (Ok(_), Ok(_)) => {
            let options = match changes.options.as_slice() {
                [] => "none".to_owned(),
                options => comma_list(options),
            };
            let mut parts = vec![format!(
                "The model changes with {name}.\noptions: {options}"
            )];
            parts.extend((!changes.fields.is_empty()).then(|| rows(&changes.fields)));
            let facts = changes.machine.iter().map(|difference| remedy(difference));
            parts.extend((!changes.machine.is_empty()).then(|| lines(facts)));
            parts.join("\n\n")
        }
    }
}

fn remedy(difference: &MachineDifference) -> String {
    format!("{}: {}", difference.fact, difference.advice())
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

impl RemedyEntry {
    fn of(difference: &MachineDifference) -> Self {
        Self {
            property: difference.fact.name(),
            remedy: difference.advice(),
        }
    }
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
