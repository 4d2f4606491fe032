//! The names of the hosts of several kinds.

use crate::output::escaped;
use crate::output::list::comma_list;
use idreg_runtime::fleet::{Fleet, Kind};

/// The names of the hosts of kinds, as far as the fleet keeps them, and the number of the others.
pub(super) fn of<'f>(fleet: &'f Fleet, positions: &[usize]) -> (Vec<&'f str>, u64) {
    let kinds = positions
        .iter()
        .filter_map(|position| fleet.kinds().get(*position));
    let kinds: Vec<&Kind> = kinds.collect();
    let names = kinds.iter().flat_map(|kind| kind.names());
    let names: Vec<&str> = names.map(String::as_str).collect();
    let hosts: u64 = kinds.iter().map(|kind| kind.count()).sum();
    let more = hosts.saturating_sub(names.len() as u64);
    (names, more)
}

/// The first names in words, and the number of the others.
pub(super) fn shown(fleet: &Fleet, positions: &[usize]) -> String {
    const SHOWN: usize = 4;
    let (names, mut more) = of(fleet, positions);
    more += names.len().saturating_sub(SHOWN) as u64;
    let first = names.iter().take(SHOWN).map(|name| escaped(name));
    match (comma_list(first), more) {
        (names, 0) => names,
        (names, more) if names.is_empty() => format!("{more} hosts"),
        (names, more) => format!("{names} and {more} more"),
    }
}
