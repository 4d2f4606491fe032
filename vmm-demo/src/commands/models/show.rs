//! One named model, whole.

use crate::cli::idreg::ShowModelArguments;
use crate::output::failure::Failure;
use crate::output::list::comma_list;
use crate::output::{self, escaped, table};
use idreg_runtime::description::RegisterField;
use idreg_runtime::model::named::{FieldSetting, Models, NamedModel};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The schema of the object; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-named-model/1";

/// The error of a name that no model has.
#[derive(Debug, thiserror::Error)]
#[error("no CPU model `{}`; `idreg models` lists them", escaped(.0))]
struct NoSuchModel(String);

#[derive(Serialize)]
struct ModelObject<'m> {
    schema: &'static str,
    model: &'m str,
    name: &'m str,
    version: u32,
    description: &'m str,
    deprecated: bool,
    sources: &'m [String],
    options: BTreeMap<String, bool>,
    /// The other models of which this is a superset.
    superset_of: Vec<&'m str>,
    fields: Vec<FieldEntry>,
}

#[derive(Serialize)]
struct FieldEntry {
    property: String,
    /// A number, `host` or `vm`.
    value: String,
    name: Option<&'static str>,
}

/// Prints a model.
pub(super) fn show(arguments: &ShowModelArguments, models: &Models) -> Result<(), Failure> {
    let Some(model) = models.get(&arguments.name) else {
        let unknown = NoSuchModel(arguments.name.clone());
        return Err(Failure::Unusable(unknown.into()));
    };
    let subsets: Vec<&str> = models.subsets_of(model).map(|it| it.full_name()).collect();
    if !arguments.json {
        return output::text(&text(model, &subsets));
    }
    let identity = model.identity();
    let options = model.options();
    output::json(&ModelObject {
        schema: SCHEMA,
        model: model.full_name(),
        name: &identity.name,
        version: identity.version,
        description: &identity.description,
        deprecated: identity.deprecated,
        sources: &identity.sources,
        options: options.map(|it| (it.option.to_string(), it.on)).collect(),
        superset_of: subsets,
        fields: model.fields().map(entry).collect(),
    })
}

fn entry((field, setting): (RegisterField, FieldSetting)) -> FieldEntry {
    let (value, name) = match setting {
        FieldSetting::Value(value) => (format!("{value:#x}"), field.field.value_name(value)),
        FieldSetting::Host => ("host".to_owned(), None),
        FieldSetting::Vm => ("vm".to_owned(), None),
    };
    FieldEntry {
        property: field.to_string(),
        value,
        name,
    }
}

fn text(model: &NamedModel, subsets: &[&str]) -> String {
    let identity = model.identity();
    let mut out = format!("{}: {}\n", model.full_name(), identity.description);
    if identity.deprecated {
        out.push_str("deprecated: choose another model for new guests\n");
    }
    // Writing to a String cannot fail.
    let _ = writeln!(out, "options: {}", comma_list(model.options()));
    let lineage = match subsets {
        [] => "no other model".to_owned(),
        subsets => comma_list(subsets),
    };
    let _ = writeln!(out, "superset of: {lineage}");
    out.push_str("sources:\n");
    for source in &identity.sources {
        let _ = writeln!(out, "  {source}");
    }
    let mut table = table::new(&["property", "value"]);
    for (field, setting) in model.fields() {
        let value = match setting {
            FieldSetting::Value(value) => field.field.show(value).to_string(),
            FieldSetting::Host => "the host's".to_owned(),
            FieldSetting::Vm => "the VM's".to_owned(),
        };
        table.add_row([field.to_string(), value]);
    }
    let _ = write!(out, "\n{}", table::show(table));
    out
}
