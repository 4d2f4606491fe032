//! The parts of the fleet that are left as kinds are left out, and one that has a model.

use super::host_names::HostNames;
use super::majority::majority;
use crate::output::escaped;
use crate::output::progress::Progress;
use idreg_runtime::fleet::{Baseline, Fleet, NoBaseline, Policy, Step};
use serde::Serialize;

/// The maximum number of kinds in all steps together: the work of a step grows with its kinds, and
/// these take some five seconds.
const MOST_KINDS: usize = 6_000;

/// The coverage of a fleet.
pub(super) struct Curve {
    pub(super) points: Vec<Point>,
    /// The reasons why all hosts together have no model, or `None` if they have one.
    pub(super) reasons: Option<Box<NoBaseline>>,
    /// The part that has a model, or `None` if none is found: all hosts, or the larger one of the
    /// first on the curve and the majority.
    pub(super) part: Option<Part>,
}

/// A part of a fleet with its model.
pub(super) struct Part {
    pub(super) baseline: Baseline,
    /// The positions of the kinds that are left out.
    pub(super) without: Vec<usize>,
    /// The number of its hosts.
    pub(super) hosts: u64,
}

/// A part of a fleet by its size.
#[derive(Clone, Serialize)]
pub(super) struct Point {
    hosts: u64,
    /// The number of features that the part's model has, or `None` without a model.
    features: Option<usize>,
    /// The kind that is left out in this step, by a name of its hosts; `None` in the first.
    left_out: Option<String>,
}

impl Curve {
    pub(super) fn new(fleet: &Fleet, names: &HostNames<'_>, policy: &Policy) -> Self {
        let mut progress = Progress::new("kinds left out");
        let mut curve = Self {
            points: Vec::new(),
            reasons: None,
            part: None,
        };
        let mut kinds = 0;
        for step in fleet.coverage(policy) {
            kinds += fleet.kinds().len() - step.without.len();
            curve.add(names, step);
            progress.advance();
            if kinds > MOST_KINDS {
                break;
            }
        }
        if let Some(reasons) = &curve.reasons
            && let Some((without, baseline)) = majority(fleet, policy, reasons)
        {
            let hosts = fleet.without(&without).host_count();
            if curve.part.as_ref().is_none_or(|part| part.hosts < hosts) {
                curve.part = Some(Part {
                    baseline,
                    without,
                    hosts,
                });
            }
        }
        curve
    }

    fn add(&mut self, names: &HostNames<'_>, step: Step) {
        let last = step.without.last();
        self.points.push(Point {
            hosts: step.hosts,
            features: step.baseline.is_ok().then_some(step.features),
            left_out: last.map(|kind| names.shown(&[*kind])),
        });
        match step.baseline {
            Ok(baseline) if self.part.is_none() => {
                self.part = Some(Part {
                    baseline,
                    without: step.without,
                    hosts: step.hosts,
                });
            }
            Err(reasons) if step.without.is_empty() => self.reasons = Some(reasons),
            _ => {}
        }
    }
}

impl Curve {
    /// The facts of a kind's machine that no kind of the part has, each with its value.
    pub(super) fn facts_in_the_way(&self, kind: usize) -> Vec<String> {
        let (Some(reasons), Some(part)) = (&self.reasons, &self.part) else {
            return Vec::new();
        };
        let differences = reasons.machine.iter();
        let facts = differences.filter_map(|difference| {
            let mut groups = difference.values.iter();
            let (value, kinds) = groups.find(|(_, kinds)| kinds.contains(&kind))?;
            let is_in_the_way = kinds.iter().all(|kind| part.without.contains(kind));
            is_in_the_way.then(|| format!("{} {value}", difference.fact))
        });
        facts.collect()
    }
}

impl Part {
    /// The positions in the fleet of kinds by their positions in the part.
    pub(super) fn in_fleet(&self, kinds: &[usize]) -> Vec<usize> {
        let last = self.baseline.fits().len() + self.without.len();
        let kept: Vec<usize> = (0..last)
            .filter(|kind| !self.without.contains(kind))
            .collect();
        let kinds = kinds.iter().filter_map(|kind| kept.get(*kind));
        kinds.copied().collect()
    }

    /// The part's model in the form of a kind of the fleet, or `None` if the kind is left out.
    pub(super) fn model_on(&self, kind: usize) -> Option<String> {
        if self.without.contains(&kind) {
            return None;
        }
        let before = self.without.iter().filter(|other| **other < kind).count();
        let fit = self.baseline.fits().get(kind - before)?;
        Some(escaped(&fit.model().to_string()))
    }
}
