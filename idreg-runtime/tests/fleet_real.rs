//! Common models of real machines, as if their kernels were Linux 6.12 or 7.2.
//!
//! The values were read on Linux 6.1, which shows guests more of the CPU than newer kernels: MPAM
//! and NV as they are, and the CPU's GIC version in ID_PFR1_EL1 where 7.2 has that of the VM.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_runtime::description::RegisterField;
use idreg_runtime::fleet::{AcceptanceSet, Baseline, Fleet, MachineFact, NoBaseline, Policy};
use idreg_runtime::host::Host;
use idreg_runtime::number::Hex;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::tolerance::Tolerance;
use serde_json::Value;

const GRAVITON_2: &str = "graviton2-kvm-6.1";
const GRAVITON_3: &str = "graviton3-kvm-6.1";
const GRAVITON_4: &str = "graviton4-kvm-6.1";

const SPEC_SEI: &str = "SYSREG_ID_AA64MMFR1_EL1_SpecSEI";

/// Fields that Linux 7.2 hides or sets for the VM, so that these machines differ only on paper.
const OF_LINUX_6_1: [&str; 3] = [
    "SYSREG_ID_PFR1_EL1_GIC",
    "SYSREG_ID_AA64PFR0_EL1_MPAM",
    "SYSREG_ID_AA64MMFR2_EL1_NV",
];

