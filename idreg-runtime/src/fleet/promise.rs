//! Two models of one host: their relation, and the greatest model in common.

use super::acceptance::{AcceptanceSet, AcceptedValues};
use super::compare::Relation;
use super::consistent::make_consistent;
use super::fit::Fit;
use super::options;
use crate::config::VcpuConfig;
use crate::config::options::CpuOption;
use crate::description::RegisterField;
use crate::description::rule::Safety;
use crate::host::Host;
use crate::model::CpuModel;
use crate::model::property::Property;
use crate::plan::{Plan, PlanError};
use crate::values::RegisterValues;

/// The relation of two models of one host, by the values that their plans promise.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModelComparison {
    /// The relation of the first model to the second.
    pub relation: Relation,
    /// The properties in which they differ: options first, then the fields that these do not set,
    /// in the order of the description.
    pub responsible: Vec<Property>,
}

/// Compares two models of one host by their plans.
///
/// One is a superset if the safety of each field lets its value become that of the other. Models
/// that differ in a field whose safety does not tell, such as MIDR_EL1, or in the exception level
/// or execution state in which guests start, are incompatible.
///
/// ```
/// # let file = include_str!("../../data/hosts/max-latest.json");
/// # let host: idreg_runtime::Host = serde_json::from_str(file)?;
/// use idreg_runtime::Plan;
/// use idreg_runtime::fleet::{Relation, compare_models};
///
/// let plan = |model: &str| Plan::new(&host, &model.parse().expect("a model"));
/// let comparison = compare_models(&plan("host")?, &plan("host,FEAT_DotProd=off")?);
/// assert_eq!(comparison.relation, Relation::Superset);
/// assert_eq!(comparison.responsible[1].to_string(), "SYSREG_ID_AA64ISAR0_EL1_DP");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn compare_models(a: &Plan, b: &Plan) -> ModelComparison {
    let (config_a, config_b) = (a.config(), b.config());
    let options: Vec<CpuOption> = CpuOption::SWITCHES
        .into_iter()
        .filter(|option| option.is_on(config_a) != option.is_on(config_b))
        .collect();
    let mut directions: Vec<[bool; 2]> = options
        .iter()
        .map(|option| of_option(*option, config_a))
        .collect();
    let mut responsible: Vec<Property> = options.iter().copied().map(Property::Option).collect();
    if let Some((option, direction)) = of_lengths(config_a, config_b) {
        responsible.push(Property::Option(option));
        directions.push(direction);
    }
    if let Some(direction) = of_counters(config_a, config_b) {
        responsible.push(Property::PmuCounters);
        directions.push(direction);
    }
    let (in_a, in_b) = (a.in_guest(), b.in_guest());
    for field in in_a.description().fields() {
        let [a, b] = [&in_a, &in_b].map(|values| values.field(field).unwrap_or(0));
        if a != b && !is_set_by(field, &options) {
            responsible.push(Property::Field(field));
            directions.push(of_field(field, a, b));
        }
    }
    let all = |direction: fn(&[bool; 2]) -> bool| directions.iter().all(direction);
    let relation = match (all(|[superset, _]| *superset), all(|[_, subset]| *subset)) {
        _ if directions.is_empty() => Relation::Identical,
        (true, _) => Relation::Superset,
        (_, true) => Relation::Subset,
        (false, false) => Relation::Incompatible,
    };
    ModelComparison {
        relation,
        responsible,
    }
}

/// The greatest model whose guests both of two models can replace, on the host of their plans.
///
/// Fields whose safety does not tell, such as those of MIDR_EL1, are those of the first.
///
/// # Errors
///
/// [`PlanError`] if the common values have no plan.
pub fn common_model(host: &Host, a: &Plan, b: &Plan) -> Result<CpuModel, PlanError> {
    let configured = options::configured(host, common_config(a.config(), b.config()));
    let accepted = AcceptanceSet::new_guest(&configured);
    let mut values = configured.values().clone();
    let (in_a, in_b) = (a.in_guest(), b.in_guest());
    for (field, accepted) in accepted.iter() {
        let [a, b] = [&in_a, &in_b].map(|values| values.field(field).unwrap_or(0));
        if let Some(value) = lesser(field, accepted, a, b) {
            insert(&mut values, field, value);
        }
    }
    // A rule that no accepted value mends is broken on the host's own models too.
    let _broken = make_consistent(&[configured.values()], &accepted, &mut values);
    let fit = Fit::new(host, &configured, &values, |_| false)?;
    Ok(fit.model().clone())
}

