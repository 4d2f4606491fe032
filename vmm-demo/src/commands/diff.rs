//! `diff`: compares two readings of one host, such as before and after an update.

mod guests;
mod human;
mod models;

use self::guests::GuestChange;
use self::models::ModelChanges;
use super::Verdict;
use crate::cli::views::DiffArguments;
use crate::machine;
use crate::output;
use crate::output::failure::Failure;
use crate::output::json::ranges;
use idreg_runtime::host::{FactChange, FieldChange, FieldState, Host, HostChanges, Obstacle};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct DiffReport<'d> {
    schema: &'static str,
    old: ReadingEntry<'d>,
    new: ReadingEntry<'d>,
    machine: Vec<FactEntry<'d>>,
    fields: Vec<FieldChangeEntry>,
    models: &'d ModelChanges,
    /// The guests, with `--views`.
    #[serde(skip_serializing_if = "Option::is_none")]
    guests: Option<&'d [GuestChange]>,
}

#[derive(Serialize)]
struct ReadingEntry<'d> {
    file: String,
    kernel_release: &'d str,
}

#[derive(Serialize)]
struct FactEntry<'d> {
    what: &'d str,
    old: &'d str,
    new: &'d str,
}

#[derive(Serialize)]
struct FieldChangeEntry {
    property: String,
    old: Option<StateEntry>,
    new: Option<StateEntry>,
}

#[derive(Serialize)]
struct StateEntry {
    value: String,
    name: Option<&'static str>,
    allowed: Vec<String>,
    /// The reason why no other value is allowed.
    blocked: Option<&'static str>,
}

/// Prints the changes of a host with the named models that it loses and wins, and with `--views`
/// the guests that no longer fit.
///
/// # Errors
///
/// [`Failure`]: a host or a view cannot be used.
pub fn diff(arguments: &DiffArguments) -> Result<Verdict, Failure> {
    let (old, new) = (
        machine::host_file(&arguments.old)?,
        machine::host_file(&arguments.new)?,
    );
    let changes = old.changes(&new);
    let models = ModelChanges::new(&old, &new);
    let tolerance = arguments.tolerance.tolerance();
    let guests = arguments.views.as_deref();
    let guests = guests.map(|views| guests::judge(views, &old, &new, &tolerance));
    let guests = guests.transpose()?;
    if arguments.json {
        output::json(&DiffReport {
            schema: "idreg-diff/1",
            old: ReadingEntry::new(&arguments.old, &old),
            new: ReadingEntry::new(&arguments.new, &new),
            machine: changes.facts.iter().map(FactEntry::of).collect(),
            fields: changes.fields.iter().map(FieldChangeEntry::of).collect(),
            models: &models,
            guests: guests.as_deref(),
        })?;
    } else {
        output::text(&human::text(&changes, &models, guests.as_deref()))?;
    }
    let lost = guests.iter().flatten().any(GuestChange::is_lost);
    Ok(Verdict::new(!lost, 0))
}

impl<'d> ReadingEntry<'d> {
    fn new(file: &Path, host: &'d Host) -> Self {
        Self {
            file: file.to_string_lossy().into_owned(),
            kernel_release: &host.info().kernel_release,
        }
    }
}

impl<'d> FactEntry<'d> {
    fn of(change: &'d FactChange) -> Self {
        let FactChange { name, old, new } = change;
        Self {
            what: name,
            old,
            new,
        }
    }
}

impl FieldChangeEntry {
    fn of(change: &FieldChange) -> Self {
        let state = |state: &FieldState| StateEntry {
            value: format!("{:#x}", state.value),
            name: change.field.field.value_name(state.value),
            allowed: ranges(&state.allowed),
            blocked: state.obstacle.map(Obstacle::name),
        };
        Self {
            property: change.field.to_string(),
            old: change.old.as_ref().map(state),
            new: change.new.as_ref().map(state),
        }
    }
}

/// The numbers of fields by the kind of their change.
#[derive(Default)]
struct Counts {
    gone: usize,
    new: usize,
    values: usize,
    allowed: usize,
}

impl Counts {
    fn of(changes: &HostChanges) -> Self {
        let mut counts = Self::default();
        for change in &changes.fields {
            let count = match (&change.old, &change.new) {
                (_, None) => &mut counts.gone,
                (None, _) => &mut counts.new,
                (Some(old), Some(new)) if old.value != new.value => &mut counts.values,
                _ => &mut counts.allowed,
            };
            *count += 1;
        }
        counts
    }
}