fn text(file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/real-hosts");
    let text = std::fs::read_to_string(format!("{folder}/{file}"));
    text.unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The file of a host with the masks of a kernel.
fn file(name: &str, kernel: &str) -> Value {
    let mut json: Value = serde_json::from_str(&text(&format!("{name}.json"))).expect("JSON");
    let masks = text(&format!("masks-{kernel}.tsv"));
    json["capabilities"]["writable_masks"] = true.into();
    json["capabilities"]["writable_implementation_ids"] = (kernel == "7.2").into();
    for line in masks.lines() {
        let (register, mask) = line.split_once('\t').expect("a register and a mask");
        if let Some(register) = json["registers"].get_mut(register) {
            register["writable"] = mask.into();
        }
    }
    json
}

fn host(file: Value) -> Host {
    serde_json::from_value(file).expect("a host file")
}

/// The baseline of two machines on the same kernel, as if their timers were equally fast.
fn without_timer(
    names: [&str; 2],
    kernel: &str,
    policy: &Policy,
) -> Result<Baseline, Box<NoBaseline>> {
    let mut fleet = Fleet::new();
    for name in names {
        let mut file = file(name, kernel);
        file["timer_frequency"] = 0.into();
        fleet.add(name, &host(file)).expect("our registers");
    }
    fleet.baseline(policy)
}

/// The fields that alone prevent a model, by property.
fn reasons(names: [&str; 2], kernel: &str) -> Vec<String> {
    let error = without_timer(names, kernel, &Policy::default()).expect_err("no model");
    assert!(
        error.machine.is_empty() && error.undescribed.is_empty(),
        "{error}"
    );
    let fields = error.impossible.iter();
    fields
        .map(|impossible| impossible.field.to_string())
        .collect()
}

fn field(property: &str) -> RegisterField {
    DESCRIPTION.property(property).expect(property)
}

fn properties(register: &str, fields: &[&str]) -> Vec<String> {
    let names = fields.iter();
    names
        .map(|field| format!("SYSREG_{register}_{field}"))
        .collect()
}

#[test]
fn graviton_2_3_and_4_are_refused_for_their_timers_first_of_all() {
    for kernel in ["6.12", "7.2"] {
        let mut fleet = Fleet::new();
        for name in [GRAVITON_2, GRAVITON_3, GRAVITON_4] {
            fleet
                .add(name, &host(file(name, kernel)))
                .expect("our registers");
        }
        let error = fleet.baseline(&Policy::default()).expect_err("no model");
        assert_eq!(error.machine[0].fact, MachineFact::TimerFrequency);
        let text = error.to_string();
        assert_eq!(
            text.lines().nth(1),
            Some(
                "  the timer's frequency (CNTFRQ_EL0): 121875000 Hz on graviton2-kvm-6.1, \
                 1050000000 Hz on graviton3-kvm-6.1, 1000000000 Hz on graviton4-kvm-6.1; no VMM \
                 can change it"
            ),
            "{text}"
        );
    }
}

#[test]
fn graviton_2_and_3_are_refused_for_evt_fwb_and_ids() {
    let mut reasons = reasons([GRAVITON_2, GRAVITON_3], "7.2");
    for of_linux_6_1 in OF_LINUX_6_1 {
        let before = reasons.len();
        reasons.retain(|reason| reason != of_linux_6_1);
        assert!(reasons.len() < before, "{of_linux_6_1}");
    }
    assert_eq!(
        reasons,
        properties("ID_AA64MMFR2_EL1", &["EVT", "FWB", "IDS"])
    );
}

/// Graviton 4 runs no AArch32 at EL0, so KVM shows its guests 0 in the AArch32 registers. On
/// Graviton 3, KVM sets one of these fields and requires another. Nothing else is in the way.
#[test]
fn graviton_3_and_4_have_a_model_on_linux_7_2_but_for_aarch32() {
    let aarch32 = ["SYSREG_ID_PFR1_EL1_GIC", "SYSREG_ID_DFR0_EL1_CopDbg"];
    let names = [GRAVITON_3, GRAVITON_4];
    assert_eq!(reasons(names, "7.2"), aarch32);

    let mut tolerance = Tolerance::none();
    for property in aarch32 {
        tolerance.allow(field(property));
    }
    let policy = Policy::default().with_tolerance(tolerance);
    let baseline = without_timer(names, "7.2", &policy).expect("a model");
    let [on_3, on_4] = [0, 1].map(|kind| baseline.fits()[kind].plan().in_guest());
    for field in DESCRIPTION.fields() {
        if !aarch32.contains(&field.to_string().as_str()) {
            assert_eq!(on_3.field(field), on_4.field(field), "{field}");
        }
    }
}

/// Linux 6.12 fixes the granules of stage 2, which Graviton 3 has as stage 1 and Graviton 4 by
/// themselves.
#[test]
fn graviton_3_and_4_are_refused_on_linux_6_12_for_granules_and_the_cpu() {
    let mut expected = properties("MIDR_EL1", &["Variant", "PartNum"]);
    expected.extend(properties("REVIDR_EL1", &["IMPDEF"]));
    expected.extend(properties("ID_PFR1_EL1", &["GIC"]));
    expected.extend(properties("ID_DFR0_EL1", &["CopDbg"]));
    let granules = ["TGRAN4_2", "TGRAN64_2", "TGRAN16_2"];
    expected.extend(properties("ID_AA64MMFR0_EL1", &granules));
    assert_eq!(reasons([GRAVITON_3, GRAVITON_4], "6.12"), expected);
}

/// CPU 0 of the SM8450 reports speculative SErrors and CPUs 4 to 7 do not: all can honour 1 alone,
/// wherever the host was read.
#[test]
fn guests_on_all_cores_of_sm8450_see_spec_sei() {
    for kernel in ["6.12", "7.2"] {
        for core in [0, 1] {
            let mut file = file("sm8450-cores", kernel);
            let value = file["cores"][core]["registers"]["ID_AA64MMFR1_EL1"].clone();
            let read: Hex = serde_json::from_value(value.clone()).expect("a number");
            file["registers"]["ID_AA64MMFR1_EL1"]["value"] = value;
            let host = host(file);
            let set = AcceptanceSet::new_guest(&host);
            let accepted = set.get(field(SPEC_SEI)).expect("a field of the host");
            let values: Vec<u64> = (0..16).filter(|value| accepted.contains(*value)).collect();
            assert_eq!(values, [1], "{read} {kernel}");

            let lowered = format!("host,{SPEC_SEI}=0").parse().expect("a model");
            let plan = Plan::new(&host, &lowered);
            let warned = |plan: Plan| !plan.warnings().is_empty();
            assert!(plan.is_err() || plan.is_ok_and(warned), "{read} {kernel}");

            let mut fleet = Fleet::new();
            fleet.add("phone", &host).expect("our registers");
            let baseline = fleet.baseline(&Policy::default()).expect("a model");
            assert_eq!(baseline.values().field(field(SPEC_SEI)), Some(1));
        }
    }
}