/// True for each model whose value of an option the other can become; the option is on in one.
fn of_option(option: CpuOption, a: VcpuConfig) -> [bool; 2] {
    match option {
        CpuOption::Sve | CpuOption::Pauth | CpuOption::Pmu | CpuOption::Mte => {
            [option.is_on(a), !option.is_on(a)]
        }
        CpuOption::SveLength(_) | CpuOption::El2 | CpuOption::Aarch64 => [false, false],
    }
}

/// The vector length above which one model has more, if both have SVE and differ.
fn of_lengths(a: VcpuConfig, b: VcpuConfig) -> Option<(CpuOption, [bool; 2])> {
    let limits = [a, b].map(|config| config.sve_limit.unwrap_or(u32::MAX));
    let [of_a, of_b] = limits;
    let shorter = of_a.min(of_b);
    let differ = a.sve && b.sve && of_a != of_b;
    differ.then_some((CpuOption::SveLength(shorter), [of_a > of_b, of_a < of_b]))
}

/// The directions of the number of event counters, if both models have a PMU and differ in it.
fn of_counters(a: VcpuConfig, b: VcpuConfig) -> Option<[bool; 2]> {
    // Without a number it is the host's, the greatest.
    let numbers = [a, b].map(|config| config.pmu_counters.unwrap_or(u32::MAX));
    let [of_a, of_b] = numbers;
    let differ = a.pmu && b.pmu && of_a != of_b;
    differ.then_some([of_a > of_b, of_a < of_b])
}

fn of_field(field: RegisterField, a: u64, b: u64) -> [bool; 2] {
    let rule = field.field.rule();
    let accepts = |limit, value| rule.safety.accepts(field.field.width(), limit, value);
    match rule.safety {
        Safety::Any => [false, false],
        _ => [accepts(a, b), accepts(b, a)],
    }
}

fn is_set_by(field: RegisterField, options: &[CpuOption]) -> bool {
    let rule = field.field.rule();
    let owners = [rule.owner, rule.needs].into_iter().flatten();
    let mut owners = owners.filter_map(CpuOption::of);
    owners.any(|owner| options.contains(&owner))
}

/// The options that both configurations have.
fn common_config(a: VcpuConfig, b: VcpuConfig) -> VcpuConfig {
    let limit = [a, b]
        .into_iter()
        .filter_map(|config| config.sve_limit)
        .min();
    let counters = [a, b]
        .into_iter()
        .filter_map(|config| config.pmu_counters)
        .min();
    let mut common = a;
    common.sve &= b.sve;
    common.sve_limit = limit.filter(|_| common.sve);
    common.pauth &= b.pauth;
    common.pmu &= b.pmu;
    common.pmu_counters = counters.filter(|_| common.pmu);
    common.mte &= b.mte;
    common
}

/// The greatest accepted value that two values can become.
fn lesser(field: RegisterField, accepted: AcceptedValues<'_>, a: u64, b: u64) -> Option<u64> {
    let safety = field.field.rule().safety;
    let is_less = |value: &u64| {
        let accepts = |limit| safety.accepts(field.field.width(), limit, *value);
        accepted.contains(*value) && accepts(a) && accepts(b)
    };
    match accepted {
        _ if matches!(safety, Safety::Any) => Some(a).filter(|value| accepted.contains(*value)),
        AcceptedValues::Mask(_) => {
            let mask = (0..16)
                .filter(is_less)
                .fold(0, |mask, value| mask | 1 << value);
            AcceptedValues::Mask(mask).greatest(field)
        }
        AcceptedValues::Ranges(_) => [a, b].into_iter().find(is_less),
    }
}

fn insert(values: &mut RegisterValues, field: RegisterField, value: u64) {
    if let Some(old) = values.get(field.register) {
        values.set(field.register, field.field.insert(old, value));
    }
}
