//! Whether KVM does what a plan says.

use super::dual_vm::{Seen, Written};
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::description::rule::Safety;
use idreg_runtime::host::Obstacle;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::rejection::{Reason, Rejection};
use idreg_runtime::plan::{Plan, PlanError};

/// What KVM does otherwise than the plan, or the refusal of one, says; nothing if it does what they say.
///
/// A plan promises that KVM takes every write and then shows what is expected. A refusal says that KVM refuses
/// the register, or stores something else.
pub(super) fn broken(plan: &Result<Plan, PlanError>, seen: &Seen) -> Option<String> {
    match plan {
        Ok(plan) => refused(seen).or_else(|| stored_otherwise(plan, seen)),
        Err(PlanError::Rejected(rejections)) => {
            let mut taken = rejections.iter().filter_map(|one| taken(one, seen));
            taken.next()
        }
        // Says nothing of what KVM takes.
        Err(_) => None,
    }
}

fn refused(seen: &Seen) -> Option<String> {
    seen.written.iter().find_map(|written| {
        let errno = written.answer.kernel.err()?;
        let register = written.write.register.name;
        Some(format!("planned, and KVM refuses {register} with {errno}"))
    })
}

fn stored_otherwise(plan: &Plan, seen: &Seen) -> Option<String> {
    seen.shown.iter().find_map(|shown| {
        let register = shown.register;
        let expected = plan.expected().get(register);
        let stored = shown.value.kernel.ok();
        (stored != expected).then(|| {
            let (expected, stored) = (show(expected), show(stored));
            format!(
                "planned, and KVM shows {} {stored}, expected {expected}",
                register.name
            )
        })
    })
}

fn taken(rejection: &Rejection, seen: &Seen) -> Option<String> {
    if is_policy(rejection) {
        return None;
    }
    let register = rejection.target.as_ref()?.field.register;
    let mut written = seen.written.iter();
    written
        .any(|written| written.write.register.index == register.index && is_stored(written, seen))
        .then(|| {
            let name = register.name;
            format!("rejected, and KVM takes {name} and stores it: {rejection}")
        })
}

fn is_stored(written: &Written, seen: &Seen) -> bool {
    let is_register =
        |register: &RegisterDescription| register.index == written.write.register.index;
    let mut shown = seen.shown.iter();
    written.answer.kernel.is_ok()
        && shown.any(|shown| {
            is_register(shown.register) && shown.value.kernel == Ok(written.write.value)
        })
}

/// Whether the library refuses what KVM may take: a field that something else sets, a value that only later
/// kernels than this one refuse, and a field that tells of something the VM does not have, where KVM compares
/// with nothing.
fn is_policy(rejection: &Rejection) -> bool {
    let Reason::Host { obstacle, .. } = rejection.reason else {
        return false;
    };
    let target = rejection.target.as_ref();
    let is_compared = target.is_none_or(|of| of.field.field.rule.safety != Safety::Any);
    match obstacle {
        Obstacle::Owned(_) | Obstacle::Refused => true,
        Obstacle::Without(_) => !is_compared,
        _ => false,
    }
}

fn show(value: Option<u64>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| Hex(value).to_string())
}
