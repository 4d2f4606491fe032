//! The reasons why hosts have no common model.

use super::machine::MachineDifference;
use crate::description::RegisterField;
use crate::description::rule::ValueRange;
use crate::host::Obstacle;
use crate::number::Hex;
use crate::plan::PlanError;
use crate::text::{Printable, alternatives, comma_list, under_heading};

/// A field without a value that every host accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Impossible {
    /// The field.
    pub field: RegisterField,
    /// The accepted values, each with the positions of the kinds that accept exactly these.
    pub accepted: Vec<(Vec<ValueRange>, Vec<usize>)>,
    /// The obstacle on the first host that has one.
    pub obstacle: Option<Obstacle>,
    /// True if only EL2 can act on the field and no guest has it, so that the tolerance of
    /// [`Audience::El2`](crate::description::rule::Audience::El2) covers the field.
    pub tolerable: bool,
}

/// The error of hosts without a common model, with every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", no_baseline(self))]
#[non_exhaustive]
pub struct NoBaseline {
    /// The facts of the machines that nothing can make equal.
    pub machine: Vec<MachineDifference>,
    /// The fields without a common value, those that could be [tolerated](super::Policy::tolerance)
    /// included.
    pub impossible: Vec<Impossible>,
    /// The registers whose bits without a field differ, with these bits.
    pub undescribed: Vec<(&'static str, u64)>,
    /// The positions of the kinds that have no plan for the common values, each with the reason.
    pub unplanned: Vec<(usize, PlanError)>,
    /// A name that [`MidrPolicy::Host`](super::MidrPolicy::Host) has and no host of the fleet.
    pub unknown_host: Option<String>,
    /// The name of the first host of each kind, by position.
    pub kinds: Vec<String>,
}

/// Shows every reason on a line.
fn no_baseline(error: &NoBaseline) -> String {
    let NoBaseline {
        machine,
        impossible,
        undescribed,
        unplanned,
        unknown_host,
        kinds,
    } = error;
    let mut reasons: Vec<String> = Vec::new();
    if kinds.is_empty() {
        return "there is no host, and so no model: give at least one host file".to_owned();
    }
    if let Some(name) = unknown_host {
        reasons.push(format!(
            "no host is named `{}`, whose CPU guests were to be told of",
            Printable(name)
        ));
    }
    reasons.extend(
        machine
            .iter()
            .map(|difference| of_machine(difference, kinds)),
    );
    reasons.extend(
        impossible
            .iter()
            .map(|impossible| of_field(impossible, kinds)),
    );
    reasons.extend(undescribed.iter().map(|(register, bits)| {
        format!(
            "{register}: the bits {} belong to no field and differ",
            Hex(*bits)
        )
    }));
    reasons.extend(
        unplanned
            .iter()
            .map(|(kind, error)| of_plan(*kind, error, kinds)),
    );
    let count = match reasons.len() {
        1 => "1 reason".to_owned(),
        count => format!("{count} reasons"),
    };
    under_heading(
        &format!("these hosts have no CPU model in common, for {count}:"),
        &reasons,
    )
}

/// Shows each value of a fact with its hosts.
fn of_machine(difference: &MachineDifference, kinds: &[String]) -> String {
    let groups = difference.values.iter();
    let groups = groups.map(|(value, positions)| format!("{value} on {}", hosts(positions, kinds)));
    let groups: Vec<String> = groups.collect();
    let end = difference.advice();
    format!("{}: {}; {end}", difference.fact, groups.join(", "))
}

/// Shows the values that each group of hosts accepts, and the obstacle to others.
fn of_field(impossible: &Impossible, kinds: &[String]) -> String {
    let field = impossible.field;
    let groups = impossible.accepted.iter();
    let groups = groups.map(|(ranges, positions)| {
        format!("{} on {}", shown(field, ranges), hosts(positions, kinds))
    });
    let groups: Vec<String> = groups.collect();
    let hint = if impossible.tolerable {
        "; only EL2 can act on it, so `--tolerate el2` would do"
    } else {
        ""
    };
    let why = impossible.obstacle.map_or("", why);
    format!("{field}: {}{why}{hint}", groups.join(", "))
}

fn of_plan(kind: usize, error: &PlanError, kinds: &[String]) -> String {
    let error = error.to_string().replace('\n', "\n  ");
    format!("no plan on {}: {error}", hosts(&[kind], kinds))
}

fn shown(field: RegisterField, ranges: &[ValueRange]) -> String {
    match ranges {
        [] => "no value".to_owned(),
        [only] if only.first == only.last => field.field.show(only.first).to_string(),
        ranges => alternatives(ranges),
    }
}

fn why(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NotWritable | Obstacle::Refused => "; KVM does not allow changes of the field",
        Obstacle::ImplementationId => {
            "; KVM does not allow changes of the registers that identify the implementation (Linux \
             6.15 and newer do)"
        }
        Obstacle::Owned(_) | Obstacle::Without(_) => "; KVM sets the field",
        Obstacle::Absent => "; KVM does not have the register",
        Obstacle::Above | Obstacle::Below | Obstacle::Inexact => "",
    }
}

/// Names the first hosts, and counts the kinds that follow.
fn hosts(positions: &[usize], kinds: &[String]) -> String {
    const SHOWN: usize = 4;
    let names = positions.iter().take(SHOWN);
    let names = names.filter_map(|position| kinds.get(*position));
    let names: Vec<String> = names.map(|name| Printable(name).to_string()).collect();
    match positions.len().saturating_sub(SHOWN) {
        0 => comma_list(&names),
        more => format!("{} and {more} other kinds of hosts", comma_list(&names)),
    }
}

impl Impossible {
    /// Shows the values that each group of hosts accepts, and the obstacle to others, in one line.
    ///
    /// `kinds` are the names of the kinds, by position.
    #[must_use]
    pub fn explain(&self, kinds: &[String]) -> String {
        of_field(self, kinds)
    }
}

impl MachineDifference {
    /// Shows each value of the fact with its hosts, in one line.
    ///
    /// `kinds` are the names of the kinds, by position.
    #[must_use]
    pub fn explain(&self, kinds: &[String]) -> String {
        of_machine(self, kinds)
    }
}
