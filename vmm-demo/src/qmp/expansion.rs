//! `query-cpu-model-expansion`: the properties of a model, and of a guest with it.

use super::arguments::Arguments;
use super::definitions;
use super::message::{CommandResult, QmpError, ReturnValue};
use super::model::RequestedModel;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::property::Property;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::check::rejected_everywhere;
use serde::Serialize;
use serde_json::{Map, Value};

/// The host that CPU models are expanded for.
#[derive(Debug)]
pub enum Models {
    /// This machine; its KVM tries each model.
    ThisMachine,
    /// A host from a file.
    Host(Box<Host>),
}

/// The depth of an expansion.
#[derive(Clone, Copy, Debug)]
enum Expansion {
    /// Checks names, types and widths without a host.
    Static,
    /// Plans the model for the host and, on this machine, tries it on KVM.
    Full,
}

/// An answer (`CpuModelExpansionInfo` of QEMU 11.1, `qapi/machine-target.json`).
#[derive(Debug, Serialize)]
struct CpuModelExpansionInfo {
    model: CpuModelInfo,
}

#[derive(Debug, Serialize)]
pub(super) struct CpuModelInfo {
    pub(super) name: String,
    pub(super) props: Map<String, Value>,
}

/// A model in a request, with the name of its base.
pub(super) struct NamedModel {
    pub(super) name: String,
    requested: RequestedModel,
}

impl NamedModel {
    /// Takes a model from the argument of this name.
    pub(super) fn take(arguments: &mut Arguments, argument: &str) -> Result<Self, QmpError> {
        let mut model = arguments.object(argument)?;
        let name = model.string("name")?;
        let props = model.optional_object("props")?;
        model.finish()?;
        if !definitions::NAMES.contains(&name.as_str()) {
            let desc = format!("The CPU type '{name}' is not a recognized ARM CPU type");
            return Err(QmpError::generic(desc));
        }
        let requested = RequestedModel::new(props);
        Ok(Self { name, requested })
    }

    /// Plans the model for the host, or reports all its mistakes.
    pub(super) fn plan(&self, models: &Models) -> Result<(Host, Plan), QmpError> {
        let planned = plan(models, &self.requested.model);
        let planned = planned.map_err(|failure| self.requested.failed(&failure))?;
        self.requested.refused(&[])?;
        Ok(planned)
    }
}

/// Answers `query-cpu-model-expansion`.
///
/// # Errors
///
/// Fails with all mistakes of the model in one error, of class `KVMMissingCap` if only capabilities
/// of KVM are missing.
pub(super) fn expand(models: &Models, mut arguments: Arguments) -> CommandResult {
    let words = [("static", Expansion::Static), ("full", Expansion::Full)];
    let expansion = arguments.word("type", &words)?;
    let named = NamedModel::take(&mut arguments, "model")?;
    arguments.finish()?;
    let requested = &named.requested;
    let props = match expansion {
        Expansion::Static => {
            requested.refused(&rejected_everywhere(&requested.model))?;
            requested.normalised()
        }
        Expansion::Full => {
            let (host, plan) = named.plan(models)?;
            properties(&host, &plan)
        }
    };
    let name = named.name;
    let model = CpuModelInfo { name, props };
    Ok(ReturnValue::new(&CpuModelExpansionInfo { model }))
}

/// Plans a model for the host; on this machine KVM accepts the plan.
pub(super) fn plan(models: &Models, model: &CpuModel) -> Result<(Host, Plan), Failure> {
    match models {
        Models::ThisMachine => {
            let machine = Machine::open(model)?;
            let plan = Plan::new(machine.host(), model)?;
            machine.try_plan(&plan)?;
            Ok((machine.into_host(), plan))
        }
        Models::Host(host) => Ok((Host::clone(host), Plan::new(host, model)?)),
    }
}

/// The properties of a guest with a plan: each option that the host offers, the whole registers and
/// all fields.
fn properties(host: &Host, plan: &Plan) -> Map<String, Value> {
    let values = plan.in_guest();
    let value = |property: &Property| match property {
        Property::Option(option) => {
            is_offered(*option, host).then(|| option.is_on(plan.config()).into())
        }
        Property::Register(register) => values.get(register).map(Value::from),
        Property::Field(field) => values.field(*field).map(Value::from),
        _ => None,
    };
    let properties = Property::all(values.description());
    properties
        .filter_map(|property| Some((property.to_string(), value(&property)?)))
        .collect()
}

/// Checks that a host can switch an option on.
fn is_offered(option: CpuOption, host: &Host) -> bool {
    let info = host.info();
    let capability = option.capability(true, &info.capabilities);
    let has_length = match option {
        CpuOption::SveLength(bits) => info.sve_vector_lengths.contains(&bits),
        _ => true,
    };
    has_length && capability.is_none_or(|(_, offered)| offered)
}
