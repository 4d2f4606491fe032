//! The properties of a CPU model by their QMP types.

use idreg_runtime::config::options::{CpuOption, sve_lengths};
use idreg_runtime::description::feature::FeatureDescription;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::description::{Description, RegisterField};
use idreg_runtime::host::{Host, Obstacle};
use idreg_runtime::regs;
use serde::Serialize;

/// The type of a property's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Type {
    #[serde(rename = "bool")]
    Switch,
    #[serde(rename = "uint64")]
    Number,
}

/// A property as `device-list-properties` has it (`ObjectPropertyInfo` of QEMU 11.1, `qapi/qom.json`).
#[derive(Debug, Serialize)]
pub(super) struct Property {
    name: String,
    r#type: Type,
    description: String,
}

/// The registers that are set as a whole, by the names of their properties.
pub(super) const WHOLE_REGISTERS: [(&str, &str); 3] = [
    ("midr", "MIDR_EL1"),
    ("revidr", "REVIDR_EL1"),
    ("aidr", "AIDR_EL1"),
];

/// The word that makes errors of inconsistencies.
pub(super) const ENFORCE: &str = "enforce";

/// The type of the property of this name; nothing if there is none.
pub(super) fn type_of(name: &str) -> Option<Type> {
    let description: &Description = &regs::DESCRIPTION;
    let is_number = description.property(name).is_some()
        || WHOLE_REGISTERS.iter().any(|(short, _)| *short == name);
    if is_number {
        return Some(Type::Number);
    }
    let is_switch =
        name == ENFORCE || description.feature(name).is_some() || name.parse::<CpuOption>().is_ok();
    is_switch.then_some(Type::Switch)
}

/// Every property, and what a host says of it, where there is one to ask.
pub(super) fn list(host: Option<&Host>) -> Vec<Property> {
    let description = host.map_or(&regs::DESCRIPTION, Host::description);
    let lengths = sve_lengths().map(CpuOption::SveLength);
    let options = CpuOption::SWITCHES.into_iter().chain(lengths);
    let options = options.map(|option| switch(&option.to_string(), about_option(option, host)));
    let enforce = "inconsistencies with the architecture are errors".to_owned();
    let registers = WHOLE_REGISTERS.iter().map(|(short, name)| Property {
        name: (*short).to_owned(),
        r#type: Type::Number,
        description: format!("the whole of {name}"),
    });
    let features = description.features.iter();
    let features = features.map(|feature| switch(feature.name, about_feature(feature)));
    let fields = description.fields().map(|of| Property {
        name: of.to_string(),
        r#type: Type::Number,
        description: about_field(of, host),
    });
    options
        .chain([switch(ENFORCE, enforce)])
        .chain(registers)
        .chain(features)
        .chain(fields)
        .collect()
}

fn switch(name: &str, description: String) -> Property {
    Property {
        name: name.to_owned(),
        r#type: Type::Switch,
        description,
    }
}

fn about_option(option: CpuOption, host: Option<&Host>) -> String {
    let what = match option {
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
        Some(lacking) => format!("{what}; not on this host, {lacking}"),
        None => what,
    }
}

/// What a host lacks for an option to be on.
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

/// Such as `ID_AA64ISAR0_EL1.DP is 0x1 (IMP) or more`.
fn about_feature(feature: &FeatureDescription) -> String {
    let fields = feature.values.iter().map(|least| {
        let RegisterField { register, field } = least.field;
        let value = field.show(least.value);
        format!("{}.{} is {value} or more", register.name, field.name)
    });
    fields.collect::<Vec<_>>().join(", ")
}

/// Such as `bits 47:44: 0x0 (NI), 0x1 (IMP); may be 0x0-0x1`.
fn about_field(of: RegisterField, host: Option<&Host>) -> String {
    let mut text = format!("bits {}", of.field.bits());
    for (index, value) in of.field.values.iter().enumerate() {
        let before = if index == 0 { ": " } else { ", " };
        text.push_str(before);
        text.push_str(&of.field.show(value.value).to_string());
    }
    let Some(host) = host else { return text };
    let allowed: Vec<String> = host.allowed(of).iter().map(ValueRange::to_string).collect();
    let allowed = allowed.join(", ");
    text.push_str("; ");
    let here = match host.why_fixed(of) {
        None => format!("may be {allowed}"),
        Some(Obstacle::Absent) => "not on this host".to_owned(),
        Some(obstacle) => format!("stays {allowed} ({})", obstacle.name()),
    };
    text + &here
}
