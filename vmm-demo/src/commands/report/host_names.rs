//! The names of hosts on the page: without the directory that all have in common.

use crate::commands::baseline::names;
use crate::output::escaped;
use idreg_runtime::fleet::{Fleet, Kind};

/// The names of the hosts of a fleet.
pub(super) struct HostNames<'f> {
    fleet: &'f Fleet,
    /// The directory that all names begin with, with `/` at its end, or nothing.
    directory: &'f str,
}

impl<'f> HostNames<'f> {
    pub(super) fn new(fleet: &'f Fleet) -> Self {
        let names = fleet.kinds().iter().flat_map(Kind::names);
        let directory = names.map(String::as_str).reduce(common_start);
        let end = directory.and_then(|directory| directory.rfind('/'));
        let directory = directory.and_then(|directory| directory.get(..=end?));
        Self {
            fleet,
            directory: directory.unwrap_or_default(),
        }
    }

    pub(super) fn directory(&self) -> String {
        escaped(self.directory)
    }

    /// The names of a kind's hosts, as far as the fleet keeps them.
    pub(super) fn of(&self, kind: &Kind) -> Vec<String> {
        kind.names().iter().map(|name| self.short(name)).collect()
    }

    /// The first names of the hosts of kinds, and the number of the others.
    pub(super) fn shown(&self, kinds: &[usize]) -> String {
        names::shown_as(self.fleet, kinds, |name| self.short(name))
    }

    /// For each kind the name of its first host, and the number of the others.
    pub(super) fn of_kinds(&self) -> Vec<String> {
        let kinds = self.fleet.kinds().iter();
        kinds.map(|kind| self.short(&kind.to_string())).collect()
    }

    fn short(&self, name: &str) -> String {
        escaped(name.strip_prefix(self.directory).unwrap_or(name))
    }
}

/// The characters with which both texts begin.
fn common_start<'t>(one: &'t str, other: &'t str) -> &'t str {
    let both = one.char_indices().zip(other.chars());
    let differing = both.into_iter().find(|((_, one), other)| one != other);
    let length = differing.map_or(one.len().min(other.len()), |((index, _), _)| index);
    one.get(..length).unwrap_or_default()
}
