//! Host files that `idreg dump` wrote on emulated machines, named by CPU and kernel.

#![allow(dead_code, reason = "not every test needs every host")]

use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::number::Hex;
use idreg_runtime::regs::DESCRIPTION;

pub(crate) const MAX_7_2: &str = include_str!("../../../tests/data/hosts/max-latest.json");
pub(crate) const MAX_6_12: &str = include_str!("../../../tests/data/hosts/max-lts.json");
pub(crate) const MAX_6_1: &str = include_str!("../../../tests/data/hosts/max-old.json");
pub(crate) const A64FX_7_2: &str = include_str!("../../../tests/data/hosts/a64fx-latest.json");

pub(crate) fn host(file: &str) -> Host {
    serde_json::from_str(file).expect("a host file that dump wrote")
}

/// A host file with other members, or without those that are `null`.
pub(crate) fn with_members(file: &str, members: serde_json::Value) -> String {
    type Members = serde_json::Map<String, serde_json::Value>;
    let mut json: Members = serde_json::from_str(file).expect("JSON");
    let members: Members = serde_json::from_value(members).expect("an object");
    for (name, value) in members {
        match value {
            serde_json::Value::Null => json.remove(&name),
            value => json.insert(name, value),
        };
    }
    serde_json::to_string_pretty(&json).expect("JSON")
}

/// A host file with another `value` or `writable` of one register.
pub(crate) fn edited(
    file: &str,
    register: &str,
    member: &str,
    edit: impl Fn(u64) -> u64,
) -> String {
    let mut json: serde_json::Value = serde_json::from_str(file).expect("JSON");
    let number = json.pointer_mut(&format!("/registers/{register}/{member}"));
    let number = number.expect("a register of the file");
    let old: Hex = serde_json::from_value(number.clone()).expect("a number");
    *number = Hex(edit(old.0)).to_string().into();
    json.to_string()
}

/// The 7.2 host's file without one of its registers.
pub(crate) fn without(register: &str) -> String {
    let mut json: serde_json::Value = serde_json::from_str(MAX_7_2).expect("JSON");
    let registers = json
        .pointer_mut("/registers")
        .and_then(|it| it.as_object_mut());
    let removed = registers.and_then(|registers| registers.remove(register));
    assert!(removed.is_some(), "{register}");
    json.to_string()
}

/// The 7.2 host's file with other values of fields.
pub(crate) fn with(fields: &[(&str, u64)]) -> String {
    let mut file = MAX_7_2.to_owned();
    for (property, value) in fields {
        let field = DESCRIPTION.property(property).expect(property);
        let insert = |old| field.field.insert(old, *value);
        file = edited(&file, field.register.name, "value", insert);
    }
    file
}

/// A model with some allowed values of some fields, and some options off.
pub(crate) fn random_model(host: &Host, random: &mut fastrand::Rng) -> CpuModel {
    let mut model = CpuModel::host();
    for option in ["sve", "pauth", "pmu"] {
        if random.u8(0..4) == 0 {
            model.switch(option, false);
        }
    }
    let fields: Vec<RegisterField> = host.description().fields().collect();
    for field in fields {
        if host.why_fixed(field).is_some() || random.u8(0..5) != 0 {
            continue;
        }
        let allowed = host.allowed(field);
        let Some(ValueRange { first, last }) = random.choice(allowed) else {
            continue;
        };
        model.set_field(field, random.u64(first..=last));
    }
    model
}
