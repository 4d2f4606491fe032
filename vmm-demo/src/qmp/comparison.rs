//! `query-cpu-model-comparison` and `query-cpu-model-baseline`: two models of one host.

use super::arguments::Arguments;
use super::expansion::{CpuModelInfo, Models, NamedModel, plan};
use super::message::{CommandResult, QmpError, ReturnValue};
use super::model::{RequestedModel, one_line};
use idreg_runtime::fleet::{common_model, compare_models};
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use serde::Serialize;

/// A comparison (`CpuModelCompareInfo` of QEMU 11.1, `qapi/machine-target.json`).
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct CpuModelCompareInfo {
    /// The relation of the first model to the second (`CpuModelCompareResult`).
    result: &'static str,
    responsible_properties: Vec<String>,
}

/// A common model (`CpuModelBaselineInfo` of QEMU 11.1, `qapi/machine-target.json`).
#[derive(Debug, Serialize)]
struct CpuModelBaselineInfo {
    model: CpuModelInfo,
}

/// The plans of two models on the host.
struct Pair {
    host: Host,
    a: Plan,
    b: Plan,
    /// The name of the first model.
    name: String,
}

/// Answers `query-cpu-model-comparison`.
///
/// # Errors
///
/// Fails with all mistakes of the first model that the host cannot give.
pub(super) fn compare(models: &Models, arguments: Arguments) -> CommandResult {
    let pair = pair(models, arguments)?;
    let comparison = compare_models(&pair.a, &pair.b);
    let responsible = comparison.responsible.iter();
    Ok(ReturnValue::new(&CpuModelCompareInfo {
        result: comparison.relation.name(),
        responsible_properties: responsible.map(ToString::to_string).collect(),
    }))
}

/// Answers `query-cpu-model-baseline`: the model has the overrides of `host` that it needs.
///
/// # Errors
///
/// Fails with all mistakes of the first model that the host cannot give, or if KVM refuses the
/// common one.
pub(super) fn baseline(models: &Models, arguments: Arguments) -> CommandResult {
    let Pair { host, a, b, name } = pair(models, arguments)?;
    let common = common_model(&host, &a, &b);
    let common = common.map_err(|error| QmpError::generic(one_line(&error.to_string())))?;
    let common = RequestedModel::of(common);
    plan(models, &common.model).map_err(|failure| common.failed(&failure))?;
    let props = common.normalised();
    let model = CpuModelInfo { name, props };
    Ok(ReturnValue::new(&CpuModelBaselineInfo { model }))
}

fn pair(models: &Models, mut arguments: Arguments) -> Result<Pair, QmpError> {
    let a = NamedModel::take(&mut arguments, "modela")?;
    let b = NamedModel::take(&mut arguments, "modelb")?;
    arguments.finish()?;
    let (host, plan_a) = a.plan(models)?;
    let (_, plan_b) = b.plan(models)?;
    Ok(Pair {
        host,
        a: plan_a,
        b: plan_b,
        name: a.name,
    })
}
