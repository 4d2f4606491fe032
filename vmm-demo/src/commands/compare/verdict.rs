//! The verdict about a field in words.

use super::{Compared, NAMES};
use crate::output::list::comma_list;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::Owner;
use idreg_runtime::fleet::{Difference, Impossible, Verdict};
use idreg_runtime::host::Obstacle;
use idreg_runtime::model::property::Property;
use idreg_runtime::regs::DESCRIPTION;

/// The verdict in words, with the override or the reason.
pub(super) fn verdict(compared: &Compared, difference: &Difference) -> String {
    let on_a = |value| change(compared, difference, 0, value);
    let on_b = |value| change(compared, difference, 1, value);
    match &difference.verdict {
        Verdict::OnA(value) => on_a(*value),
        Verdict::OnB(value) => on_b(*value),
        Verdict::OnBoth(value) => format!("{}, {}", on_a(*value), on_b(*value)),
        Verdict::Option(setting) => format!("option {setting}"),
        Verdict::Tolerated(_) => "tolerated: each host keeps its value".to_owned(),
        Verdict::Impossible(impossible) => {
            format!("impossible: {}", obstacles(compared, impossible))
        }
        other => other.name().to_owned(),
    }
}

/// The change of a field on the host at a position, as `lowered on A by` an override.
fn change(compared: &Compared, difference: &Difference, host: usize, new: u64) -> String {
    let field = difference.field;
    let old = [difference.a, difference.b].get(host).copied().flatten();
    let compare = |value: u64| field.field.comparable(value);
    let verb = match old {
        Some(old) if compare(new) < compare(old) => "lowered",
        _ => "changed",
    };
    let name = NAMES.get(host).copied().unwrap_or_default();
    let by = whole_register(compared, field, new);
    let by = by.unwrap_or_else(|| format!("{field}={new:#x}"));
    format!("{verb} on {name} by `{by}`")
}

/// The override of the whole register, for a register that models set as a whole: to the value on
/// the host whose field has this value.
fn whole_register(compared: &Compared, field: RegisterField, value: u64) -> Option<String> {
    let properties = Property::all(&DESCRIPTION);
    let mut registers = properties.filter(|property| {
        matches!(property, Property::Register(register) if register.name == field.register.name)
    });
    let property = registers.next()?;
    let mut hosts = compared.hosts.iter();
    let register = hosts.find_map(|(_, host)| {
        let register = host.values().get(field.register)?;
        (field.field.extract(register) == value).then_some(register)
    })?;
    Some(format!("{property}={register:#x}"))
}

/// The obstacle on each host, with the values that it accepts beside its own.
fn obstacles(compared: &Compared, impossible: &Impossible) -> String {
    let field = impossible.field;
    let hosts = compared.hosts.iter().enumerate();
    let reasons = hosts.map(|(position, (_, host))| match host.why_fixed(field) {
        Some(obstacle) => of_obstacle(obstacle),
        None => accepted(impossible, position),
    });
    let reasons: Vec<String> = reasons.collect();
    match reasons.as_slice() {
        [a, b] if a == b => format!("{a} on both"),
        reasons => {
            let on = reasons.iter().zip(NAMES);
            comma_list(on.map(|(reason, name)| format!("{reason} on {name}")))
        }
    }
}

fn of_obstacle(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Absent => "absent".to_owned(),
        Obstacle::NotWritable | Obstacle::Refused => "fixed by the kernel".to_owned(),
        Obstacle::ImplementationId => "fixed before Linux 6.15".to_owned(),
        Obstacle::Owned(Owner::Gic) => "set by the interrupt controller".to_owned(),
        Obstacle::Owned(Owner::Topology) => "set by the vCPU's number".to_owned(),
        Obstacle::Owned(option) => format!("set by the option {}", option.name()),
        Obstacle::Without(option) => format!("zero without the option {}", option.name()),
        Obstacle::Above | Obstacle::Below | Obstacle::Inexact => "only the host's value".to_owned(),
        other => other.name().replace('-', " "),
    }
}

fn accepted(impossible: &Impossible, host: usize) -> String {
    let mut accepted = impossible.accepted.iter();
    let ranges = accepted.find(|(_, hosts)| hosts.contains(&host));
    match ranges {
        Some((ranges, _)) if !ranges.is_empty() => format!("only {}", comma_list(ranges)),
        _ => "no value".to_owned(),
    }
}
