//! The properties of CPU models as QMP lists them.

use idreg_runtime::config::options::CpuOption;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::feature::{Condition, FeatureDescription, FieldRange};
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::model::property::{Property, PropertyType};
use idreg_runtime::regs;
use serde::Serialize;

/// A property in the answer to `device-list-properties` (`ObjectPropertyInfo` of QEMU 11.1,
/// `qapi/qom.json`).
#[derive(Debug, Serialize)]
pub(super) struct ObjectPropertyInfo {
    name: String,
    r#type: &'static str,
    description: String,
}

/// The QMP name of a property's type.
pub(super) const fn type_name(value_type: PropertyType) -> &'static str {
    match value_type {
        PropertyType::Switch => "bool",
        PropertyType::Number => "uint64",
    }
}

/// Lists every property, with its values on a host if there is one.
pub(super) fn list(host: Option<&Host>) -> Vec<ObjectPropertyInfo> {
    let description = host.map_or(&regs::DESCRIPTION, Host::description);
    let properties = Property::all(description).map(|property| ObjectPropertyInfo {
        name: property.to_string(),
        r#type: type_name(property.value_type()),
        description: describe(property, host),
    });
    properties.collect()
}

fn describe(property: Property, host: Option<&Host>) -> String {
    match property {
        Property::Field(field) => describe_field(field, host),
        Property::Feature(feature) => describe_feature(feature),
        Property::Option(option) => describe_option(option, host),
        Property::PmuCounters => describe_counters(host),
        Property::Register(register) => format!("the whole of {}", register.name),
        Property::Enforce => "inconsistencies with the architecture are errors".to_owned(),
        other => other.to_string(),
    }
}

fn describe_option(option: CpuOption, host: Option<&Host>) -> String {
    let meaning = match option {
        CpuOption::Sve => "scalable vectors".to_owned(),
        CpuOption::SveLength(bits) => format!("vectors of {bits} bits"),
        CpuOption::Pauth => "pointer authentication".to_owned(),
        CpuOption::Pmu => "performance monitors".to_owned(),
        CpuOption::Mte => "memory tagging".to_owned(),
        CpuOption::Aarch64 => "the guest starts in AArch64".to_owned(),
        CpuOption::El2 => "the guest starts at EL2".to_owned(),
        other => other.to_string(),
    };
    let lacking = host.and_then(|host| lacking(option, host));
    match lacking {
        Some(lacking) => format!("{meaning}; not on this host, {lacking}"),
        None => meaning,
    }
}

fn describe_counters(host: Option<&Host>) -> String {
    let meaning = "event counters of the PMU".to_owned();
    let Some(host) = host else { return meaning };
    if let Some(lacking) = lacking(CpuOption::Pmu, host) {
        return format!("{meaning}; not on this host, {lacking}");
    }
    match host.info().pmu_counters {
        Some(counters) => format!("{meaning}; {counters} on this host"),
        None => meaning,
    }
}

/// The reason why an option cannot be on on a host, or `None` if it can.
fn lacking(option: CpuOption, host: &Host) -> Option<String> {
    let info = host.info();
    if let Some((capability, false)) = option.capability(true, &info.capabilities) {
        return Some(format!("no {capability}"));
    }
    match option {
        CpuOption::SveLength(bits) if !info.sve_vector_lengths.contains(&bits) => {
            Some("which has no such vectors".to_owned())
        }
        _ => None,
    }
}

/// Describes a feature, as in `ID_AA64ISAR0_EL1.DP is 0x1 (IMP) or more`.
fn describe_feature(feature: FeatureDescription) -> String {
    let definitions = feature.definitions().iter().map(|definition| {
        let fields = definition.fields.iter().map(describe_range);
        let with = definition.with.iter().map(|with| match with {
            Condition::Feature(feature) => format!("{} is there", feature.name()),
            Condition::Field(range) => describe_range(range),
        });
        fields.chain(with).collect::<Vec<_>>().join(", ")
    });
    definitions.collect::<Vec<_>>().join("; or ")
}

fn describe_range(range: FieldRange) -> String {
    let RegisterField { register, field } = range.field;
    let name = format!("{}.{}", register.name, field.name());
    let (first, last) = (field.show(range.first), field.show(range.last));
    if range.is_minimum() {
        format!("{name} is {first} or more")
    } else if range.first == range.last {
        format!("{name} is {first}")
    } else {
        format!("{name} is {first} to {last}")
    }
}

/// Describes a field, as in `bits 47:44: 0x0 (NI), 0x1 (IMP); allowed: 0x0-0x1`.
fn describe_field(field: RegisterField, host: Option<&Host>) -> String {
    let known = field.field;
    let mut text = format!("bits {}", known.bits());
    for (index, value) in known.values().iter().enumerate() {
        let before = if index == 0 { ": " } else { ", " };
        text.push_str(before);
        text.push_str(&known.show(value.value).to_string());
    }
    let Some(host) = host else { return text };
    let allowed = host.allowed(field);
    let allowed: Vec<String> = allowed.iter().map(ValueRange::to_string).collect();
    let allowed = allowed.join(", ");
    let here = match host.why_fixed(field) {
        None => format!("; allowed: {allowed}"),
        Some(Obstacle::Absent) => "; not on this host".to_owned(),
        Some(obstacle) => format!("; fixed at {allowed} ({})", obstacle.name()),
    };
    text + &here
}
