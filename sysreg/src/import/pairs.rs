//! Pairs of the same register, field or value in two descriptions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Registers, fields or values of an old and a new description: in both, or in only one of them.
pub(super) struct Pairs<'m, T> {
    /// Pairs of old and new, in the order of the old description.
    pub(super) both: Vec<(&'m T, &'m T)>,
    pub(super) removed: Vec<&'m T>,
    pub(super) added: Vec<&'m T>,
}

impl<'m, T> Pairs<'m, T> {
    /// Pairs things of the same name, then the remaining things at the same place.
    ///
    /// Names are unique in each description; places need not be.
    pub(super) fn new<P: Ord>(
        old: impl IntoIterator<Item = &'m T>,
        new: impl IntoIterator<Item = &'m T>,
        name: impl Fn(&'m T) -> &'m str,
        place: impl Fn(&'m T) -> P,
    ) -> Self {
        let (old, new): (Vec<_>, Vec<_>) = (old.into_iter().collect(), new.into_iter().collect());
        let old_names: BTreeSet<&str> = old.iter().map(|thing| name(thing)).collect();
        let mut by_name = BTreeMap::new();
        let mut by_place: BTreeMap<P, VecDeque<&'m T>> = BTreeMap::new();
        for thing in &new {
            if old_names.contains(name(thing)) {
                by_name.insert(name(thing), *thing);
            } else {
                by_place.entry(place(thing)).or_default().push_back(thing);
            }
        }
        let mut paired = BTreeSet::new();
        let (mut both, mut removed) = (Vec::new(), Vec::new());
        for thing in old {
            let same_name = by_name.get(name(thing)).copied();
            let same_place = || by_place.get_mut(&place(thing))?.pop_front();
            match same_name.or_else(same_place) {
                Some(found) => {
                    paired.insert(name(found));
                    both.push((thing, found));
                }
                None => removed.push(thing),
            }
        }
        let is_left = |thing: &&'m T| !paired.contains(name(thing));
        Self {
            both,
            removed,
            added: new.into_iter().filter(is_left).collect(),
        }
    }
}
