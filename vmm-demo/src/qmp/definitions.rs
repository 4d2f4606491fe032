//! Lists CPU models and their properties: `query-cpu-definitions`, `device-list-properties`.

use super::arguments::Arguments;
use super::message::{CommandResult, ErrorClass, QmpError, ReturnValue};
use super::properties;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::{Models, NamedModel};
use idreg_runtime::plan::{Plan, PlanError};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The names of the host's model. `custom` is the name of `host` in the first proposal to QEMU.
const HOST_NAMES: [&str; 2] = ["host", "custom"];

/// The suffix of QEMU's CPU types.
const TYPE_SUFFIX: &str = "-arm-cpu";

/// The property that QEMU lists as unavailable for a model that no change of properties makes
/// possible (QEMU 10.0, `qapi/machine-target.json`).
const TYPE_PROPERTY: &str = "type";

/// A model (`CpuDefinitionInfo` of QEMU 10.0, `qapi/machine-target.json`; the order of the members
/// is that of QEMU's replies).
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct CpuDefinitionInfo<'m> {
    name: &'m str,
    typename: String,
    /// The properties that the host cannot give; absent without a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable_features: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_of: Option<&'m str>,
    /// True if the model is the same on every host and in every version of this program.
    r#static: bool,
    /// True if every version of this program has the same model of this name.
    migration_safe: bool,
    deprecated: bool,
}

/// The model of a name, or `None` if there is no such model.
pub(super) fn find(models: &Models, name: &str) -> Option<CpuModel> {
    if HOST_NAMES.contains(&name) {
        return Some(CpuModel::host());
    }
    models.get(name).cloned().map(CpuModel::named)
}

/// Lists the models, with what a host cannot give if there is one.
pub(super) fn definitions(models: &Models, host: Option<&Host>) -> ReturnValue {
    let mut definitions = Vec::from(HOST_NAMES.map(|name| of_host(name, host)));
    let mut previous = None;
    for model in models.iter() {
        // The versions of a name follow each other.
        if previous != Some(model.name())
            && let Some(newest) = models.get(model.name())
        {
            definitions.push(of_alias(newest, host));
        }
        definitions.push(of_version(model, host));
        previous = Some(model.name());
    }
    ReturnValue::new(&definitions)
}

/// The host's model, which is another model on another host.
fn of_host<'m>(name: &'m str, host: Option<&Host>) -> CpuDefinitionInfo<'m> {
    let [first, ..] = HOST_NAMES;
    CpuDefinitionInfo {
        name,
        typename: typename(name),
        unavailable_features: host.map(|host| unavailable(host, &CpuModel::host())),
        alias_of: (name != first).then_some(first),
        r#static: false,
        migration_safe: false,
        deprecated: false,
    }
}

/// A named model with its version. With fields that keep the host's values it is not static.
fn of_version<'m>(model: &'m Arc<NamedModel>, host: Option<&Host>) -> CpuDefinitionInfo<'m> {
    let name = model.full_name();
    let named = CpuModel::named(model.clone());
    CpuDefinitionInfo {
        name,
        typename: typename(name),
        unavailable_features: host.map(|host| unavailable(host, &named)),
        alias_of: None,
        r#static: model.host_fields().next().is_none(),
        migration_safe: true,
        deprecated: model.identity().deprecated,
    }
}

/// The name of a model without a version: another version of this program can have a newer one.
fn of_alias<'m>(newest: &'m Arc<NamedModel>, host: Option<&Host>) -> CpuDefinitionInfo<'m> {
    CpuDefinitionInfo {
        name: newest.name(),
        typename: typename(newest.name()),
        alias_of: Some(newest.full_name()),
        r#static: false,
        migration_safe: false,
        ..of_version(newest, host)
    }
}

fn typename(name: &str) -> String {
    format!("{name}{TYPE_SUFFIX}")
}

/// The properties of a model that a host cannot give, in the order of the model.
fn unavailable(host: &Host, model: &CpuModel) -> Vec<String> {
    match Plan::new(host, model) {
        Ok(_) => Vec::new(),
        Err(PlanError::Rejected(rejections)) => {
            let properties = rejections.into_iter().map(|it| it.asked.property);
            let mut seen = BTreeSet::new();
            properties.filter(|it| seen.insert(it.clone())).collect()
        }
        Err(_) => vec![TYPE_PROPERTY.to_owned()],
    }
}

/// Lists the properties of a model's type, with their values on a host if there is one.
///
/// # Errors
///
/// Fails with `DeviceNotFound` if the type belongs to no model.
pub(super) fn list_properties<'h>(
    models: &Models,
    host: impl FnOnce() -> Option<&'h Host>,
    mut arguments: Arguments,
) -> CommandResult {
    let typename = arguments.string("typename")?;
    arguments.finish()?;
    let name = typename.strip_suffix(TYPE_SUFFIX);
    if name.and_then(|name| find(models, name)).is_none() {
        let desc = format!("Device '{typename}' not found");
        return Err(QmpError::new(ErrorClass::DeviceNotFound, desc));
    }
    Ok(ReturnValue::new(&properties::list(host())))
}
