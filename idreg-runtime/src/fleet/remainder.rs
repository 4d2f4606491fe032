//! Fleets without one of their kinds: the common values of the others.

use super::acceptance::AcceptanceSet;
use super::draft::{Draft, option_in_the_way};
use super::kinds::Kind;
use super::machine::differences;
use super::options;
use super::policy::Policy;
use crate::config::VcpuConfig;
use crate::config::options::CpuOption;
use crate::tolerance::Tolerance;

/// The kinds of a draft, each of which can be left out.
///
/// Most kinds change neither the options nor the facts of the machines. The others then accept what
/// they accepted with the kind, and their common values are the intersection of those before it and
/// those after it.
pub(super) struct Remainders<'d, 'f> {
    draft: &'d Draft<'f>,
    /// The configurations that were tried for all kinds, the draft's own last.
    attempts: Vec<Attempt>,
    /// The number of facts that prevent a model of all kinds.
    facts: usize,
    /// For each kind, true if no other has its options and facts.
    unlike: Vec<bool>,
}

/// A configuration, and the option that had to be turned off, or `None` in the last.
struct Attempt {
    options: VcpuConfig,
    turned_off: Option<CpuOption>,
    /// The common values of the kinds before each position.
    before: Vec<Option<AcceptanceSet>>,
    /// The common values of the kinds from each position on.
    from: Vec<Option<AcceptanceSet>>,
}

impl<'d, 'f> Remainders<'d, 'f> {
    pub(super) fn new(draft: &'d Draft<'f>) -> Self {
        let last = (draft.options, None, draft.sets.as_slice());
        let earlier = draft.rejected.iter();
        let earlier = earlier.map(|rejected| {
            let turned_off = Some(rejected.turned_off);
            (rejected.options, turned_off, rejected.sets.as_slice())
        });
        let attempts = earlier.chain([last]);
        Self {
            draft,
            attempts: attempts
                .map(|(options, turned_off, sets)| Attempt::new(options, turned_off, sets))
                .collect(),
            facts: hopeless(&draft.kinds),
            unlike: unlike(&draft.kinds),
        }
    }

    /// The common values of all kinds but the one at a position, and the number of fields and facts
    /// that prevent a model of these.
    pub(super) fn without(
        &self,
        position: usize,
        policy: &Policy,
    ) -> (Option<AcceptanceSet>, usize) {
        let is_left = |(other, _): &(usize, _)| *other != position;
        let kinds = self.draft.kinds.iter().copied().enumerate().filter(is_left);
        let kinds: Vec<&Kind> = kinds.map(|(_, kind)| kind).collect();
        let is_unlike = self.unlike.get(position) != Some(&false);
        let initial = self.attempts.first().map(|attempt| attempt.options);
        let options = || options::common(kinds.iter().map(|kind| kind.host()));
        let common = if is_unlike && Some(options()) != initial {
            Draft::new(&kinds).common
        } else {
            let replayed = self.replayed(position);
            replayed.or_else(|| Draft::new(&kinds).common)
        };
        let facts = if is_unlike {
            hopeless(&kinds)
        } else {
            self.facts
        };
        let has_el2 = kinds.iter().any(|kind| kind.host().info().vcpu.el2);
        let fields = common.iter().flat_map(AcceptanceSet::iter);
        let fields = fields.filter(|(field, values)| {
            values.is_empty() && !policy.tolerance.covers(*field, has_el2)
        });
        let obstacles = fields.count() + facts;
        (common, obstacles)
    }

    /// The common values of the others, or `None` if there is no other or they turn other options
    /// off.
    fn replayed(&self, position: usize) -> Option<AcceptanceSet> {
        for attempt in &self.attempts {
            let common = attempt.without(position)?;
            let in_the_way = option_in_the_way(&common, attempt.options);
            if in_the_way != attempt.turned_off {
                return None;
            }
            if in_the_way.is_none() {
                return Some(common);
            }
        }
        None
    }
}

impl Attempt {
    fn new(options: VcpuConfig, turned_off: Option<CpuOption>, sets: &[AcceptanceSet]) -> Self {
        let before = accumulated(sets.iter());
        let mut from = accumulated(sets.iter().rev());
        from.reverse();
        Self {
            options,
            turned_off,
            before,
            from,
        }
    }

