//! From what overrides want of a field to the one value that it shall have.

use super::rejection::{Reason, Rejection};
use super::constraint::{Value, Wanted, below, target};
use crate::description::{FieldDescription, FieldOf};
use crate::host::Host;

/// The value that a field shall have, and the wish that says so.
pub(super) struct Settled<'m> {
    pub(super) wish: Wanted<'m>,
    pub(super) value: u64,
}

/// Settles every field that overrides name, in the order in which they are named first.
pub(super) fn settle<'m>(
    host: &Host,
    wanted: &[Wanted<'m>],
    rejections: &mut Vec<(usize, Rejection)>,
) -> Vec<Settled<'m>> {
    let mut settled = Vec::new();
    for (position, first) in wanted.iter().enumerate() {
        let before = wanted.get(..position).unwrap_or(&[]);
        if before.iter().any(|one| one.field == first.field) {
            continue;
        }
        let of_field = wanted.iter().filter(|one| one.field == first.field);
        match one_value(host, first.field, of_field.copied()) {
            Ok(value) => settled.extend(value),
            Err((index, rejection)) => rejections.push((index, *rejection)),
        }
    }
    settled
}

/// The value that all wishes agree on and the host can give; nothing if it is the host's.
fn one_value<'m>(
    host: &Host,
    field: FieldOf,
    wishes: impl Iterator<Item = Wanted<'m>> + Clone,
) -> Result<Option<Settled<'m>>, (usize, Box<Rejection>)> {
    let reject = |wish: Wanted<'m>, requested, reason| {
        let rejection = Rejection {
            asked: wish.asked.clone(),
            target: Some(target(host, field, Some(requested))),
            reason,
        };
        Err((wish.index, Box::new(rejection)))
    };
    // What the host does not have reads as zero here; any other value of it meets an obstacle.
    let old = host.values().field(field).unwrap_or(0);
    // On a machine with several kinds of cores a wish is met only if it is on all of them.
    let limits: Vec<u64> = host.limits(field).collect();
    let is_met_now = |wanted: Value| {
        let of_cores = limits
            .iter()
            .all(|limit| is_met(field.field, wanted, *limit));
        of_cores && is_met(field.field, wanted, old)
    };
    let Some(strongest) = strongest(field.field, old, is_met_now, wishes.clone()) else {
        return Ok(None);
    };
    let value = strongest.value;
    let mut unmet = wishes.filter(|wish| !is_met(field.field, wish.value, value));
    if let Some(wish) = unmet.next() {
        // Whoever comes later is told of who was there before.
        let (earlier, later) = if wish.index < strongest.wish.index {
            (wish, strongest.wish)
        } else {
            (strongest.wish, wish)
        };
        let with = earlier.asked.clone();
        let requested = amounts_to(field.field, later.value);
        return reject(later, requested, Reason::Conflict { with });
    }
    if let Some(obstacle) = host.obstacle(field, value) {
        let kernel = host.about().kernel_release.clone();
        return reject(strongest.wish, value, Reason::Host { obstacle, kernel });
    }
    Ok((value != old).then_some(strongest))
}

/// The value of the first wish for an exact one, else what the others lead to from the host's value; nothing
/// if they are content with that.
fn strongest<'m>(
    field: &FieldDescription,
    old: u64,
    is_met_now: impl Fn(Value) -> bool,
    wishes: impl Iterator<Item = Wanted<'m>> + Clone,
) -> Option<Settled<'m>> {
    let exact = wishes.clone().find_map(|wish| match wish.value {
        Value::Exactly(value) => Some(Settled { wish, value }),
        Value::AtLeast(_) | Value::Below(_) => None,
    });
    if exact.is_some() {
        return exact;
    }
    let mut strongest = None;
    let mut value = old;
    for wish in wishes {
        let is_met = if value == old {
            is_met_now(wish.value)
        } else {
            is_met(field, wish.value, value)
        };
        if !is_met {
            value = amounts_to(field, wish.value);
            strongest = Some(Settled { wish, value });
        }
    }
    strongest
}

fn is_met(field: &FieldDescription, wanted: Value, value: u64) -> bool {
    match wanted {
        Value::Exactly(exact) => value == exact,
        Value::AtLeast(least) => field.comparable(value) >= field.comparable(least),
        Value::Below(ceiling) => field.comparable(value) < field.comparable(ceiling),
    }
}

/// The value that a wish leads to where it is not met.
fn amounts_to(field: &FieldDescription, wanted: Value) -> u64 {
    match wanted {
        Value::Exactly(value) => value,
        Value::AtLeast(least) => least,
        Value::Below(ceiling) => below(field, ceiling),
    }
}
