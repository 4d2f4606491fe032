//! A decoded line as text.

use super::entry::{DecodedField, DecodedLine, DecodedRegister};
use crate::output::escaped;
use crate::output::list::{comma_list, lines};
use crate::output::table;

/// The number of characters of a line that is not recognised that are shown.
const SHOWN: usize = 100;

/// The block of a line.
pub(super) fn block(line: &DecodedLine, with_host: bool) -> String {
    if line.event.is_none() {
        return format!("{}: {}", shortened(&line.text), line.summary);
    }
    let mut parts = vec![line.summary.clone()];
    if let Some(register) = &line.register {
        parts.push(register_lines(register, &line.sides));
    }
    let (listed, same) = listed(&line.fields);
    if listed.iter().any(|field| field.has_values()) {
        parts.push(fields(line, &listed, with_host));
    } else if !listed.is_empty() {
        let names = listed
            .iter()
            .map(|field| format!("{} {}", field.name, field.bits));
        parts.push(format!("fields: {}", comma_list(names)));
    }
    if !same.is_empty() {
        let same = same.iter().filter_map(|field| {
            let value = field.shown.iter().flatten().next()?;
            Some(format!("{}={value}", field.name))
        });
        let same = comma_list(same);
        if !same.is_empty() {
            parts.push(format!("the same: {same}"));
        }
    }
    let causes = line.fields.iter();
    let causes = causes.filter_map(|field| Some((field.cause.as_deref()?, field.name)));
    let causes = by_text(causes).into_iter();
    parts.extend(causes.map(|(cause, names)| format!("{}: {cause}", comma_list(names))));
    if let Some(bits) = line.undescribed {
        parts.push(format!("bits that no field has also differ: {bits}"));
    }
    parts.extend(line.cause.iter().map(|cause| format!("cause: {cause}")));
    if let Some(nearest) = &line.nearest {
        parts.push(format!("did you mean {nearest}?"));
    }
    let remedies = of_fields(&line.fields)
        .into_iter()
        .chain(line.remedies.iter().cloned());
    parts.extend(remedies.map(|remedy| format!("what would work: {remedy}")));
    lines(parts)
}

/// The remedies of the fields: one model for all that have a setting, then those of the others.
fn of_fields(fields: &[DecodedField]) -> Vec<String> {
    let mut settings: Vec<&str> = Vec::new();
    for setting in fields.iter().filter_map(|field| field.setting.as_deref()) {
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    let model = (!settings.is_empty())
        .then(|| format!("start the guest with --cpu host,{}", settings.join(",")));
    let others = fields.iter();
    let others = others.filter_map(|field| Some((field.remedy.as_deref()?, field.name)));
    let others = by_text(others).into_iter();
    let others = others.map(|(remedy, names)| format!("for {}: {remedy}", comma_list(names)));
    model.into_iter().chain(others).collect()
}

/// The fields that share a text, in the order of the first.
fn by_text<'l>(texts: impl Iterator<Item = (&'l str, &'l str)>) -> Vec<(&'l str, Vec<&'l str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (text, name) in texts {
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, names)) => names.push(name),
            None => groups.push((text, vec![name])),
        }
    }
    groups
}

fn shortened(text: &str) -> String {
    let text = escaped(text.trim());
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The fields of the table, and those that are the same on both sides.
fn listed(fields: &[DecodedField]) -> (Vec<&DecodedField>, Vec<&DecodedField>) {
    let any_differs = fields.iter().any(|field| field.differs);
    fields
        .iter()
        .partition(|field| field.differs || !any_differs)
}

fn register_lines(register: &DecodedRegister, sides: &[String; 2]) -> String {
    let mut shown = register.name.clone();
    if let Some(encoding) = register.encoding.as_ref().filter(|other| **other != shown) {
        shown = format!("{shown} ({encoding})");
    }
    let values = register.shown.iter().zip(sides);
    let values = values.filter_map(|(value, side)| Some(format!("  {side} {}", value.as_ref()?)));
    lines([shown].into_iter().chain(values))
}

fn fields(line: &DecodedLine, listed: &[&DecodedField], with_host: bool) -> String {
    let has = |side: usize| {
        let value = |field: &&DecodedField| field.shown.get(side).is_some_and(Option::is_some);
        listed.iter().any(value)
    };
    let used = [has(0), has(1)];
    let mut headings = vec!["field", "bits"];
    headings.extend(
        line.field_sides
            .iter()
            .zip(used)
            .filter_map(|(side, used)| used.then_some(side.as_str())),
    );
    headings.extend(with_host.then_some("host allows"));
    let mut table = table::new(&headings);
    for field in listed {
        let mut row = vec![field.name.to_owned(), field.bits.clone()];
        let values = field.shown.iter().zip(used);
        let values = values.filter(|(_, used)| *used);
        row.extend(values.map(|(value, _)| value.clone().unwrap_or_else(|| "absent".to_owned())));
        row.extend(field.allowed.as_ref().map(comma_list));
        table.add_row(row);
    }
    table::show(table)
}