    fn without(&self, position: usize) -> Option<AcceptanceSet> {
        let before = self.before.get(position).and_then(Option::as_ref);
        let after = self.from.get(position + 1).and_then(Option::as_ref);
        match (before, after) {
            (Some(before), Some(after)) => {
                let mut common = before.clone();
                common.intersect(after);
                Some(common)
            }
            (one, other) => one.or(other).cloned(),
        }
    }
}

/// The intersections of the first sets: of none, of one, and so on to all.
fn accumulated<'s>(sets: impl Iterator<Item = &'s AcceptanceSet>) -> Vec<Option<AcceptanceSet>> {
    let mut all: Vec<Option<AcceptanceSet>> = vec![None];
    for set in sets {
        let mut next = all.last().cloned().flatten();
        match &mut next {
            Some(common) => common.intersect(set),
            None => next = Some(set.clone()),
        }
        all.push(next);
    }
    all
}

/// The number of facts of machines that nothing can make equal.
fn hopeless(kinds: &[&Kind]) -> usize {
    // A fact that a tolerance covers has a remedy without it too.
    let differences = differences(kinds, &Tolerance::none()).into_iter();
    differences
        .filter(|difference| difference.remedy.is_none())
        .count()
}

/// For each kind, true if no other has all of its options and facts.
fn unlike(kinds: &[&Kind]) -> Vec<bool> {
    let mut first_with: Vec<usize> = Vec::new();
    let mut counts = vec![0; kinds.len()];
    let mut groups = Vec::new();
    for (position, kind) in kinds.iter().enumerate() {
        let known = first_with.iter().find(|first| {
            kinds
                .get(**first)
                .is_some_and(|other| is_alike(other, kind))
        });
        let group = known.copied().unwrap_or(position);
        if group == position {
            first_with.push(position);
        }
        if let Some(count) = counts.get_mut(group) {
            *count += 1;
        }
        groups.push(group);
    }
    let groups = groups.into_iter();
    groups.map(|group| counts.get(group) == Some(&1)).collect()
}

fn is_alike(one: &Kind, other: &Kind) -> bool {
    let (one, other) = (one.host().info(), other.host().info());
    one.vcpu == other.vcpu
        && one.sve_vector_lengths == other.sve_vector_lengths
        && one.pmu_counters == other.pmu_counters
        && one.timer_frequency == other.timer_frequency
        && one.firmware == other.firmware
}

#[cfg(test)]
mod tests {
    use super::super::kinds::Fleet;
    use super::*;
    use crate::host::Host;

    /// Hosts of three CPUs, with fields lowered by number, so that options fall.
    fn fleet() -> Fleet {
        let files = [
            include_str!("../../data/hosts/neoverse-n1-latest.json"),
            include_str!("../../data/hosts/max-latest.json"),
            include_str!("../../data/hosts/cortex-a57-latest.json"),
        ];
        let mut fleet = Fleet::new();
        for number in 0..12_u32 {
            let file = files[number as usize % files.len()];
            let mut file: serde_json::Value = serde_json::from_str(file).unwrap();
            for (bit, register) in [(0, "ID_AA64ISAR0_EL1"), (1, "ID_AA64PFR0_EL1")] {
                let value = file["registers"][register]["value"].as_str().unwrap();
                let value = u64::from_str_radix(&value[2..], 16).unwrap();
                let value = value & !(0xf << (number >> bit & 0xf));
                file["registers"][register]["value"] = format!("{value:#x}").into();
            }
            if number == 5 {
                file["timer_frequency"] = 1_000_000.into();
            }
            let host: Host = serde_json::from_value(file).unwrap();
            fleet.add(number.to_string(), &host).unwrap();
        }
        fleet
    }

    #[test]
    fn remainder_has_the_common_values_of_a_fleet_without_the_kind() {
        let fleet = fleet();
        let policy = Policy::default();
        let all: Vec<&Kind> = fleet.kinds().iter().collect();
        for kinds in [all.clone(), all[..2].to_vec(), all[1..7].to_vec()] {
            let draft = Draft::new(&kinds);
            let remainders = Remainders::new(&draft);
            for position in 0..kinds.len() {
                let mut rest = kinds.clone();
                rest.remove(position);
                let (common, obstacles) = remainders.without(position, &policy);
                let expected = Draft::new(&rest);
                assert_eq!(common, expected.common, "{position} of {}", kinds.len());
                let facts = hopeless(&rest);
                assert_eq!(obstacles, expected.impossible().len() + facts);
            }
        }
    }
}
