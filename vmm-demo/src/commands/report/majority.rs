//! The hosts that go with the most others, for fleets that have no model.

use crate::commands::baseline::names;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::fleet::{Baseline, Fleet, NoBaseline, Policy};

/// The positions of the kinds to leave out so that the others have a model, with that model, or
/// `None` if none is found.
///
/// For each fact and field in the way the hosts stay that most of those left go with.
pub(super) fn majority(
    fleet: &Fleet,
    policy: &Policy,
    reasons: &NoBaseline,
) -> Option<(Vec<usize>, Baseline)> {
    let mut kept: Vec<usize> = (0..fleet.kinds().len()).collect();
    let mut reasons = reasons.clone();
    loop {
        let before = kept.len();
        let positions = kept.clone();
        let in_fleet = |kinds: &[usize]| -> Vec<usize> {
            let kinds = kinds.iter().filter_map(|kind| positions.get(*kind));
            kinds.copied().collect()
        };
        for difference in &reasons.machine {
            let groups = difference.values.iter();
            let groups = groups.map(|(_, kinds)| in_fleet(kinds));
            keep_largest(fleet, &mut kept, &groups.collect::<Vec<_>>());
        }
        for impossible in &reasons.impossible {
            let groups = with_others(&impossible.accepted);
            let groups = groups.iter().map(|kinds| in_fleet(kinds));
            keep_largest(fleet, &mut kept, &groups.collect::<Vec<_>>());
        }
        if kept.is_empty() || kept.len() == before {
            return None;
        }
        let is_left_out = |kind: &usize| !kept.contains(kind);
        let without: Vec<usize> = (0..fleet.kinds().len()).filter(is_left_out).collect();
        match fleet.without(&without).baseline(policy) {
            Ok(baseline) => return Some((without, baseline)),
            Err(others) => reasons = *others,
        }
    }
}

/// For each group of kinds, all that accept the first value that it accepts.
fn with_others(accepted: &[(Vec<ValueRange>, Vec<usize>)]) -> Vec<Vec<usize>> {
    let values = accepted.iter().filter_map(|(ranges, _)| ranges.first());
    let groups = values.map(|range| {
        let accepts = |ranges: &[ValueRange]| ranges.iter().any(|one| one.contains(range.first));
        let groups = accepted.iter().filter(|(ranges, _)| accepts(ranges));
        groups
            .flat_map(|(_, kinds)| kinds.iter().copied())
            .collect()
    });
    groups.collect()
}

/// Keeps the kinds of the group that has the most hosts among those kept; of several the first.
fn keep_largest(fleet: &Fleet, kept: &mut Vec<usize>, groups: &[Vec<usize>]) {
    let kept_of = |group: &Vec<usize>| -> Vec<usize> {
        kept.iter()
            .copied()
            .filter(|kind| group.contains(kind))
            .collect()
    };
    let groups = groups.iter().rev().map(kept_of);
    if let Some(largest) = groups.max_by_key(|kinds| names::count(fleet, kinds)) {
        *kept = largest;
    }
}
