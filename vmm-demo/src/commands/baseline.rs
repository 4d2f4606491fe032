//! `baseline`: finds the greatest model that several hosts can give.

mod addition;
mod coverage;
mod explanation;
mod human;
pub(super) mod names;
mod partial;
pub(super) mod reading;
mod report;
mod weights;

use self::report::BaselineReport;
use super::Verdict;
use crate::cli::fleet::BaselineArguments;
use crate::output;
use crate::output::escaped;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::config::options::{CpuOption, OptionSetting};
use idreg_runtime::config::target::TargetCpu;
use idreg_runtime::fleet::{Baseline, Fleet, Guest, GuestLimit, NoBaseline, Policy};

/// The error of a host that is to name the CPU and is not among the hosts.
#[derive(Debug, thiserror::Error)]
#[error(
    "no host is named `{}`, whose CPU guests were to be told of; the names are those of the files, \
     such as `{}`",
    escaped(.name),
    escaped(.first)
)]
struct UnknownHost {
    name: String,
    first: String,
}

/// The error of more kinds to leave out than there are.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot leave out {count} kinds of hosts: there are {kinds}, and one must remain; give a \
     smaller number to `--drop-worst`"
)]
struct TooManyDropped {
    count: usize,
    kinds: usize,
}

/// Finds a model for all hosts and prints it, or why there is none.
///
/// # Errors
///
/// [`Failure`]: a file cannot be used, without `--keep-going`; no host has the name that `--midr`
/// gives; `--drop-worst` leaves no host.
pub fn baseline(arguments: &BaselineArguments) -> Result<Verdict, Failure> {
    let output = OutputFile::open_if(arguments.part.output.as_deref())?;
    let (fleet, unusable) = reading::read(&arguments.fleet, arguments.part.partial)?;
    if arguments.part.partial {
        partial::write(&fleet, output)?;
        return Ok(Verdict::new(true, unusable));
    }
    let policy = arguments.policy.policy();
    let (left_out, fleet) = without_worst(arguments.drop_worst, fleet, &policy)?;
    let is_possible = if let Some(field) = arguments.explain {
        explanation::print(&fleet, field, arguments.json)?;
        true
    } else if let Some(file) = &arguments.add {
        addition::print(&fleet, file, &policy, arguments.json)?
    } else if arguments.coverage {
        coverage::print(&fleet, &policy, arguments.json)?
    } else {
        print(&fleet, &policy, left_out, arguments)?
    };
    Ok(Verdict::new(is_possible, unusable))
}

