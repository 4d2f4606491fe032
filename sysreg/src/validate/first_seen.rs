//! Map of names or values that must be unique in a field or layout.

use std::collections::BTreeMap;

/// The number of entries up to which a linear search is faster than a tree.
const FEW: usize = 16;

/// A map that keeps the first value of each key.
///
/// Most maps are small, but a hostile description may have a million entries.
pub(super) struct FirstSeen<K, V> {
    few: Vec<(K, V)>,
    more: BTreeMap<K, V>,
}

impl<K: Ord + Copy, V: Copy> FirstSeen<K, V> {
    /// Creates an empty map for about `count` entries.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            few: Vec::with_capacity(count.min(FEW)),
            more: BTreeMap::new(),
        }
    }

    /// Inserts the value of a new key, or returns the first value of a known key.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let among_few = self.few.iter().find(|(entered, _)| *entered == key);
        if let Some((_, first)) = among_few {
            return Some(*first);
        }
        if self.few.len() < FEW {
            self.few.push((key, value));
            return None;
        }
        super::insert_unique(&mut self.more, key, value)
    }
}
