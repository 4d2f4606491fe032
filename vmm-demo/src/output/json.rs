//! JSON objects that several commands print.

use crate::output::failure::Failure;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::model::{CpuModel, InvalidValue};
use idreg_runtime::number::Hex;
use idreg_runtime::plan::apply::{ApplyError, Difference, Refused};
use idreg_runtime::plan::consistency::Violation;
use idreg_runtime::plan::rejection::Rejection;
use idreg_runtime::plan::{Plan, PlanError};
use serde::Serialize;

/// A register that a plan writes.
#[derive(Debug, Serialize)]
pub struct WriteEntry {
    register: &'static str,
    old: Hex,
    new: Hex,
}

/// The registers that a plan writes.
#[must_use]
pub fn writes(plan: &Plan) -> Vec<WriteEntry> {
    let writes = plan.writes().iter();
    writes
        .map(|write| WriteEntry {
            register: write.register.name,
            old: Hex(write.old),
            new: Hex(write.new),
        })
        .collect()
}

/// The object that a failed command prints instead of its report.
#[derive(Debug, Serialize)]
pub struct FailureReport {
    /// The model, if the command has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<String>,
    /// The message on the standard error.
    error: String,
    rejections: Vec<RejectionEntry>,
    /// Rules of the architecture that the overrides violate.
    violations: Vec<String>,
    differences: Vec<DifferenceEntry>,
}

/// An override, or a value of a named model, that is not possible on the host or that KVM refused.
#[derive(Debug, Serialize)]
pub struct RejectionEntry {
    /// The named model whose value it is; not in the object of an override.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    property: String,
    /// The text as given if it is not a number; `None` if there is no value.
    requested: Option<String>,
    /// The field that blocks the override, as a property; also for overrides of features and
    /// options.
    field: Option<String>,
    host: Option<String>,
    /// The allowed values of the field, as ranges.
    allowed: Vec<String>,
    reason: &'static str,
    errno: Option<i32>,
    message: String,
}

/// A register that differs from the plan.
#[derive(Debug, Serialize)]
struct DifferenceEntry {
    register: &'static str,
    expected: Hex,
    found: Option<Hex>,
}

impl FailureReport {
    /// The report of a failure.
    pub fn new(model: Option<&CpuModel>, failure: &Failure) -> Self {
        let (mut rejections, mut differences) = (Vec::new(), Vec::new());
        let mut violations = Vec::new();
        match failure {
            Failure::Plan(PlanError::Rejected(rejected)) => {
                rejections = rejected.iter().map(RejectionEntry::of_plan).collect();
            }
            Failure::Plan(PlanError::Inconsistent(broken)) => {
                violations = broken.iter().map(Violation::to_string).collect();
            }
            Failure::Apply(ApplyError::Refused(refused)) => {
                rejections = refused.iter().map(RejectionEntry::of_kvm).collect();
            }
            Failure::Apply(ApplyError::Differs(found) | ApplyError::OtherHost(found))
            | Failure::GuestDiffers(found)
            | Failure::AfterRun(found) => {
                differences = found.iter().map(DifferenceEntry::of).collect();
            }
            _ => {}
        }
        Self {
            cpu: model.map(CpuModel::to_string),
            error: failure.message(),
            rejections,
            violations,
            differences,
        }
    }
}

impl RejectionEntry {
    /// The entry of a rejection.
    #[must_use]
    pub fn of_plan(rejection: &Rejection) -> Self {
        let target = rejection.target.as_ref();
        Self {
            base: rejection.base.clone(),
            property: rejection.asked.property.clone(),
            requested: match &rejection.asked.value {
                Ok(setting) => Some(setting.to_string()),
                Err(InvalidValue::NotANumber(error)) => Some(error.text.clone()),
                Err(_) => None,
            },
            field: target.map(|target| target.field.to_string()),
            host: target
                .and_then(|target| target.host)
                .map(|host| format!("{host:#x}")),
            allowed: target.map_or(Vec::new(), |target| ranges(&target.allowed)),
            reason: rejection.reason.name(),
            errno: None,
            message: rejection.to_string(),
        }
    }

    fn of_kvm(refused: &Refused) -> Self {
        let change = refused.change;
        Self {
            base: None,
            property: change.field.to_string(),
            requested: Some(format!("{:#x}", change.new)),
            field: Some(change.field.to_string()),
            host: Some(format!("{:#x}", change.old)),
            allowed: Vec::new(),
            reason: "refused-by-kvm",
            errno: Some(refused.errno.0),
            message: refused.to_string(),
        }
    }
}

impl DifferenceEntry {
    fn of(difference: &Difference) -> Self {
        Self {
            register: difference.register.name,
            expected: Hex(difference.expected),
            found: difference.found.map(Hex),
        }
    }
}

/// Formats ranges of values as `0x1` or `0x1-0x3`.
pub fn ranges(ranges: &[ValueRange]) -> Vec<String> {
    ranges.iter().map(ValueRange::to_string).collect()
}
