//! Names and values that must be there once in a field or layout.

use std::collections::BTreeMap;

/// As many are found faster one after the other than in a tree.
const FEW: usize = 16;

/// What has been entered. It is mostly little, but a hostile description's may be a million.
pub(super) struct FirstSeen<K, V> {
    few: Vec<(K, V)>,
    more: BTreeMap<K, V>,
}

impl<K: Ord + Copy, V: Copy> FirstSeen<K, V> {
    /// Nothing yet, of about as many things as said.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            few: Vec::with_capacity(count.min(FEW)),
            more: BTreeMap::new(),
        }
    }

    /// Enters something, or gives what was entered first.
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
