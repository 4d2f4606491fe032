//! The names of hosts that a fleet keeps: the same in whichever order the hosts were added.

use core::cmp::Ordering;
use std::collections::BinaryHeap;

/// The maximum number of names that a fleet keeps beside the first of each kind.
pub(super) const KEPT_NAMES: usize = 1 << 14;

/// Compares names by their text, and by the number after a last colon, which is that of a line:
/// `hosts.json:9` is before `hosts.json:10`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    parts(a).cmp(&parts(b))
}

fn parts(name: &str) -> (&str, Option<u64>, &str) {
    let numbered = name.rsplit_once(':').and_then(|(file, line)| {
        let is_decimal = line.bytes().all(|digit| digit.is_ascii_digit());
        Some((file, line.parse().ok().filter(|_| is_decimal)?))
    });
    match numbered {
        Some((file, line)) => (file, Some(line), name),
        None => (name, None, name),
    }
}

/// A host's name with its kind, ordered by the name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NameOfKind {
    name: String,
    /// A hash of the kind, by which equal names are ordered.
    key: u64,
    position: usize,
}

/// The kept names but the first of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct LaterNames(BinaryHeap<NameOfKind>);

impl LaterNames {
    /// True if a name would be kept.
    pub(super) fn have_room_for(&self, name: &str) -> bool {
        let last = self.0.peek();
        self.0.len() < KEPT_NAMES || last.is_some_and(|last| compare(name, &last.name).is_le())
    }

    /// Adds the name of a host of a kind; returns the position of the kind whose last name is not
    /// kept instead.
    pub(super) fn add(&mut self, name: String, key: u64, position: usize) -> Option<usize> {
        self.0.push(NameOfKind {
            name,
            key,
            position,
        });
        let is_full = self.0.len() > KEPT_NAMES;
        let last = is_full.then(|| self.0.pop()).flatten();
        last.map(|last| last.position)
    }
}

impl Ord for NameOfKind {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.name, &other.name)
            .then_with(|| (self.key, self.position).cmp(&(other.key, other.position)))
    }
}

impl PartialOrd for NameOfKind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
