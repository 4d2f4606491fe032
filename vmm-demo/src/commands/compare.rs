//! `compare`: compares the guests of two hosts.

mod human;
mod verdict;

use super::Verdict;
use crate::cli::fleet::CompareArguments;
use crate::machine;
use crate::output;
use crate::output::failure::Failure;
use idreg_runtime::description::rule::Audience;
use idreg_runtime::fleet::{self, Comparison, Difference, MachineDifference, Policy};
use idreg_runtime::host::Host;
use idreg_runtime::tolerance::Tolerance;
use serde::Serialize;
use std::path::Path;

/// The names of the hosts in columns and reasons.
const NAMES: [&str; 2] = ["A", "B"];

/// Two hosts, each with the name of its file, and their comparison.
struct Compared {
    hosts: [(String, Host); 2],
    comparison: Comparison,
    /// The hosts have a model in common if the fields of EL2 are tolerated too.
    fits_with_el2_tolerated: bool,
}

/// The report on two hosts. The README documents its members.
#[derive(Serialize)]
struct ComparisonReport {
    /// The relation, as one of QEMU's four words.
    result: &'static str,
    /// The names of everything that differs.
    responsible: Vec<String>,
    fields: Vec<FieldEntry>,
    /// The facts of the machines.
    other: Vec<FactEntry>,
    common_model: bool,
    /// The common model in the form of the first host.
    cpu_a: Option<String>,
    /// The common model in the form of the second host.
    cpu_b: Option<String>,
}

#[derive(Serialize)]
struct FieldEntry {
    property: String,
    /// The value on the first host; `None` if KVM there does not have the register.
    a: Option<String>,
    b: Option<String>,
    verdict: &'static str,
    audience: Option<&'static str>,
    override_a: Option<String>,
    override_b: Option<String>,
}

#[derive(Serialize)]
struct FactEntry {
    what: &'static str,
    a: Option<String>,
    b: Option<String>,
}

/// Compares two hosts and prints every difference; possible if they have a model in common.
///
/// # Errors
///
/// [`Failure`]: a file cannot be used.
pub fn compare(arguments: &CompareArguments) -> Result<Verdict, Failure> {
    let compared = Compared::new(
        [&arguments.a, &arguments.b],
        &arguments.tolerance.tolerance(),
    )?;
    let comparison = &compared.comparison;
    if arguments.json {
        output::json(&ComparisonReport::new(comparison))?;
    } else {
        output::text(&human::text(&compared))?;
    }
    Ok(Verdict::new(comparison.have_common_model(), 0))
}

impl Compared {
    fn new(files: [&Path; 2], tolerance: &Tolerance) -> Result<Self, Failure> {
        let [a, b] = files;
        let hosts = [machine::host_file(a)?, machine::host_file(b)?];
        let compare = |tolerance: &Tolerance| {
            let policy = Policy::default().with_tolerance(tolerance.clone());
            let [a, b] = &hosts;
            fleet::compare(a, b, &policy).map_err(Failure::other)
        };
        let comparison = compare(tolerance)?;
        let mut with_el2 = tolerance.clone();
        with_el2.allow_el2();
        let fits_with_el2_tolerated =
            comparison.have_common_model() || compare(&with_el2)?.have_common_model();
        let [host_a, host_b] = hosts;
        let name = |path: &Path| path.to_string_lossy().into_owned();
        Ok(Self {
            hosts: [(name(a), host_a), (name(b), host_b)],
            comparison,
            fits_with_el2_tolerated,
        })
    }
}

impl ComparisonReport {
    fn new(comparison: &Comparison) -> Self {
        let differences = comparison.differences().iter();
        let fields = differences
            .clone()
            .map(|difference| difference.field.to_string());
        let facts = comparison.machine().iter();
        let names = facts
            .clone()
            .map(|difference| difference.fact.name().to_owned());
        let [cpu_a, cpu_b] = match comparison.models() {
            Some([a, b]) => [Some(a.to_string()), Some(b.to_string())],
            None => [None, None],
        };
        Self {
            result: comparison.relation().name(),
            responsible: fields.chain(names).collect(),
            fields: differences.map(FieldEntry::of).collect(),
            other: facts.map(FactEntry::of).collect(),
            common_model: comparison.have_common_model(),
            cpu_a,
            cpu_b,
        }
    }
}

impl FieldEntry {
    fn of(difference: &Difference) -> Self {
        let number = |value: Option<u64>| value.map(|value| format!("{value:#x}"));
        Self {
            property: difference.field.to_string(),
            a: number(difference.a),
            b: number(difference.b),
            verdict: difference.verdict.name(),
            audience: difference.field.field.rule().audience.map(Audience::name),
            override_a: number(difference.verdict.override_a()),
            override_b: number(difference.verdict.override_b()),
        }
    }
}

impl FactEntry {
    fn of(difference: &MachineDifference) -> Self {
        let [a, b] = values(difference).map(|value| value.map(str::to_owned));
        Self {
            what: difference.fact.name(),
            a,
            b,
        }
    }
}

/// The fact on both hosts, which are the kinds 0 and 1.
fn values(difference: &MachineDifference) -> [Option<&str>; 2] {
    [0, 1].map(|kind| {
        let mut groups = difference.values.iter();
        let group = groups.find(|(_, kinds)| kinds.contains(&kind));
        group.map(|(value, _)| value.as_str())
    })
}
