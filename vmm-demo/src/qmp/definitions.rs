//! Lists CPU models and their properties: `query-cpu-definitions`, `device-list-properties`.

use super::arguments::Arguments;
use super::message::{ErrorClass, QmpError};
use super::properties;
use idreg_runtime::host::Host;
use serde_json::{Value, json};

/// The names of the models. `custom` is the name of `host` in the first proposal to QEMU.
pub(super) const NAMES: [&str; 2] = ["host", "custom"];

/// The suffix of QEMU's CPU types.
const TYPE_SUFFIX: &str = "-arm-cpu";

/// Lists the models (`CpuDefinitionInfo` of QEMU 11.1, `qapi/machine.json`). None is safe to
/// migrate: `host` is another model on another host.
pub(super) fn definitions() -> Value {
    let definitions = NAMES.map(|name| {
        let mut definition = json!({
            "name": name,
            "typename": format!("{name}{TYPE_SUFFIX}"),
            "static": false,
            "deprecated": false,
            "migration-safe": false,
        });
        if name != "host"
            && let Some(members) = definition.as_object_mut()
        {
            members.insert("alias-of".to_owned(), "host".into());
        }
        definition
    });
    Value::Array(definitions.into())
}

/// Lists the properties of a model's type, with their values on a host if there is one.
///
/// # Errors
///
/// Fails with `DeviceNotFound` if the type belongs to no model.
pub(super) fn list_properties<'h>(
    host: impl FnOnce() -> Option<&'h Host>,
    mut arguments: Arguments,
) -> Result<Value, QmpError> {
    let typename = arguments.string("typename")?;
    arguments.finish()?;
    let name = typename.strip_suffix(TYPE_SUFFIX);
    if !name.is_some_and(|name| NAMES.contains(&name)) {
        let desc = format!("Device '{typename}' not found");
        return Err(QmpError::new(ErrorClass::DeviceNotFound, desc));
    }
    let list = properties::list(host());
    serde_json::to_value(list).map_err(QmpError::generic)
}
