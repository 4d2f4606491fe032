//! Lists CPU models and their properties: `query-cpu-definitions`, `device-list-properties`.

use super::arguments::Arguments;
use super::message::{CommandResult, ErrorClass, QmpError, ReturnValue};
use super::properties;
use idreg_runtime::host::Host;
use serde::Serialize;

/// The names of the models. `custom` is the name of `host` in the first proposal to QEMU.
pub(super) const NAMES: [&str; 2] = ["host", "custom"];

/// The suffix of QEMU's CPU types.
const TYPE_SUFFIX: &str = "-arm-cpu";

/// A model (`CpuDefinitionInfo` of QEMU 11.1, `qapi/machine.json`). None is safe to migrate: `host`
/// is another model on another host.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct CpuDefinitionInfo {
    name: &'static str,
    typename: String,
    r#static: bool,
    deprecated: bool,
    migration_safe: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_of: Option<&'static str>,
}

/// Lists the models.
pub(super) fn definitions() -> ReturnValue {
    let [host, ..] = NAMES;
    ReturnValue::new(&NAMES.map(|name| CpuDefinitionInfo {
        name,
        typename: format!("{name}{TYPE_SUFFIX}"),
        r#static: false,
        deprecated: false,
        migration_safe: false,
        alias_of: (name != host).then_some(host),
    }))
}

/// Lists the properties of a model's type, with their values on a host if there is one.
///
/// # Errors
///
/// Fails with `DeviceNotFound` if the type belongs to no model.
pub(super) fn list_properties<'h>(
    host: impl FnOnce() -> Option<&'h Host>,
    mut arguments: Arguments,
) -> CommandResult {
    let typename = arguments.string("typename")?;
    arguments.finish()?;
    let name = typename.strip_suffix(TYPE_SUFFIX);
    if !name.is_some_and(|name| NAMES.contains(&name)) {
        let desc = format!("Device '{typename}' not found");
        return Err(QmpError::new(ErrorClass::DeviceNotFound, desc));
    }
    Ok(ReturnValue::new(&properties::list(host())))
}
