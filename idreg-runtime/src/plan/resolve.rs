//! Resolves the constraints on each field to one value.

use super::bound::{Bound, host_refuses, target};
use super::constraint::Constraint;
use super::rejection::{Reason, Rejection};
use super::start::Start;
use crate::description::RegisterField;
use crate::host::Host;

/// The value of a field and the constraint that leads to it.
pub(super) struct Resolved<'m> {
    pub(super) constraint: Constraint<'m>,
    pub(super) value: u64,
}

/// Resolves every field that overrides name, in the order in which they are first named.
pub(super) fn resolve<'m>(
    host: &Host,
    start: &Start<'_>,
    constraints: &[Constraint<'m>],
    rejections: &mut Vec<Rejection>,
) -> Vec<Resolved<'m>> {
    let mut resolved = Vec::new();
    for (position, first) in constraints.iter().enumerate() {
        let before = constraints.get(..position).unwrap_or(&[]);
        if before.iter().any(|earlier| earlier.field == first.field) {
            continue;
        }
        let mut of_field = Vec::new();
        for other in constraints {
            if other.field == first.field {
                of_field.push(*other);
            }
        }
        match one_value(host, start, first.field, &of_field) {
            Ok(value) => resolved.extend(value),
            Err(rejection) => rejections.push(*rejection),
        }
    }
    resolved
}

/// The value that meets all constraints and that the host allows, or `None` if it is the one that
/// the field starts from.
fn one_value<'m>(
    host: &Host,
    start: &Start<'_>,
    field: RegisterField,
    constraints: &[Constraint<'m>],
) -> Result<Option<Resolved<'m>>, Box<Rejection>> {
    let reject = |constraint: Constraint<'m>, requested, reason| {
        let target = target(host, field, Some(requested));
        Err(Box::new(constraint.of.reject(Some(target), reason)))
    };
    // An absent register reads as zero here; any other value of it meets an obstacle.
    let old = start.values.field(field).unwrap_or(0);
    // On a machine with several types of cores a constraint is met only if it is met on all of
    // them.
    let limits: Vec<u64> = start.limits(field).collect();
    let is_met_now = |bound: Bound| {
        let mut of_cores = limits.iter();
        of_cores.all(|limit| bound.is_met(*limit)) && bound.is_met(old)
    };
    let Some(selected) = select(old, &is_met_now, constraints) else {
        return Ok(None);
    };
    let value = selected.value;
    let mut unmet = constraints.iter();
    if let Some(unmet) = unmet.find(|constraint| !constraint.bound.is_met(value)) {
        // Report the later override and name the earlier one.
        let (earlier, later) = if unmet.of.position < selected.constraint.of.position {
            (*unmet, selected.constraint)
        } else {
            (selected.constraint, *unmet)
        };
        let with = earlier.of.as_asked();
        let requested = later.bound.value();
        return reject(later, requested, Reason::Conflict { with });
    }
    if value == 0 && start.reads_as_zero(field) {
        return Ok(None);
    }
    if let Err(obstacle) = host.check(field, value) {
        let reason = host_refuses(host, field, selected.constraint.bound, obstacle);
        return reject(selected.constraint, value, reason);
    }
    Ok((value != old).then_some(selected))
}

/// Selects the value of the first exact constraint, else the value to which the others lead from
/// the old one; `None` if the old value meets them.
fn select<'m>(
    old: u64,
    is_met_now: &dyn Fn(Bound) -> bool,
    constraints: &[Constraint<'m>],
) -> Option<Resolved<'m>> {
    for constraint in constraints {
        if let Bound::Exactly(value) = constraint.bound {
            let constraint = *constraint;
            return Some(Resolved { constraint, value });
        }
    }
    let mut selected = None;
    let mut value = old;
    for constraint in constraints {
        let is_met = if value == old {
            is_met_now(constraint.bound)
        } else {
            constraint.bound.is_met(value)
        };
        if !is_met {
            value = constraint.bound.value();
            let constraint = *constraint;
            selected = Some(Resolved { constraint, value });
        }
    }
    selected
}
