//! `query-cpu-model-expansion`: the properties of a model, and of a guest with it.

use super::arguments::Arguments;
use super::definitions;
use super::message::{CommandResult, QmpError, ReturnValue};
use super::model::RequestedModel;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::description::RegisterField;
use idreg_runtime::host::Host;
use idreg_runtime::model::named::{self, FieldSetting};
use idreg_runtime::model::property::Property;
use idreg_runtime::model::{Base, CpuModel};
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::check::rejected_everywhere;
use idreg_runtime::regs::DESCRIPTION;
use serde::Serialize;
use serde_json::{Map, Value};

/// The CPU models of a server and the host that they are expanded for.
#[derive(Debug)]
pub struct Models {
    /// The host.
    pub host: ModelHost,
    /// The named models.
    pub named: named::Models,
}

/// The host that CPU models are expanded for.
#[derive(Debug)]
pub enum ModelHost {
    /// This machine; its KVM tries each model.
    ThisMachine,
    /// A host from a file.
    Recorded(Box<Host>),
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

/// A model in a request, with the name of its base there.
pub(super) struct ModelArgument {
    pub(super) name: String,
    pub(super) requested: RequestedModel,
}

impl ModelArgument {
    /// Takes a model from the argument of this name.
    pub(super) fn take(
        models: &Models,
        arguments: &mut Arguments,
        argument: &str,
    ) -> Result<Self, QmpError> {
        let mut model = arguments.object(argument)?;
        let name = model.string("name")?;
        let props = model.optional_object("props")?;
        model.finish()?;
        let base = definitions::find(&models.named, &name).ok_or_else(|| {
            let desc = format!("The CPU type '{name}' is not a recognized ARM CPU type");
            QmpError::generic(desc)
        })?;
        let requested = RequestedModel::new(base, props);
        Ok(Self { name, requested })
    }

    /// Plans the model for the host, or reports all its mistakes.
    pub(super) fn plan(&self, models: &Models) -> Result<(Host, Plan), QmpError> {
        let planned = plan(models, &self.requested.model);
        let planned = planned.map_err(|failure| self.requested.failed(&failure))?;
        self.requested.refused(&[])?;
        Ok(planned)
    }

    /// The name of the base; of a named model with its version, which the request can leave out.
    pub(super) fn lasting_name(&self) -> String {
        match self.requested.model.base() {
            Base::Named(model) => model.full_name().to_owned(),
            _ => self.name.clone(),
        }
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
    let argument = ModelArgument::take(models, &mut arguments, "model")?;
    arguments.finish()?;
    let requested = &argument.requested;
    let model = match expansion {
        Expansion::Static => {
            requested.refused(&rejected_everywhere(&requested.model))?;
            let props = static_properties(requested);
            let name = argument.lasting_name();
            CpuModelInfo { name, props }
        }
        Expansion::Full => {
            let (host, plan) = argument.plan(models)?;
            let props = properties(&host, &plan);
            let name = argument.name;
            CpuModelInfo { name, props }
        }
    };
    Ok(ReturnValue::new(&CpuModelExpansionInfo { model }))
}

/// Plans a model for the host; on this machine KVM accepts the plan.
pub(super) fn plan(models: &Models, model: &CpuModel) -> Result<(Host, Plan), Failure> {
    match &models.host {
        ModelHost::ThisMachine => {
            let machine = Machine::open(model)?;
            let plan = Plan::new(machine.host(), model)?;
            machine.try_plan(&plan)?;
            Ok((machine.into_host(), plan))
        }
        ModelHost::Recorded(host) => Ok((Host::clone(host), Plan::new(host, model)?)),
    }
}

/// The properties of a request, and those that its named model sets and a request can set in its
/// place: options, and fields that no option decides and no override changes.
fn static_properties(requested: &RequestedModel) -> Map<String, Value> {
    let mut props = requested.normalised();
    let model = &requested.model;
    let Base::Named(named) = model.base() else {
        return props;
    };
    let options = model.base_options().into_iter();
    props.extend(options.map(|setting| (setting.option.to_string(), setting.on.into())));
    let overridden = overridden(model);
    for (field, setting) in named.fields() {
        if let FieldSetting::Value(value) = setting
            && !overridden.contains(&field)
            && !is_of_option(field, &props)
        {
            props.insert(field.to_string(), value.into());
        }
    }
    props
}

/// The fields that overrides of a model decide about.
fn overridden(model: &CpuModel) -> Vec<RegisterField> {
    let mut fields = Vec::new();
    for asked in model.overrides() {
        match Property::find(&DESCRIPTION, &asked.property) {
            Some(Property::Field(field)) => fields.push(field),
            Some(Property::Register(register)) => fields.extend(register.fields()),
            Some(Property::Feature(feature)) => {
                fields.extend(feature.fields().map(|range| range.field));
            }
            _ => {}
        }
    }
    fields
}

/// True if an option sets the field, or is off and the field zero without it.
fn is_of_option(field: RegisterField, props: &Map<String, Value>) -> bool {
    let rule = field.field.rule();
    let is_on = |option: CpuOption| props.get(&option.to_string()) == Some(&Value::Bool(true));
    let needs = rule.needs.and_then(CpuOption::of);
    rule.owner.and_then(CpuOption::of).is_some() || needs.is_some_and(|option| !is_on(option))
}

/// The properties of a guest with a plan: each option that the host offers, the number of event
/// counters, the whole registers and all fields.
fn properties(host: &Host, plan: &Plan) -> Map<String, Value> {
    let values = plan.in_guest();
    let value = |property: &Property| match property {
        Property::Option(option) => {
            is_offered(*option, host).then(|| option.is_on(plan.config()).into())
        }
        Property::PmuCounters => {
            let config = plan.config();
            let counters = config.pmu_counters.or(host.info().pmu_counters);
            counters.filter(|_| config.pmu).map(Value::from)
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
