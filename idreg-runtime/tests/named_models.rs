//! Named models: files, released contents, and plans on the machines of each kind.

#![cfg(feature = "models")]
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a file of the test that is wrong ends it"
)]

mod hosts;

use hosts::host;
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::{FieldSetting, Models, NamedModel};
use idreg_runtime::number::Hex;
use idreg_runtime::plan::{Plan, consistency};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::values::RegisterValues;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The emulated CPUs that are of the kind of each model.
const EMULATED: [(&str, &[&str]); 9] = [
    ("cortex-a72", &["cortex-a72"]),
    ("cortex-a76", &["cortex-a76"]),
    ("neoverse-n1", &["neoverse-n1"]),
    ("neoverse-v1", &["neoverse-v1"]),
    ("neoverse-n2", &["neoverse-n2"]),
    ("armv8.0", &["cortex-a35", "cortex-a57", "cortex-a72"]),
    ("armv8.2", &["cortex-a55", "cortex-a76", "neoverse-n1"]),
    (
        "armv8.4",
        &["cortex-a710", "neoverse-v1", "neoverse-n2", "max"],
    ),
    ("armv9.0", &["cortex-a710", "neoverse-n2", "max"]),
];

/// Fields with their values.
type Fields = &'static [(&'static str, u64)];

/// Registers of real machines with the fields that differ in a guest of Linux 6.12 and later.
///
/// The files are of a guest without SVE and PMU on Linux 6.1, a bare machine, and Arm's manuals.
/// Linux has hidden MPAM and CCIDX since 6.12 (`arch/arm64/kvm/sys_regs.c`), shows the debug
/// architecture of the machine instead of 6, and sets CSV3 where it knows that a CPU is unaffected.
const REAL: [(&str, &str, Fields); 8] = [
    ("neoverse-n1", "graviton2-kvm-6.1", &GRAVITON2),
    ("armv8.2", "graviton2-kvm-6.1", &GRAVITON2),
    ("neoverse-v1", "graviton3-kvm-6.1", &GRAVITON3),
    ("armv8.4", "graviton3-kvm-6.1", &GRAVITON3),
    ("neoverse-v2", "graviton4-kvm-6.1", &GRAVITON4),
    ("armv8.4", "graviton4-kvm-6.1", &GRAVITON4),
    ("armv9.0", "graviton4-kvm-6.1", &GRAVITON4),
    ("neoverse-v3", "trm-neoverse-v3", &NEOVERSE_V3),
];

const GRAVITON2: [(&str, u64); 4] = [
    ("ID_AA64DFR0_EL1_PMUVer", 4),
    ("ID_AA64DFR0_EL1_DebugVer", 8),
    ("ID_DFR0_EL1_PerfMon", 4),
    ("ID_AA64MMFR2_EL1_CCIDX", 0),
];
const GRAVITON3: [(&str, u64); 7] = [
    ("ID_AA64PFR0_EL1_SVE", 1),
    ("ID_AA64PFR0_EL1_MPAM", 0),
    ("ID_AA64ZFR0_EL1_BF16", 1),
    ("ID_AA64ZFR0_EL1_I8MM", 1),
    ("ID_AA64DFR0_EL1_PMUVer", 5),
    ("ID_AA64DFR0_EL1_DebugVer", 9),
    ("ID_DFR0_EL1_PerfMon", 5),
];
const GRAVITON4: [(&str, u64); 10] = [
    ("ID_AA64PFR0_EL1_SVE", 1),
    ("ID_AA64PFR0_EL1_MPAM", 0),
    ("ID_AA64ZFR0_EL1_SVEver", 1),
    ("ID_AA64ZFR0_EL1_AES", 2),
    ("ID_AA64ZFR0_EL1_BitPerm", 1),
    ("ID_AA64ZFR0_EL1_BF16", 1),
    ("ID_AA64ZFR0_EL1_SHA3", 1),
    ("ID_AA64ZFR0_EL1_I8MM", 1),
    ("ID_AA64DFR0_EL1_PMUVer", 6),
    ("ID_AA64DFR0_EL1_DebugVer", 9),
];
/// The manual has neither CTR_EL0 nor CLIDR_EL1, and has fields that KVM hides.
const NEOVERSE_V3: [(&str, u64); 19] = [
    ("ID_AA64PFR0_EL1_AMU", 0),
    ("ID_AA64PFR0_EL1_MPAM", 0),
    ("ID_AA64PFR1_EL1_MTE", 0),
    ("ID_AA64PFR1_EL1_MPAM_frac", 0),
    ("ID_AA64PFR1_EL1_RNDR_trap", 0),
    ("ID_AA64DFR0_EL1_PMUVer", 6),
    ("ID_AA64DFR0_EL1_PMSVer", 0),
    ("ID_AA64DFR0_EL1_TraceVer", 0),
    ("ID_AA64DFR0_EL1_TraceFilt", 0),
    ("ID_AA64DFR0_EL1_TraceBuffer", 0),
    ("ID_AA64DFR0_EL1_MTPMU", 0),
    ("ID_AA64DFR0_EL1_BRBE", 0),
    ("ID_AA64DFR0_EL1_HPMN0", 0),
    ("ID_AA64MMFR2_EL1_CCIDX", 0),
    ("ID_AA64PFR0_EL1_GIC", 1),
    ("ID_AA64ISAR1_EL1_GPA", 0),
    ("ID_AA64MMFR2_EL1_NV", 0),
    ("CTR_EL0", 0x9444_c004),
    ("CLIDR_EL1", 0x0200_0021),
];

