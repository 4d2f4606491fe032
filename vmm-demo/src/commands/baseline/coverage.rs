//! The hosts and features that remain when kinds of hosts are left out.

use super::names;
use crate::output;
use crate::output::failure::Failure;
use crate::output::progress::Progress;
use crate::output::table;
use idreg_runtime::fleet::{Fleet, Policy, Step};
use serde::Serialize;

#[derive(Serialize)]
struct CoverageReport<'f> {
    coverage: Vec<StepEntry<'f>>,
}

#[derive(Serialize)]
struct StepEntry<'f> {
    hosts: u64,
    /// The share of the weight of all hosts, from 0 to 1.
    share: f64,
    common_model: bool,
    /// The number of features that the model has.
    features: usize,
    /// The hosts that are left out in this step, as far as they have names.
    left_out: Vec<&'f str>,
}

/// Prints the curve of the models; returns if the whole fleet has a model.
pub(super) fn print(fleet: &Fleet, policy: &Policy, json: bool) -> Result<bool, Failure> {
    let steps = steps(fleet, policy, usize::MAX);
    let is_possible = steps.first().is_some_and(|step| step.baseline.is_ok());
    if json {
        let coverage = steps
            .iter()
            .map(|step| StepEntry::of(fleet, step))
            .collect();
        output::json(&CoverageReport { coverage })?;
    } else {
        output::text(&rows(fleet, &steps))?;
    }
    Ok(is_possible)
}

/// The first steps of the coverage, with progress: each tries to leave out every kind.
pub(super) fn steps(fleet: &Fleet, policy: &Policy, count: usize) -> Vec<Step> {
    let mut progress = Progress::new("kinds left out");
    let steps = fleet.coverage(policy).take(count);
    steps.inspect(|_| progress.advance()).collect()
}

fn rows(fleet: &Fleet, steps: &[Step]) -> String {
    let mut table = table::new(&["hosts", "share", "features", "left out"]);
    for step in steps {
        let features = match &step.baseline {
            Ok(_) => step.features.to_string(),
            Err(_) => "no model".to_owned(),
        };
        table.add_row([
            step.hosts.to_string(),
            format!("{:.1} %", 100.0 * share(fleet, step)),
            features,
            names::shown(fleet, last(step)),
        ]);
    }
    table::show(table)
}

impl<'f> StepEntry<'f> {
    fn of(fleet: &'f Fleet, step: &Step) -> Self {
        let (left_out, _) = names::of(fleet, last(step));
        Self {
            hosts: step.hosts,
            share: share(fleet, step),
            common_model: step.baseline.is_ok(),
            features: step.features,
            left_out,
        }
    }
}

/// The kind that was left out in this step, or none in the first.
fn last(step: &Step) -> &[usize] {
    step.without.last().map_or(&[], std::slice::from_ref)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share is printed with few digits"
)]
fn share(fleet: &Fleet, step: &Step) -> f64 {
    step.weight as f64 / fleet.weight().max(1) as f64
}