/// The facts that are printed beside the model.
struct Details {
    left_out: LeftOut,
    /// The CPUs of all hosts, if they are asked for.
    cpus: Option<Vec<TargetCpu>>,
    /// The guests that are asked for, each with the limits that the model exceeds.
    guests: Vec<(Guest, Vec<&'static GuestLimit>)>,
}

/// Prints the model of a fleet, or why there is none; returns if there is one for all guests.
fn print(
    fleet: &Fleet,
    policy: &Policy,
    left_out: LeftOut,
    arguments: &BaselineArguments,
) -> Result<bool, Failure> {
    let baseline = find(fleet, policy)?;
    let exceeded = |guest: &Guest| {
        let values = baseline.as_ref().ok().map(Baseline::values);
        (
            *guest,
            values.map_or(Vec::new(), |values| guest.exceeded(values)),
        )
    };
    let details = Details {
        left_out,
        cpus: arguments.impl_cpu.then(|| target_cpus(fleet)),
        guests: policy.guests.iter().map(exceeded).collect(),
    };
    if arguments.json {
        output::json(&BaselineReport::new(fleet, &baseline, &details))?;
    } else {
        let text = match &baseline {
            Ok(baseline) => human::model(fleet, baseline, &details),
            Err(error) => human::no_model(error, fits_with_el2_tolerated(fleet, policy)),
        };
        output::text(&(human::left_out(&details.left_out) + &text))?;
    }
    let bears = |(_, exceeded): &(Guest, Vec<&GuestLimit>)| exceeded.is_empty();
    Ok(baseline.is_ok() && details.guests.iter().all(bears))
}

/// The baseline of a fleet, after a check of the host that the policy names.
fn find(fleet: &Fleet, policy: &Policy) -> Result<Result<Baseline, Box<NoBaseline>>, Failure> {
    let baseline = fleet.baseline(policy);
    match &baseline {
        Err(error) => check_names(error).map(|()| baseline),
        Ok(_) => Ok(baseline),
    }
}

/// The names of hosts that are left out, and the number of those without names.
type LeftOut = (Vec<String>, u64);

/// The fleet without a number of its worst kinds.
fn without_worst(count: usize, fleet: Fleet, policy: &Policy) -> Result<(LeftOut, Fleet), Failure> {
    if count == 0 {
        return Ok((LeftOut::default(), fleet));
    }
    let kinds = fleet.kinds().len();
    let steps = coverage::steps(&fleet, policy, count.saturating_add(1));
    let step = steps.get(count);
    let step = step.ok_or_else(|| Failure::Unusable(Box::new(TooManyDropped { count, kinds })))?;
    let (names, more) = names::of(&fleet, &step.without);
    let names = names.into_iter().map(str::to_owned).collect();
    Ok(((names, more), fleet.without(&step.without)))
}

/// Checks that the host whose CPU guests are to be told of is among the hosts.
pub(super) fn check_names(error: &NoBaseline) -> Result<(), Failure> {
    match (&error.unknown_host, error.kinds.first()) {
        (Some(name), Some(first)) => Err(Failure::Unusable(Box::new(UnknownHost {
            name: name.clone(),
            first: first.clone(),
        }))),
        _ => Ok(()),
    }
}

fn fits_with_el2_tolerated(fleet: &Fleet, policy: &Policy) -> bool {
    let mut policy = policy.clone();
    policy.tolerance.allow_el2();
    fleet.baseline(&policy).is_ok()
}

/// The CPUs of all hosts, each once, in the order of the hosts.
fn target_cpus(fleet: &Fleet) -> Vec<TargetCpu> {
    let mut cpus: Vec<TargetCpu> = Vec::new();
    let kinds = fleet.kinds().iter();
    for implementation in kinds.flat_map(|kind| &kind.host().info().implementations) {
        let Some(midr) = implementation.midr else {
            continue;
        };
        let cpu = TargetCpu {
            midr,
            revidr: implementation.revidr.unwrap_or(0),
            aidr: implementation.aidr.unwrap_or(0),
        };
        if !cpus.contains(&cpu) {
            cpus.push(cpu);
        }
    }
    cpus
}

/// The kinds' values of a fact: each value with the positions of its kinds.
fn grouped<T: PartialEq>(values: impl IntoIterator<Item = T>) -> Vec<(T, Vec<usize>)> {
    let mut groups: Vec<(T, Vec<usize>)> = Vec::new();
    for (position, value) in values.into_iter().enumerate() {
        match groups.iter_mut().find(|(known, _)| *known == value) {
            Some((_, positions)) => positions.push(position),
            None => groups.push((value, vec![position])),
        }
    }
    groups
}

/// The model's form for each kind.
fn models(baseline: &Baseline) -> impl Iterator<Item = String> {
    baseline.fits().iter().map(|fit| fit.model().to_string())
}

/// The options of a configuration, with the longest vector if the model limits it.
pub(super) fn settings(config: VcpuConfig) -> impl Iterator<Item = OptionSetting> {
    let switches = CpuOption::SWITCHES.map(|option| OptionSetting::of(option, config));
    let longest = config.sve_limit.map(CpuOption::SveLength);
    let longest = longest.map(|option| OptionSetting { option, on: true });
    switches.into_iter().chain(longest)
}