fn data(file: &str) -> String {
    let path = format!("{}/../tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn emulated(cpu: &str, kernel: &str) -> Host {
    host(&data(&format!("hosts/{cpu}-{kernel}.json")))
}

/// A real machine as a guest of a kernel with these masks sees it.
fn real(file: &str, kernel: &str, fields: Fields) -> Host {
    let mut json: serde_json::Value =
        serde_json::from_str(&data(&format!("real-hosts/{file}.json"))).expect("JSON");
    for (property, value) in fields {
        if let Some(register) = DESCRIPTION.register(property) {
            let value = serde_json::json!({ "value": Hex(*value), "writable": "0x0" });
            json["registers"][register.name] = value;
            continue;
        }
        let field = DESCRIPTION
            .property(&format!("SYSREG_{property}"))
            .expect(property);
        let number = &mut json["registers"][field.register.name]["value"];
        if number.is_null() {
            continue;
        }
        let old: Hex = serde_json::from_value(number.clone()).expect("a number");
        *number = Hex(field.field.insert(old.0, *value)).to_string().into();
    }
    let masks = data(&format!("real-hosts/masks-{kernel}.tsv"));
    let has_aarch32 = json["registers"]["ID_AA64PFR0_EL1"]["value"]
        .as_str()
        .is_some_and(|value| value.ends_with('2'));
    for line in masks.lines() {
        let (name, mask) = line.split_once('\t').expect("a register and a mask");
        let is_aarch32 =
            name.starts_with("ID_") && !name.starts_with("ID_AA64") || name.starts_with("MVFR");
        if let Some(register) = json["registers"].get_mut(name) {
            let fixed = is_aarch32 && !has_aarch32;
            register["writable"] = if fixed { "0x0" } else { mask }.into();
        }
    }
    let has_sve = fields.iter().any(|(name, _)| name.contains("ZFR0")) || file.starts_with("trm");
    let lengths = match file {
        "graviton3-kvm-6.1" => vec![128, 256],
        _ if has_sve => vec![128],
        _ => Vec::new(),
    };
    json["sve_vector_lengths"] = lengths.into();
    for options in ["capabilities", "vcpu"] {
        json[options]["pmu"] = true.into();
        json[options]["sve"] = has_sve.into();
    }
    json["capabilities"]["writable_masks"] = true.into();
    json["capabilities"]["writable_implementation_ids"] = (kernel == "7.2").into();
    host(&json.to_string())
}

fn model(name: &str) -> std::sync::Arc<NamedModel> {
    Models::built_in().get(name).expect(name).clone()
}

/// The values in a guest of the model on a host.
fn in_guest(model: &NamedModel, host: &Host, of: &str) -> RegisterValues {
    let cpu: CpuModel = model.full_name().parse().expect("a model of this crate");
    let plan = Plan::new(host, &cpu).unwrap_or_else(|error| panic!("{of}: {error}"));
    let broken = consistency::newly_broken(host.values(), plan.expected());
    assert!(broken.is_empty(), "{of}: {}: {broken:?}", model.full_name());
    plan.in_guest()
}

/// Checks that a guest of the model finds the model's values on all hosts.
fn check_bits(model: &NamedModel, hosts: &[(String, Host)]) {
    for (of, host) in hosts {
        let values = in_guest(model, host, of);
        for (field, setting) in model.fields() {
            let FieldSetting::Value(expected) = setting else {
                continue;
            };
            let found = values.field(field).unwrap_or(0);
            assert_eq!(found, expected, "{of}: {}: {field}", model.full_name());
        }
    }
}

#[test]
fn every_file_of_this_crate_is_a_model_of_its_name() {
    for (file, text) in Models::built_in_files() {
        let model = NamedModel::parse_file(file, text);
        let model = model.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(format!("{}.toml", model.full_name()), *file);
        assert!(
            model.to_string() == *text,
            "{file} is not as the model is written"
        );
    }
    let count = Models::built_in().iter().count();
    assert_eq!(count, Models::built_in_files().len());
}

#[test]
fn emulated_machines_of_a_kind_give_the_same_bits_on_both_kernels() {
    for (name, cpus) in EMULATED {
        let pairs = cpus
            .iter()
            .flat_map(|cpu| ["lts", "latest"].map(|kernel| (cpu, kernel)));
        let hosts = pairs.map(|(cpu, kernel)| (format!("{cpu}-{kernel}"), emulated(cpu, kernel)));
        check_bits(&model(name), &hosts.collect::<Vec<_>>());
    }
}

#[test]
fn real_machines_of_a_kind_give_the_same_bits_on_both_kernels() {
    for (name, file, fields) in REAL {
        let hosts =
            ["6.12", "7.2"].map(|kernel| (format!("{file} {kernel}"), real(file, kernel, fields)));
        check_bits(&model(name), &hosts);
    }
}

/// Released models never change: a change of their options or values is a new version.
const RELEASED: [(&str, &str); 11] = [
    (
        "armv8.0-v1",
        "3eade76a81f44d7e6861b610399f017d4ca76e546a249238494b55aae4283279",
    ),
    (
        "armv8.2-v1",
        "295513c8edc549be808fe217bdb7281877d00705b84ea8dbbc31bb3261a89c2f",
    ),
    (
        "armv8.4-v1",
        "36ab3f9efbae793199caee5239ea936ef459cc843aa57d8f88b9338355674f31",
    ),
    (
        "armv9.0-v1",
        "e686eee9416a3365aecc011f4ee0bdc6e574104c65bab445941dad7cc370a848",
    ),
    (
        "cortex-a72-v1",
        "a9ace1b1f9e9d1d76cc726aecb7e502b637e5d8d9e071bf8f24ca42a5d963b14",
    ),
    (
        "cortex-a76-v1",
        "443acd93faa39db9ec060be2533e1904add1b532eb26e6e8cfe8050c6c22109c",
    ),
    (
        "neoverse-n1-v1",
        "06fc03ca16243f72af9965b1dc9e464854b386919d1c82547da7d7a353094854",
    ),
    (
        "neoverse-n2-v1",
        "a6269b6f043c82273428fbb7fc2e30ef8bca25a26b3b77288c8bf8c640cc7e65",
    ),
    (
        "neoverse-v1-v1",
        "70c9e908d0a27cf92e6a8063d54bef9f592fd06712b8b1072b7eb0fdd2b964f2",
    ),
    (
        "neoverse-v2-v1",
        "3e45ccaaf8c2ce476a9ddf8704e23abc8282854cd8e2f05777ce01e660f636a4",
    ),
    (
        "neoverse-v3-v1",
        "5a3e09f9c116b944dfb0d58e94a6de1b0b029a389f7566eb80dfe6b34a44a808",
    ),
];

/// The hash of everything that a guest can see of a model.
fn contents(model: &NamedModel) -> String {
    let mut text = String::new();
    for setting in model.options() {
        writeln!(text, "{setting}").expect("a String");
    }
    for (field, setting) in model.fields() {
        match setting {
            // A field that a later description adds is 0 in the models of before.
            FieldSetting::Value(0) | FieldSetting::Vm => {}
            FieldSetting::Value(value) => writeln!(text, "{field}={value:#x}").expect("a String"),
            FieldSetting::Host => writeln!(text, "{field}=host").expect("a String"),
        }
    }
    let hash = Sha256::digest(text.as_bytes());
    let bytes = hash.iter().map(|byte| format!("{byte:02x}"));
    bytes.collect::<Vec<_>>().concat()
}

#[test]
fn released_models_do_not_change() {
    let models = Models::built_in();
    let found: Vec<(String, String)> = models
        .iter()
        .map(|model| (model.full_name().to_owned(), contents(model)))
        .collect();
    let released = RELEASED.map(|(name, hash)| (name.to_owned(), hash.to_owned()));
    assert_eq!(
        found, released,
        "models are released with this list, and never changed"
    );
}
