//! The share of a fleet that a model covers: the model grows with every kind that is left out.

use super::acceptance::AcceptanceSet;
use super::baseline::Baseline;
use super::draft::Draft;
use super::kinds::{Fleet, Kind};
use super::no_baseline::NoBaseline;
use super::policy::Policy;
use super::remainder::Remainders;
use crate::description::RegisterField;
use crate::description::rule::{Safety, ValueRange};
use crate::values::RegisterValues;

/// A part of a fleet and its baseline, from [`Fleet::coverage`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The positions of the kinds that are left out, in the order in which they were.
    pub without: Vec<usize>,
    /// The number of hosts in the part.
    pub hosts: u64,
    /// The sum of their weights.
    pub weight: u64,
    /// The number of features of the architecture that the model has, or 0 without a model.
    pub features: usize,
    /// The model of the part, or the reasons why it has none.
    pub baseline: Result<Baseline, Box<NoBaseline>>,
}

/// The hosts that keep a field of a fleet's model where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The field.
    pub field: RegisterField,
    /// The accepted values, each with the positions of the kinds that accept exactly these.
    pub accepted: Vec<(Vec<ValueRange>, Vec<usize>)>,
    /// The greatest value that some host accepts, or `None` if safety does not tell.
    pub greatest: Option<u64>,
    /// The greatest value that all hosts accept, or `None` if there is none.
    pub common: Option<u64>,
    /// The positions of the kinds that do not accept the greatest value.
    pub limited_by: Vec<usize>,
}

impl Fleet {
    /// The parts of the fleet that are left after kind upon kind is left out, each time the one
    /// without which the model has the most features.
    ///
    /// The first part is the whole fleet, the last one kind. While a part has no model, the kind is
    /// left out that is in the way of most fields; of several the one with the least weight.
    ///
    /// ```
    /// # let host = |file| serde_json::from_str::<idreg_runtime::Host>(file);
    /// # let n1 = host(include_str!("../../data/hosts/neoverse-n1-latest.json"))?;
    /// # let a57 = host(include_str!("../../data/hosts/cortex-a57-latest.json"))?;
    /// use idreg_runtime::fleet::{Fleet, Policy};
    ///
    /// let mut fleet = Fleet::new();
    /// for (name, host) in [("a", &n1), ("b", &n1), ("c", &a57)] {
    ///     fleet.add(name, host)?;
    /// }
    /// let steps: Vec<_> = fleet.coverage(&Policy::default()).collect();
    /// assert!(steps[0].baseline.is_err());
    /// assert!(steps[1].baseline.is_ok());
    /// assert_eq!((steps[1].without.as_slice(), steps[1].hosts), (&[1][..], 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn coverage<'f>(&'f self, policy: &'f Policy) -> impl Iterator<Item = Step> + 'f {
        let mut next = Some(Vec::new());
        std::iter::from_fn(move || {
            let without = next.take()?;
            let rest = self.positions_without(&without);
            if rest.len() > 1 {
                next = self.worst(&rest, policy).map(|worst| {
                    let mut more = without.clone();
                    more.push(worst);
                    more
                });
            }
            let part = self.without(&without);
            let baseline = part.baseline(policy);
            let features = baseline
                .as_ref()
                .map_or(0, |baseline| features(baseline.values()));
            let (hosts, weight) = (part.host_count(), part.weight());
            (!rest.is_empty()).then_some(Step {
                without,
                hosts,
                weight,
                features,
                baseline,
            })
        })
    }

    /// The hosts that keep a field of the model where it is.
    #[must_use]
    pub fn explain(&self, field: RegisterField) -> Explanation {
        Explanation::new(&self.draft(), field)
    }

    /// The hosts that keep each of several fields where it is, in the order of the fields.
    ///
    /// The hosts are configured once, and not for each field as by [`explain`](Self::explain).
    pub fn explain_each<'f>(
        &'f self,
        fields: impl IntoIterator<Item = RegisterField> + 'f,
    ) -> impl Iterator<Item = Explanation> + 'f {
        let draft = self.draft();
        let fields = fields.into_iter();
        fields.map(move |field| Explanation::new(&draft, field))
    }

    fn draft(&self) -> Draft<'_> {
        Draft::new(&self.kinds().iter().collect::<Vec<&Kind>>())
    }

    fn positions_without(&self, without: &[usize]) -> Vec<usize> {
        let all = 0..self.kinds().len();
        all.filter(|position| !without.contains(position)).collect()
    }

    /// The kind without which the rest of some kinds has the best model.
    fn worst(&self, positions: &[usize], policy: &Policy) -> Option<usize> {
        let kinds = positions
            .iter()
            .filter_map(|position| self.kinds().get(*position));
        let kinds: Vec<&Kind> = kinds.collect();
        let draft = Draft::new(&kinds);
        let remainders = Remainders::new(&draft);
        let weights = kinds.iter().map(|kind| kind.weight());
        let all = weights.fold(0, u64::saturating_add);
        let score = |worst: usize| {
            let (common, obstacles) = remainders.without(worst, policy);
            let features = common.map_or(0, |common| features(&common.greatest_values()));
            let weight = kinds.get(worst).map_or(0, |kind| kind.weight());
            let rest = all.saturating_sub(weight);
            (std::cmp::Reverse(obstacles), features, rest)
        };
        let worst = (0..positions.len()).max_by_key(|worst| score(*worst))?;
        positions.get(worst).copied()
    }
}

impl Explanation {
    fn new(draft: &Draft<'_>, field: RegisterField) -> Self {
        let greatest = draft
            .sets
            .iter()
            .filter_map(|set| set.get(field)?.greatest(field));
        let is_ordered = field.field.rule().safety != Safety::Any;
        let greatest = greatest.max_by_key(|value| rank(field, *value));
        let greatest = greatest.filter(|_| is_ordered);
        let accepts = |set: &AcceptanceSet| {
            let values = set.get(field);
            greatest.is_none_or(|value| values.is_none_or(|values| values.contains(value)))
        };
        let sets = draft.sets.iter().enumerate();
        let limited_by = sets
            .filter(|(_, set)| !accepts(set))
            .map(|(position, _)| position);
        let limited_by = limited_by.collect();
        let common = draft.common.as_ref().and_then(|common| common.get(field));
        Self {
            field,
            accepted: draft.reasons(field).accepted,
            greatest,
            common: common.and_then(|common| common.greatest(field)),
            limited_by,
        }
    }
}

/// The order of a field's values by how much they offer a guest.
fn rank(field: RegisterField, value: u64) -> i128 {
    match field.field.rule().safety {
        Safety::Higher => -i128::from(value),
        // Zero offers least.
        Safety::HigherOrZero if value != 0 => i128::from(u64::MAX) - i128::from(value),
        Safety::Exact { safe } => i128::from(value != safe),
        _ => field.field.comparable(value),
    }
}

/// The number of features of the architecture that registers indicate.
fn features(values: &RegisterValues) -> usize {
    let features = values.description().features.iter();
    features.filter(|feature| values.has(*feature)).count()
}
