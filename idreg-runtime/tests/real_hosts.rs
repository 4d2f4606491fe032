//! Features of real machines, beside what other projects read from the same registers.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a file of the test that is wrong ends it"
)]

use idreg_runtime::description::feature::FeatureDescription;
use idreg_runtime::host::Host;
use idreg_runtime::plan::{Plan, PlanError, Warning};
use idreg_runtime::regs::DESCRIPTION;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Differences from `features.tsv`: the host, the feature and why this project differs (Arm ARM
/// DDI 0487 M.a.a, D24.2, unless another source is named).
const DIFFERENCES: [(&str, &str, &str); 5] = [
    (
        "azure-cobalt100-vm",
        "FEAT_EPAC",
        "ID_AA64ISAR1_EL1.APA: only 2 is the enhanced form; from 3 on PAuth2 has its place",
    ),
    (
        "graviton3-ec2-amazonlinux",
        "FEAT_EPAC",
        "ID_AA64ISAR1_EL1.APA: only 2 is the enhanced form; from 3 on PAuth2 has its place",
    ),
    (
        "azure-cobalt100-vm",
        "FEAT_F8F16MM",
        "ID_AA64FPFR0_EL1.F8MM4 is 0, which is no 8-bit matrix multiplication",
    ),
    (
        "azure-cobalt100-vm",
        "FEAT_F8F32MM",
        "ID_AA64FPFR0_EL1.F8MM8 is 0, which is no 8-bit matrix multiplication",
    ),
    (
        "azure-cobalt100-vm",
        "FEAT_VHE",
        "ID_AA64MMFR1_EL1.VH is 0, which is no Virtualization Host Extensions",
    ),
];

/// Names of `features.tsv` that this project does not have: a prefix, and the reason.
const NOT_LISTED: [(&str, &str); 9] = [
    (
        "FEAT_BBM",
        "also there at level 0, so no value of BBM is without it",
    ),
    (
        "FEAT_ETE",
        "TRCDEVARCH has the trace unit's architecture; TraceVer only its registers",
    ),
    (
        "FEAT_ETM",
        "TRCDEVARCH has the trace unit's architecture; TraceVer only its registers",
    ),
    (
        "FEAT_ETS",
        "replaced by FEAT_ETS2: ETS=1 is no longer different from 0",
    ),
    ("FEAT_GICv4", "GIC=1 is version 3.0 or 4.0"),
    ("FEAT_MPAM_PE_BW_CTRL", "MPAMIDR_EL1 has it"),
    ("FEAT_PMUv3_", "PMMIR_EL1 has it"),
    ("FEAT_SPE_", "PMSIDR_EL1 has it"),
    (
        "FEAT_T",
        "TME is withdrawn with its field; TRBIDR_EL1 has TRBE_MPAM",
    ),
];

fn data(file: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/real-hosts");
    PathBuf::from(folder).join(file)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(data(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The text of every host file, by name.
fn files() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(data("")).expect("the folder of real hosts");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    let hosts = names.filter_map(|name| {
        let host = name.strip_suffix(".json")?.to_owned();
        Some((host, text(&name)))
    });
    hosts.collect()
}

fn hosts() -> BTreeMap<String, Host> {
    let hosts = files().into_iter().map(|(name, file)| {
        let host = serde_json::from_str(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, host)
    });
    hosts.collect()
}

/// The hosts with the masks of Linux 7.2.
fn writable_hosts() -> BTreeMap<String, Host> {
    let masks = text("masks-7.2.tsv");
    let hosts = files().into_iter().map(|(name, file)| {
        let mut json: serde_json::Value = serde_json::from_str(&file).expect("JSON");
        json["capabilities"]["writable_masks"] = true.into();
        for line in masks.lines() {
            let (register, mask) = line.split_once('\t').expect("a register and a mask");
            if let Some(register) = json["registers"].get_mut(register) {
                register["writable"] = mask.into();
            }
        }
        let host = serde_json::from_value(json).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, host)
    });
    hosts.collect()
}

fn feature(name: &str) -> FeatureDescription {
    DESCRIPTION.feature(name).expect(name)
}

fn plan(host: &Host, model: &str) -> Result<Plan, PlanError> {
    Plan::new(host, &model.parse().expect("a model"))
}

#[test]
fn features_of_real_hosts_are_as_expected_or_explained() {
    let hosts = hosts();
    let table = text("features.tsv");
    let mut different = BTreeSet::new();
    let mut without_entry = BTreeSet::new();
    for line in table.lines().skip(1) {
        let mut columns = line.split('\t');
        let mut column = || columns.next().expect("three columns");
        let (host, name, expected) = (column(), column(), column());
        let Some(feature) = DESCRIPTION.feature(name) else {
            without_entry.insert(name);
            continue;
        };
        let has = hosts.get(host).expect(host).values().has(feature);
        if has != (expected == "yes") {
            different.insert((host, name));
        }
    }
    let explained = DIFFERENCES.map(|(host, name, _)| (host, name));
    assert_eq!(different, BTreeSet::from(explained));
    for (prefix, _) in NOT_LISTED {
        let before = without_entry.len();
        without_entry.retain(|name| !name.starts_with(prefix));
        assert!(without_entry.len() < before, "{prefix}");
    }
    assert!(without_entry.is_empty(), "{without_entry:?}");
}

/// A model with a feature on or off has what it asks for, or is rejected with the reason.
#[test]
fn every_feature_is_as_asked_on_real_hosts_or_rejected() {
    let mut planned = 0;
    for (name, host) in writable_hosts() {
        for feature in DESCRIPTION.features.iter() {
            for (word, on) in [("on", true), ("off", false)] {
                let model = format!("host,{}={word}", feature.name());
                match plan(&host, &model) {
                    Ok(plan) => {
                        assert_eq!(plan.expected().has(feature), on, "{name}: {model}");
                        planned += 1;
                    }
                    Err(PlanError::Rejected(rejections)) => {
                        let reasons = rejections.iter().map(ToString::to_string);
                        let of_model = format!("{}={word}", feature.name());
                        let mut reasons = reasons.map(|reason| reason.starts_with(&of_model));
                        assert!(reasons.all(|it| it), "{name}: {model}: {rejections:?}");
                    }
                    Err(error) => panic!("{name}: {model}: {error}"),
                }
            }
        }
    }
    assert!(planned > 5000, "{planned}");
}

/// A feature that the host does not have is off without any change.
#[test]
fn a_feature_that_is_not_there_needs_no_change_to_be_off() {
    for (name, host) in writable_hosts() {
        let absent = DESCRIPTION.features.iter();
        for feature in absent.filter(|feature| !host.values().has(*feature)) {
            if let Ok(plan) = plan(&host, &format!("host,{}=off", feature.name())) {
                assert!(plan.changes().is_empty(), "{name}: {}", feature.name());
            }
        }
    }
}

/// Mixed endianness at all Exception levels is BIGEND=1 with BIGENDEL0=0.
#[test]
fn mixed_endianness_at_all_levels_includes_el0() {
    let hosts = writable_hosts();
    let host = hosts.get("graviton3-kvm-6.1").expect("the host");
    let (all, el0) = (feature("FEAT_MixedEnd"), feature("FEAT_MixedEndEL0"));
    assert!(host.values().has(all) && host.values().has(el0));
    assert!(
        plan(host, "host,FEAT_MixedEndEL0=on")
            .unwrap()
            .changes()
            .is_empty()
    );
    let plan = plan(host, "host,FEAT_MixedEndEL0=off,enforce").unwrap();
    assert!(!plan.expected().has(all) && !plan.expected().has(el0));
}

#[test]
fn real_hosts_do_not_contradict_themselves() {
    for (name, host) in hosts() {
        let plan = plan(&host, "host").unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut warnings = plan.warnings().iter();
        let contradiction = warnings.find(|it| matches!(it, Warning::HostContradiction(_)));
        assert!(contradiction.is_none(), "{name}: {contradiction:?}");
    }
}
