//! The JSON object of a property. The README documents its members.

use crate::machine::Machine;
use crate::output::failure::Failure;
use crate::output::json;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::feature::FeatureDescription;
use idreg_runtime::description::rule::{Owner, ValueRange};
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::plan::Plan;
use serde::Serialize;

/// The schema of the list; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-props/1";

#[derive(Serialize)]
pub(super) struct PropertyList<'h> {
    schema: &'static str,
    kernel_release: &'h str,
    properties: Vec<PropertyEntry>,
}

#[derive(Serialize)]
pub(super) struct PropertyEntry {
    #[serde(rename = "property")]
    pub(super) full_name: String,
    register: &'static str,
    field: &'static str,
    pub(super) bits: String,
    /// The host's value; `None` if KVM does not have the register.
    value: Option<String>,
    name: Option<&'static str>,
    /// The limit that KVM compares a new value with: what all core types can honour.
    limit: Option<String>,
    /// The safety rule: how KVM compares.
    safety: &'static str,
    writable: bool,
    /// The reason if the field cannot have another value.
    blocked: Option<&'static str>,
    /// The owner, which sets the field instead of an override.
    pub(super) owner: Option<&'static str>,
    /// The option without which the field is zero.
    needs: Option<&'static str>,
    mitigation: bool,
    pub(super) features: Vec<&'static str>,
    /// The allowed values, as ranges.
    allowed: Vec<String>,
    /// The allowed values that have names.
    pub(super) named: Vec<NamedValue>,
    /// The value under the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// The values that KVM accepted when they were tried, as ranges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) taken: Option<Vec<String>>,
    #[serde(skip)]
    pub(super) obstacle: Option<Obstacle>,
    #[serde(skip)]
    pub(super) register_field: RegisterField,
    #[serde(skip)]
    pub(super) on_host: Option<u64>,
    #[serde(skip)]
    pub(super) in_model: Option<u64>,
    #[serde(skip)]
    pub(super) ranges: Vec<ValueRange>,
}

#[derive(Serialize)]
pub(super) struct NamedValue {
    pub(super) value: String,
    pub(super) name: &'static str,
}

impl<'h> PropertyList<'h> {
    pub(super) fn new(host: &'h Host, properties: Vec<PropertyEntry>) -> Self {
        Self {
            schema: SCHEMA,
            kernel_release: &host.info().kernel_release,
            properties,
        }
    }
}

impl PropertyEntry {
    pub(super) fn new(
        host: &Host,
        plan: Option<&Plan>,
        machine: Option<&Machine>,
        register_field: RegisterField,
    ) -> Result<Self, Failure> {
        let on_host = host.values().field(register_field);
        let in_model = plan.and_then(|plan| plan.expected().field(register_field));
        let obstacle = host.why_fixed(register_field);
        let ranges = host.allowed(register_field);
        let rule = register_field.field.rule();
        let hexadecimal = |value: u64| format!("{value:#x}");
        let taken = machine
            .map(|machine| machine.accepted_values(register_field))
            .transpose()?;
        let features = host.description().features.iter();
        let defined = features.filter(|feature| {
            let mut fields = feature.fields();
            fields.any(|range| range.field == register_field)
        });
        let named = register_field.field.values().iter();
        let named = named.filter(|value| ranges.iter().any(|range| range.contains(value.value)));
        Ok(Self {
            full_name: register_field.to_string(),
            register: register_field.register.name,
            field: register_field.field.name(),
            bits: register_field.field.bits().to_string(),
            value: on_host.map(hexadecimal),
            name: on_host.and_then(|value| register_field.field.value_name(value)),
            limit: host.limit(register_field).map(hexadecimal),
            safety: rule.safety.name(),
            writable: obstacle.is_none(),
            blocked: obstacle.map(Obstacle::name),
            owner: rule.owner.map(Owner::name),
            needs: rule.needs.map(Owner::name),
            mitigation: rule.mitigation,
            features: defined.map(FeatureDescription::name).collect(),
            allowed: json::ranges(&ranges),
            named: named
                .map(|value| NamedValue {
                    value: hexadecimal(value.value),
                    name: value.name,
                })
                .collect(),
            model: in_model.map(hexadecimal),
            taken: taken.map(|taken| json::ranges(&taken)),
            obstacle,
            register_field,
            on_host,
            in_model,
            ranges,
        })
    }
}
