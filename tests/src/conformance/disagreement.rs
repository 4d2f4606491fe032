//! A part of a try that did not come out as foreseen.

use super::dual_vm::Seen;
use super::generator::Asked;
use serde::Serialize;

/// A part of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Part {
    /// Writes to a VM whose guest has not run.
    BeforeRun,
    /// The guest's first run, at which KVM settles the registers.
    Run,
    /// Writes to a VM whose guest has run.
    AfterRun,
}

/// A part of a try that did not come out as foreseen.
#[derive(Debug)]
pub(super) struct Disagreement {
    pub(super) part: Part,
    pub(super) asked: Asked,
    pub(super) seen: Seen,
    /// What KVM does otherwise than the plan says.
    pub(super) plan: Option<String>,
}

/// The disagreement, or `None` if the part came out as foreseen.
pub(super) fn disagreement(
    part: Part,
    asked: Asked,
    seen: Seen,
    plan: Option<String>,
) -> Option<Disagreement> {
    let is_foreseen = seen.is_same() && plan.is_none();
    (!is_foreseen).then_some(Disagreement {
        part,
        asked,
        seen,
        plan,
    })
}
