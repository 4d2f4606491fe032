//! The text of a baseline.

use super::{Details, LeftOut, grouped, models, names, settings};
use crate::output::escaped;
use crate::output::list::{comma_list, lines};
use crate::output::table;
use idreg_runtime::config::target::TargetCpu;
use idreg_runtime::description::{RegisterDescription, RegisterField};
use idreg_runtime::fleet::{Baseline, Fleet, Guest, GuestLimit, MachineDifference, NoBaseline};
use idreg_runtime::number::Hex;

/// The model, what guests do not see the same of, and the form for each kind of hosts.
pub(super) fn model(fleet: &Fleet, baseline: &Baseline, details: &Details) -> String {
    let (hosts, kinds) = (fleet.host_count(), fleet.kinds().len());
    let heading = format!(
        "The greatest CPU model for {} of {}\noptions: {}",
        count(hosts, "host"),
        count(kinds as u64, "kind"),
        comma_list(settings(baseline.options()))
    );
    let mut parts = vec![heading];
    let (mitigations, others): (Vec<RegisterField>, Vec<RegisterField>) =
        differing(fleet, baseline).partition(|field| field.field.rule().mitigation);
    parts.extend(registers(fleet, baseline, &others));
    parts.extend(under(
        "Mitigations of which guests see less than some hosts have:",
        registers(fleet, baseline, &mitigations),
    ));
    parts.extend(under(
        "Tolerated fields, in which guests see each host's value:",
        tolerated(fleet, baseline),
    ));
    parts.extend(under(
        "Differences of the machines, and the way to one model:",
        facts(fleet, baseline.machine()),
    ));
    let broken = baseline.inconsistent();
    let broken = (!broken.is_empty()).then(|| lines(broken));
    parts.extend(under(
        "Rules of the architecture that the model does not obey:",
        broken,
    ));
    parts.extend(details.guests.iter().filter_map(exceeded));
    parts.push(forms(fleet, baseline));
    parts.extend(details.cpus.as_deref().map(implementations));
    parts.join("\n\n")
}

/// The reasons, and if tolerance would help.
pub(super) fn no_model(error: &NoBaseline, fits_with_el2_tolerated: bool) -> String {
    if fits_with_el2_tolerated {
        format!("{error}\n\nWith `--tolerate el2` these hosts have a CPU model in common.")
    } else {
        error.to_string()
    }
}

/// The hosts that were left out, or nothing.
pub(super) fn left_out((names, more): &LeftOut) -> String {
    let others = (*more > 0).then(|| format!("{more} more"));
    let names = names.iter().map(|name| escaped(name)).chain(others);
    match comma_list(names) {
        names if names.is_empty() => names,
        names => format!("Left out: {names}\n\n"),
    }
}

fn under(heading: &str, text: Option<String>) -> Option<String> {
    text.map(|text| format!("{heading}\n{text}"))
}

/// `1 host`, `2 hosts` and so on.
fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// The fields in which the model differs from some host, apart from tolerated ones.
fn differing<'b>(
    fleet: &'b Fleet,
    baseline: &'b Baseline,
) -> impl Iterator<Item = RegisterField> + 'b {
    let fields = baseline.values().description().fields();
    fields.filter(|field| {
        let model = baseline.values().field(*field);
        let is_tolerated = || {
            let mut tolerated = baseline.tolerated().iter();
            tolerated.any(|tolerated| tolerated.field == *field)
        };
        model.is_some()
            && in_hosts(fleet, *field).any(|host| Some(host) != model)
            && !is_tolerated()
    })
}

/// The values of a field on the kinds; a register that a host does not have reads as zero.
fn in_hosts(fleet: &Fleet, field: RegisterField) -> impl Iterator<Item = u64> {
    let hosts = fleet.kinds().iter().map(|kind| kind.host().values());
    hosts.map(move |values| values.field(field).unwrap_or(0))
}

/// A row for each register and each of its fields, or `None` without fields.
fn registers(fleet: &Fleet, baseline: &Baseline, fields: &[RegisterField]) -> Option<String> {
    let mut table = table::new(&["register, property", "model", "hosts"]);
    let mut last: Option<&RegisterDescription> = None;
    for field in fields {
        let register = field.register;
        if last.is_none_or(|last| last.name != register.name) {
            let value = baseline
                .values()
                .get(register)
                .map(|value| Hex(value).to_string());
            let value = value.unwrap_or_default();
            table.add_row([register.name.to_owned(), value, String::new()]);
            last = Some(register);
        }
        let model = baseline.values().field(*field).unwrap_or(0);
        table.add_row([
            format!("  {field}"),
            field.field.show(model).to_string(),
            others(fleet, *field, Some(model)),
        ]);
    }
    (!fields.is_empty()).then(|| table::show(table))
}

/// The other values of a field with their hosts.
fn others(fleet: &Fleet, field: RegisterField, model: Option<u64>) -> String {
    let groups = grouped(in_hosts(fleet, field)).into_iter();
    let others = groups.filter(|(value, _)| Some(*value) != model);
    let others = others.map(|(value, kinds)| {
        format!(
            "{} on {}",
            field.field.show(value),
            names::shown(fleet, &kinds)
        )
    });
    others.collect::<Vec<_>>().join("; ")
}

fn tolerated(fleet: &Fleet, baseline: &Baseline) -> Option<String> {
    let fields = baseline.tolerated().iter().map(|tolerated| tolerated.field);
    let lines_of = fields.map(|field| format!("{field}: {}", others(fleet, field, None)));
    let lines_of: Vec<String> = lines_of.collect();
    (!lines_of.is_empty()).then(|| lines(lines_of))
}

fn facts(fleet: &Fleet, differences: &[MachineDifference]) -> Option<String> {
    let text = differences.iter().map(|difference| {
        let values = difference.values.iter();
        let values =
            values.map(|(value, kinds)| format!("{value} on {}", names::shown(fleet, kinds)));
        let values: Vec<String> = values.collect();
        let (fact, advice) = (difference.fact, difference.advice());
        format!("{fact}: {}; {advice}", values.join("; "))
    });
    let text: Vec<String> = text.collect();
    (!text.is_empty()).then(|| lines(text))
}

/// The limits of a guest that the model exceeds, or `None`.
fn exceeded((guest, exceeded): &(Guest, Vec<&GuestLimit>)) -> Option<String> {
    let limits = exceeded.iter().map(|limit| format!("  {limit}"));
    let heading = format!("The hosts accept no values that {guest} bears:\n");
    (!exceeded.is_empty()).then(|| heading + &lines(limits))
}

/// The model in the form of each kind, with the names of its hosts.
fn forms(fleet: &Fleet, baseline: &Baseline) -> String {
    let forms = grouped(models(baseline)).into_iter();
    lines(
        forms.map(|(model, kinds)| format!("--cpu {model}\n  on {}", names::shown(fleet, &kinds))),
    )
}

fn implementations(cpus: &[TargetCpu]) -> String {
    let cpus = cpus.iter().map(|cpu| format!("--impl-cpu {cpu}"));
    format!(
        "The CPUs of all hosts, for guests that may run on each:\n{}",
        lines(cpus)
    )
}
