//! `query-cpu-model-comparison` and `query-cpu-model-baseline`: two models of one host.

use super::arguments::Arguments;
use super::expansion::{CpuModelInfo, ModelArgument, Models, plan};
use super::message::{CommandResult, QmpError, ReturnValue};
use super::model::{RequestedModel, one_line};
use idreg_runtime::fleet::{Relation, common_model, compare_models};
use idreg_runtime::host::Host;
use idreg_runtime::model::Base;
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

/// Two models and their plans on the host.
struct Pair {
    host: Host,
    a: Planned,
    b: Planned,
}

/// A model of a request with its plan.
struct Planned {
    argument: ModelArgument,
    plan: Plan,
}

impl Planned {
    fn has_named_base(&self) -> bool {
        matches!(self.argument.requested.model.base(), Base::Named(_))
    }

    /// The model as it was asked for, by a name with a version.
    fn as_asked(&self) -> CpuModelInfo {
        CpuModelInfo {
            name: self.argument.lasting_name(),
            props: self.argument.requested.normalised(),
        }
    }
}

/// Answers `query-cpu-model-comparison`.
///
/// # Errors
///
/// Fails with all mistakes of the first model that the host cannot give.
pub(super) fn compare(models: &Models, arguments: Arguments) -> CommandResult {
    let pair = pair(models, arguments)?;
    let comparison = compare_models(&pair.a.plan, &pair.b.plan);
    let responsible = comparison.responsible.iter();
    Ok(ReturnValue::new(&CpuModelCompareInfo {
        result: comparison.relation.name(),
        responsible_properties: responsible.map(ToString::to_string).collect(),
    }))
}

/// Answers `query-cpu-model-baseline`: the lesser model if it is a named one, else a model with the
/// overrides of `host` that it needs.
///
/// # Errors
///
/// Fails with all mistakes of the first model that the host cannot give, or if KVM refuses the
/// common one.
pub(super) fn baseline(models: &Models, arguments: Arguments) -> CommandResult {
    let Pair { host, a, b } = pair(models, arguments)?;
    let model = match compare_models(&a.plan, &b.plan).relation {
        Relation::Identical | Relation::Subset if a.has_named_base() => a.as_asked(),
        Relation::Identical | Relation::Superset if b.has_named_base() => b.as_asked(),
        _ => common(models, &host, a, &b)?,
    };
    Ok(ReturnValue::new(&CpuModelBaselineInfo { model }))
}

/// The greatest common model, with overrides of `host`.
fn common(models: &Models, host: &Host, a: Planned, b: &Planned) -> Result<CpuModelInfo, QmpError> {
    let name = if a.has_named_base() {
        Base::Host.to_string()
    } else {
        a.argument.name
    };
    let common = common_model(host, &a.plan, &b.plan);
    let common = common.map_err(|error| QmpError::generic(one_line(&error.to_string())))?;
    let common = RequestedModel::of(common);
    plan(models, &common.model).map_err(|failure| common.failed(&failure))?;
    let props = common.normalised();
    Ok(CpuModelInfo { name, props })
}

fn pair(models: &Models, mut arguments: Arguments) -> Result<Pair, QmpError> {
    let a = ModelArgument::take(models, &mut arguments, "modela")?;
    let b = ModelArgument::take(models, &mut arguments, "modelb")?;
    arguments.finish()?;
    let (host, plan_a) = a.plan(models)?;
    let (_, plan_b) = b.plan(models)?;
    let planned = |argument, plan| Planned { argument, plan };
    Ok(Pair {
        host,
        a: planned(a, plan_a),
        b: planned(b, plan_b),
    })
}
