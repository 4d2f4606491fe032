//! Parts of a try that differ from the prediction.

use super::dual_vm::Observation;
use super::generator::TestCase;
use serde::Serialize;

/// A part of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// Writes to a VM before its guest's first run.
    BeforeRun,
    /// The guest's first run, at which KVM finalises the registers.
    Run,
    /// Writes to a VM after its guest's first run.
    AfterRun,
}

/// A part of a try that differs from the prediction.
#[derive(Debug)]
pub(super) struct Disagreement {
    pub(super) part: Part,
    pub(super) case: TestCase,
    pub(super) observed: Observation,
    /// The difference from the plan, or `None`.
    pub(super) plan: Option<String>,
}

/// The disagreement, or `None` if the part is as predicted.
pub(super) fn disagreement(
    part: Part,
    case: TestCase,
    observed: Observation,
    plan: Option<String>,
) -> Option<Disagreement> {
    let is_predicted = observed.is_same() && plan.is_none();
    (!is_predicted).then_some(Disagreement {
        part,
        case,
        observed,
        plan,
    })
}
