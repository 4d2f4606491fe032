//! The model and plan by which one kind of hosts gives the common registers.

use crate::description::RegisterField;
use crate::description::rule::Owner;
use crate::host::Host;
use crate::model::CpuModel;
use crate::model::property::whole_register;
use crate::plan::{Plan, PlanError, set_options};
use crate::values::RegisterValues;

/// A kind of hosts and the model by which its guests get the common registers.
#[derive(Clone, Debug)]
pub struct Fit {
    model: CpuModel,
    plan: Plan,
}

impl Fit {
    /// Plans the model for a host whose vCPUs with the common options are `configured`; fields that
    /// are the host's own keep their values.
    pub(super) fn new(
        host: &Host,
        configured: &Host,
        values: &RegisterValues,
        is_own: impl Fn(RegisterField) -> bool,
    ) -> Result<Self, PlanError> {
        let model = model_of(host, configured, values, is_own);
        let plan = Plan::new(host, &model)?;
        Ok(Self { model, plan })
    }

    /// The model for `--cpu`: only the options and overrides that the kind needs.
    #[must_use]
    pub fn model(&self) -> &CpuModel {
        &self.model
    }

    /// The plan of the model on the kind.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// The options and overrides that give a host's guests these values.
fn model_of(
    host: &Host,
    configured: &Host,
    values: &RegisterValues,
    is_own: impl Fn(RegisterField) -> bool,
) -> CpuModel {
    let mut model = CpuModel::host();
    set_options(&mut model, host, configured.info().vcpu);
    for (register, own) in configured.values().iter() {
        let value = values.get(register).unwrap_or(0);
        let differing = register.fields().filter(|field| {
            let owner = field.field.rule().owner;
            let is_set_by_vm = matches!(owner, Some(Owner::Gic | Owner::Topology));
            let is_own = field.field.extract(own) == field.field.extract(value);
            // On cores that differ the value holds only if the model asks for it.
            (!is_own || !configured.cores_agree(*field)) && !is_set_by_vm
        });
        let differing = differing.filter(|field| !is_own(*field));
        let differing: Vec<RegisterField> = differing.collect();
        match whole_register(register) {
            Some(property) if !differing.is_empty() => {
                model.set_property(property, value);
            }
            _ => {
                for field in differing {
                    model.set_field(field, field.field.extract(value));
                }
            }
        }
    }
    model
}
