//! `query-cpu-model-expansion`: what a guest with a model would see, or what a model says by itself.

use super::arguments::Arguments;
use super::definitions;
use super::message::QmpError;
use super::model::Wanted;
use super::properties::WHOLE_REGISTERS;
use crate::machine::Machine;
use crate::output::failure::Failure;
use idreg_runtime::config::options::{CpuOption, sve_lengths};
use idreg_runtime::description::RegisterField;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::{Host, HostInfo};
use idreg_runtime::model::{CpuModel, Setting};
use idreg_runtime::plan::rejection::Reason;
use idreg_runtime::plan::{Plan, PlanError};
use idreg_runtime::regs;
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use serde_json::{Map, Value, json};

/// What CPU models are expanded for.
#[derive(Debug)]
pub enum Models {
    /// This machine: they are tried on KVM.
    ThisMachine,
    /// A host from a file.
    Host(Box<Host>),
}

/// How far a model is expanded.
#[derive(Clone, Copy, Debug)]
enum Expansion {
    /// Names, types and widths are checked, and no host is asked.
    Static,
    /// A plan is made for the host and, on this machine, tried on KVM.
    Full,
}

/// The answer to `query-cpu-model-expansion`.
///
/// # Errors
///
/// All that is wrong with the model in one error, of class `KVMMissingCap` if it is only KVM that is in the way.
pub(super) fn expand(models: &Models, mut arguments: Arguments) -> Result<Value, QmpError> {
    let words = [("static", Expansion::Static), ("full", Expansion::Full)];
    let expansion = arguments.word("type", &words)?;
    let mut model = arguments.object("model")?;
    let name = model.string("name")?;
    let props = model.optional_object("props")?;
    model.finish()?;
    arguments.finish()?;
    if !definitions::NAMES.contains(&name.as_str()) {
        let desc = format!("The CPU type '{name}' is not a recognized ARM CPU type");
        return Err(QmpError::generic(desc));
    }
    let wanted = Wanted::new(props);
    let props = match expansion {
        Expansion::Static => by_itself(&wanted)?,
        Expansion::Full => {
            let planned = plan(models, &wanted.model);
            let (host, plan) = planned.map_err(|failure| wanted.failed(&failure))?;
            wanted.refused(&[])?;
            properties(&host, &plan)
        }
    };
    Ok(json!({ "model": { "name": name, "props": props } }))
}

/// A plan for the host, which its KVM takes where there is one to ask.
fn plan(models: &Models, model: &CpuModel) -> Result<(Host, Plan), Failure> {
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

/// What a guest with a plan has: every option that the host can turn on, and every field.
fn properties(host: &Host, plan: &Plan) -> Map<String, Value> {
    let info = host.info();
    let lengths = info.sve_vector_lengths.iter().copied();
    let lengths = lengths.map(CpuOption::SveLength);
    let options = CpuOption::SWITCHES.into_iter().chain(lengths);
    let offered = options.filter(|option| {
        let capability = option.capability(true, &info.capabilities);
        capability.is_none_or(|(_, there)| there)
    });
    let options = offered.map(|option| (option.to_string(), option.is_on(plan.config()).into()));
    let values = plan.in_guest();
    let whole = WHOLE_REGISTERS.into_iter().filter_map(|(short, name)| {
        let register = values.description().register(name)?;
        Some((short.to_owned(), values.get(register)?.into()))
    });
    let fields = values.description().fields();
    let fields = fields.filter_map(|of| Some((of.to_string(), values.field(of)?.into())));
    options.chain(whole).chain(fields).collect()
}

/// The model's own properties, if their names, types, widths and values are known.
fn by_itself(wanted: &Wanted) -> Result<Map<String, Value>, QmpError> {
    let nowhere = nowhere().map_err(|error| QmpError::generic(error.to_string()))?;
    let mut rejections = match Plan::new(&nowhere, &wanted.model) {
        Err(PlanError::Rejected(rejections)) => rejections,
        _ => Vec::new(),
    };
    rejections.retain(|rejection| says_the_model(&rejection.reason));
    wanted.refused(&rejections)?;
    let unnamed: Vec<String> = unnamed(&wanted.model).collect();
    if unnamed.is_empty() {
        Ok(wanted.normalised())
    } else {
        Err(QmpError::generic(unnamed.join("; ")))
    }
}

/// A host with every option and no register: what it rejects is wrong everywhere, or needs a host to tell.
fn nowhere() -> Result<Host, idreg_runtime::host::ReadError> {
    let mut info = HostInfo::default();
    let can = &mut info.capabilities;
    (can.sve, can.pauth, can.pmu, can.mte) = (true, true, true, true);
    (can.el1_32bit, can.el2, can.writable_masks) = (true, true, true);
    info.vcpu.sve = true;
    info.sve_vector_lengths = sve_lengths().collect();
    Host::read(info, &NoRegisters, None)
}

/// A vCPU without registers.
struct NoRegisters;

impl VcpuRegs for NoRegisters {
    fn get(&self, _register: Encoding) -> Result<u64, Errno> {
        Err(Errno::ENOENT)
    }

    fn set(&self, _register: Encoding, _value: u64) -> Result<(), Errno> {
        Err(Errno::ENOENT)
    }
}

/// Whether a rejection follows from the model alone.
fn says_the_model(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::UnknownProperty { .. }
            | Reason::InvalidValue(_)
            | Reason::TooWide { .. }
            | Reason::Duplicate { .. }
            | Reason::Conflict { .. }
            | Reason::NoVectorLength { .. }
            | Reason::ShortestVectorLength
    )
}

/// What to say of values without a name, of fields whose values have names.
fn unnamed(model: &CpuModel) -> impl Iterator<Item = String> + '_ {
    model.overrides().iter().filter_map(|asked| {
        let RegisterField { field, .. } = regs::DESCRIPTION.property(&asked.property)?;
        let Ok(Setting::Number(value)) = asked.value else {
            return None;
        };
        if field.values.is_empty() || field.value_name(value).is_some() {
            return None;
        }
        let named = field.values.iter();
        let named: Vec<String> = named
            .map(|named| field.show(named.value).to_string())
            .collect();
        let named = named.join(", ");
        Some(format!(
            "{asked}: the value has no name; named values are {named}"
        ))
    })
}
