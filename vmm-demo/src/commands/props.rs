//! `props`: lists the properties of a host, or the features that they define.

mod features;
mod fields;
mod human;

use crate::cli::idreg::PropsArguments;
use crate::machine::{self, Machine};
use crate::output;
use crate::output::failure::Failure;
use idreg_runtime::description::RegisterField;
use idreg_runtime::host::Host;
use idreg_runtime::plan::{Plan, Warning};
use wildmatch::WildMatch;

/// Lists the properties of a host, or its features.
///
/// # Errors
///
/// [`Failure`]: the host cannot be read, the model is not possible on it, or no name matches.
pub fn props(arguments: &PropsArguments) -> Result<(), Failure> {
    let model = arguments.cpu.clone().unwrap_or_default();
    if arguments.ask_kvm {
        let machine = Machine::open(&model)?;
        return list(arguments, machine.host(), Some(&machine));
    }
    let host = machine::host(arguments.host.file.as_deref(), &model)?;
    list(arguments, &host, None)
}

fn list(arguments: &PropsArguments, host: &Host, machine: Option<&Machine>) -> Result<(), Failure> {
    let plan = arguments.cpu.as_ref().map(|model| Plan::new(host, model));
    let plan = plan.transpose()?;
    // The plan's configuration may differ from the one that the file was written with.
    let derived = plan
        .as_ref()
        .and_then(|plan| host.reconfigured(plan.config()).ok());
    let host = derived.as_ref().unwrap_or(host);
    if !arguments.json {
        match &plan {
            Some(plan) => output::warnings(plan.warnings()),
            None => output::warnings(&Warning::of_host(host)),
        }
    }
    if arguments.features {
        return features::list(arguments, host, plan.as_ref());
    }
    let pattern = arguments.pattern.as_deref();
    let listed = |field: &RegisterField| match pattern {
        Some(pattern) => WildMatch::new_case_insensitive(pattern).matches(&field.to_string()),
        None => arguments.all || host.why_fixed(*field).is_none(),
    };
    let fields: Vec<RegisterField> = host.description().fields().filter(listed).collect();
    if let Some(pattern) = pattern.filter(|_| fields.is_empty()) {
        return Err(no_match("property", pattern));
    }
    let fields = fields
        .into_iter()
        .map(|field| fields::PropertyEntry::new(host, plan.as_ref(), machine, field))
        .collect::<Result<Vec<_>, _>>()?;
    if arguments.json {
        output::json(&fields::PropertyList::new(host, fields))
    } else {
        output::text(&human::table(
            host,
            plan.is_some(),
            machine.is_some(),
            &fields,
        ))
    }
}

fn no_match(kind: &'static str, pattern: &str) -> Failure {
    Failure::NoMatch {
        kind,
        pattern: pattern.to_owned(),
    }
}
