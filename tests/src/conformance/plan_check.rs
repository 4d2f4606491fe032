//! Compares KVM's behaviour with a plan.

use super::dual_vm::{Observation, WriteResult};
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::description::rule::Safety;
use idreg_runtime::host::Obstacle;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::rejection::{Reason, Rejection};
use idreg_runtime::plan::{Plan, PlanError};

/// The first difference between KVM and the plan or its rejections, or `None`.
///
/// A plan says that KVM accepts every write and then shows the expected values. A rejection says
/// that KVM rejects the write of the register, or stores another value.
pub(super) fn violation(plan: &Result<Plan, PlanError>, observed: &Observation) -> Option<String> {
    match plan {
        Ok(plan) => rejected(observed).or_else(|| other_value(plan, observed)),
        Err(PlanError::Rejected(rejections)) => {
            let mut accepted = rejections
                .iter()
                .filter_map(|rejection| accepted(rejection, observed));
            accepted.next()
        }
        // Other errors do not predict KVM's answers.
        Err(_) => None,
    }
}

fn rejected(observed: &Observation) -> Option<String> {
    observed.written.iter().find_map(|written| {
        let errno = written.answer.kernel.err()?;
        let register = written.write.register.name;
        Some(format!("planned, but KVM rejects {register} with {errno}"))
    })
}

fn other_value(plan: &Plan, observed: &Observation) -> Option<String> {
    observed.shown.iter().find_map(|shown| {
        let register = shown.register;
        let expected = plan.expected().get(register);
        let stored = shown.value.kernel.ok();
        (stored != expected).then(|| {
            let (expected, stored) = (show(expected), show(stored));
            format!(
                "planned, but KVM shows {} {stored}, expected {expected}",
                register.name
            )
        })
    })
}

fn accepted(rejection: &Rejection, observed: &Observation) -> Option<String> {
    if is_policy(rejection) {
        return None;
    }
    let register = rejection.target.as_ref()?.field.register;
    let mut written = observed.written.iter();
    written
        .any(|written| {
            written.write.register.index == register.index && is_stored(written, observed)
        })
        .then(|| {
            let name = register.name;
            format!("rejected, but KVM accepts {name} and stores it: {rejection}")
        })
}

fn is_stored(written: &WriteResult, observed: &Observation) -> bool {
    let is_register =
        |register: &RegisterDescription| register.index == written.write.register.index;
    let mut shown = observed.shown.iter();
    written.answer.kernel.is_ok()
        && shown.any(|shown| {
            is_register(shown.register) && shown.value.kernel == Ok(written.write.value)
        })
}

/// True if the library rejects a value that KVM may accept: in a field with another owner, a value
/// that only later kernels reject, or in a field of an option that the VM does not have, where KVM
/// compares with no limit.
fn is_policy(rejection: &Rejection) -> bool {
    let Reason::Host { obstacle, .. } = rejection.reason else {
        return false;
    };
    let target = rejection.target.as_ref();
    let is_compared = target.is_none_or(|of| of.field.field.rule().safety != Safety::Any);
    match obstacle {
        Obstacle::Owned(_) | Obstacle::Refused => true,
        Obstacle::Without(_) => !is_compared,
        _ => false,
    }
}

fn show(value: Option<u64>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| Hex(value).to_string())
}
