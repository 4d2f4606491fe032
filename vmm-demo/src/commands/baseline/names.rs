//! The names of the hosts of several kinds.

use crate::output::escaped;
use crate::output::list::comma_list;
use idreg_runtime::fleet::{Fleet, Kind};

/// The names of the hosts of kinds, as far as the fleet keeps them, and the number of the others.
pub(in crate::commands) fn of<'f>(fleet: &'f Fleet, positions: &[usize]) -> (Vec<&'f str>, u64) {
    let names = kinds(fleet, positions).flat_map(Kind::names);
    let names: Vec<&str> = names.map(String::as_str).collect();
    let more = count(fleet, positions).saturating_sub(names.len() as u64);
    (names, more)
}

/// The number of the hosts of kinds.
pub(in crate::commands) fn count(fleet: &Fleet, positions: &[usize]) -> u64 {
    kinds(fleet, positions).map(Kind::count).sum()
}

fn kinds<'f>(fleet: &'f Fleet, positions: &[usize]) -> impl Iterator<Item = &'f Kind> {
    let positions = positions.iter();
    positions.filter_map(|position| fleet.kinds().get(*position))
}

/// The first names in words, and the number of the others.
pub(in crate::commands) fn shown(fleet: &Fleet, positions: &[usize]) -> String {
    shown_as(fleet, positions, escaped)
}

/// The first names in words, each in a form of its own, and the number of the others.
pub(in crate::commands) fn shown_as(
    fleet: &Fleet,
    positions: &[usize],
    form: impl Fn(&str) -> String,
) -> String {
    const SHOWN: usize = 4;
    let (names, mut more) = of(fleet, positions);
    more += names.len().saturating_sub(SHOWN) as u64;
    let first = names.iter().take(SHOWN).map(|name| form(name));
    match (comma_list(first), more) {
        (names, 0) => names,
        (names, more) if names.is_empty() => format!("{more} hosts"),
        (names, more) => format!("{names} and {more} more"),
    }
}
