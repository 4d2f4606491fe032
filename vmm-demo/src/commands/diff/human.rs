//! The changes of a host as text.

use super::Counts;
use super::guests::GuestChange;
use super::models::ModelChanges;
use crate::commands::placement::{self, Placement};
use crate::output::json::ranges;
use crate::output::list::{comma_list, lines};
use crate::output::table;
use idreg_runtime::host::{FieldChange, FieldState, HostChanges};

/// Tables of facts, fields and guests, each with a summary or a heading.
pub(super) fn text(
    changes: &HostChanges,
    models: &ModelChanges,
    guests: Option<&[GuestChange]>,
) -> String {
    let mut text = Vec::new();
    if !changes.facts.is_empty() {
        let mut facts = table::new(&["machine", "old", "new"]);
        for fact in &changes.facts {
            facts.add_row([&fact.name, &fact.old, &fact.new]);
        }
        text.push(table::show(facts));
    }
    if !changes.fields.is_empty() {
        let mut fields = table::new(&["property", "old", "allowed", "new", "allowed"]);
        for change in &changes.fields {
            let [old, new] = [&change.old, &change.new].map(|state| cells(change, state.as_ref()));
            let property = [change.field.to_string()];
            fields.add_row(property.into_iter().chain(old).chain(new));
        }
        text.push(table::show(fields));
    }
    text.push(summary(changes));
    for (change, models) in [("lost", &models.lost), ("won", &models.won)] {
        if !models.is_empty() {
            text.push(format!("named models {change}: {}", comma_list(models)));
        }
    }
    if let Some(guests) = guests {
        text.extend(guest_lines(guests));
    }
    lines(text)
}

/// The value of a field and its allowed values.
fn cells(change: &FieldChange, state: Option<&FieldState>) -> [String; 2] {
    let Some(state) = state else {
        return ["absent".to_owned(), String::new()];
    };
    let allowed = match state.obstacle {
        Some(obstacle) => format!("fixed ({})", obstacle.name()),
        None => comma_list(ranges(&state.allowed)),
    };
    [change.field.field.show(state.value).to_string(), allowed]
}

fn summary(changes: &HostChanges) -> String {
    let Counts {
        gone,
        new,
        values,
        allowed,
    } = Counts::of(changes);
    let count = changes.fields.len();
    format!(
        "{count} fields differ: {values} in their value, {allowed} only in the allowed values, \
         {new} are new, {gone} are gone"
    )
}

/// The guests that no longer fit with their reasons, those that fit now, and the numbers.
fn guest_lines(guests: &[GuestChange]) -> Vec<String> {
    let mut text = Vec::new();
    for guest in guests {
        let name = &guest.name;
        text.push(match (&guest.old, &guest.new) {
            (Ok(old), Ok(new)) if old.model == new.model => format!("{name}: still fits"),
            (_, Ok(new)) => {
                let change = if guest.old.is_ok() {
                    "still fits, now with"
                } else {
                    "fits now, with"
                };
                format!("{name}: {change} --cpu {}", new.model)
            }
            (old, Err(error)) => {
                let change = if old.is_ok() {
                    "no longer fits"
                } else {
                    "does not fit, as before"
                };
                let count = placement::count_of_reasons(error);
                format!(
                    "{name}: {change}, {count}:\n{}",
                    placement::reasons(error, error.remedy().as_slice())
                )
            }
        });
    }
    let fit = |placement: fn(&GuestChange) -> &Placement| {
        guests
            .iter()
            .filter(|guest| placement(guest).is_ok())
            .count()
    };
    text.push(format!(
        "{} of {} guests fit the new host, and {} the old one",
        fit(|guest| &guest.new),
        guests.len(),
        fit(|guest| &guest.old)
    ));
    text
}
