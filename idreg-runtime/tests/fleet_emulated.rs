//! Baselines and comparisons of the hosts that were recorded on emulated machines.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod hosts;

use hosts::host;
use idreg_runtime::fleet::{Baseline, Fleet, MachineFact, NoBaseline, Policy, compare};
use idreg_runtime::host::Host;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Every recorded host with its name, as `<cpu>-<kernel>`.
fn hosts() -> Result<Vec<(String, Host)>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let mut hosts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .ok_or("no name")?
            .to_string_lossy()
            .into_owned();
        hosts.push((name, host(&fs::read_to_string(&path)?)));
    }
    hosts.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(hosts)
}

#[test]
fn every_pair_has_a_model_or_reasons() {
    let hosts = hosts().unwrap();
    let mut text = String::new();
    for (index, (a, host_a)) in hosts.iter().enumerate() {
        for (b, host_b) in &hosts[index + 1..] {
            let comparison = compare(host_a, host_b, &Policy::default()).unwrap();
            let mut fleet = Fleet::new();
            fleet.add(a, host_a).unwrap();
            fleet.add(b, host_b).unwrap();
            let baseline = fleet.baseline(&Policy::default());
            assert_eq!(baseline.is_ok(), comparison.have_common_model(), "{a} {b}");
            writeln!(text, "{a} {b}: {}", comparison.relation()).unwrap();
            match baseline {
                Ok(baseline) => {
                    for fit in baseline.fits() {
                        writeln!(text, "  --cpu {}", fit.model()).unwrap();
                    }
                }
                Err(error) if error.impossible.len() < 6 => writeln!(text, "{error}").unwrap(),
                Err(error) => {
                    writeln!(text, "  impossible: {} fields", error.impossible.len()).unwrap();
                }
            }
        }
    }
    expect_test::expect_file!["data/fleet-pairs.txt"].assert_eq(&text);
}

/// The recorded hosts with a kernel, by CPU. `max` counts as fast as the others.
fn equally_fast(kernel: &str) -> Vec<(String, Host)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let names = hosts().unwrap().into_iter().map(|(name, _)| name);
    let cpus = names.filter_map(|name| Some(name.strip_suffix(&format!("-{kernel}"))?.to_owned()));
    let read = |cpu: String| {
        let path = folder.join(format!("{cpu}-{kernel}.json"));
        let mut json: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        json["timer_frequency"] = 62_500_000.into();
        (cpu, host(&json.to_string()))
    };
    cpus.map(read).collect()
}

fn baseline(a: &Host, b: &Host) -> Result<Baseline, Box<NoBaseline>> {
    let mut fleet = Fleet::new();
    fleet.add("a", a).unwrap();
    fleet.add("b", b).unwrap();
    fleet.baseline(&Policy::default())
}

/// The fields that keep two CPUs from a model, by the names of the CPUs; none if they have one.
fn obstacles(kernel: &str) -> BTreeMap<(String, String), Vec<String>> {
    let hosts = equally_fast(kernel);
    assert_eq!(hosts.len(), 11);
    let mut obstacles = BTreeMap::new();
    for (index, (a, host_a)) in hosts.iter().enumerate() {
        for (b, host_b) in &hosts[index + 1..] {
            let fields = match baseline(host_a, host_b) {
                Ok(_) => Vec::new(),
                Err(error) => {
                    assert!(
                        error.machine.is_empty() && !error.impossible.is_empty(),
                        "{error}"
                    );
                    let fields = error.impossible.iter();
                    fields
                        .map(|impossible| impossible.field.to_string())
                        .collect()
                }
            };
            obstacles.insert((a.clone(), b.clone()), fields);
        }
    }
    obstacles
}

#[test]
fn twelve_pairs_of_cpus_have_a_model_on_the_newest_kernel() {
    let obstacles = obstacles("latest").into_iter();
    let possible = obstacles.filter(|(_, fields)| fields.is_empty());
    let possible: Vec<String> = possible.map(|((a, b), _)| format!("{a} {b}")).collect();
    assert_eq!(
        possible,
        [
            "cortex-a35 cortex-a57",
            "cortex-a35 cortex-a72",
            "cortex-a55 cortex-a76",
            "cortex-a55 neoverse-n1",
            "cortex-a57 cortex-a72",
            "cortex-a710 max",
            "cortex-a710 neoverse-n2",
            "cortex-a710 neoverse-v1",
            "cortex-a76 neoverse-n1",
            "max neoverse-n2",
            "max neoverse-v1",
            "neoverse-n2 neoverse-v1",
        ]
    );
}

/// A fast timer keeps `max` from the CPUs that it shares a model with otherwise.
#[test]
fn timers_alone_stand_between_max_and_others() {
    let hosts: BTreeMap<String, Host> = hosts().unwrap().into_iter().collect();
    for other in ["cortex-a710", "neoverse-n2", "neoverse-v1"] {
        let other = format!("{other}-latest");
        let error = baseline(&hosts["max-latest"], &hosts[&other]).expect_err("no model");
        assert_eq!(error.machine.len(), 1, "{error}");
        assert_eq!(error.machine[0].fact, MachineFact::TimerFrequency);
        assert!(error.impossible.is_empty(), "{error}");
    }
}

/// Traps and memory types of EL2, and the syndrome of accesses that EL1 emulates, alone keep
/// the CPUs of Armv8.2 from those with SVE.
#[test]
fn evt_fwb_and_ids_stand_between_two_generations() {
    let obstacles = obstacles("latest");
    let names = ["EVT", "FWB", "IDS"].map(|field| format!("SYSREG_ID_AA64MMFR2_EL1_{field}"));
    for older in ["cortex-a55", "cortex-a76", "neoverse-n1"] {
        for newer in ["cortex-a710", "max", "neoverse-n2", "neoverse-v1"] {
            let mut pair = [older, newer].map(str::to_owned);
            pair.sort();
            let [a, b] = pair;
            assert_eq!(obstacles[&(a, b)], names, "{older} {newer}");
        }
    }
}

/// Its cache lines are longer than those of any other, and KVM sets the GIC field to 0 without
/// AArch32.
#[test]
fn a64fx_shares_no_model_for_its_cache_lines_and_others() {
    let obstacles = obstacles("latest").into_iter();
    let of_a64fx = obstacles.filter(|((a, _), _)| a == "a64fx");
    let of_a64fx: Vec<_> = of_a64fx.collect();
    assert_eq!(of_a64fx.len(), 10);
    for ((_, cpu), fields) in of_a64fx {
        for named in ["SYSREG_CTR_EL0_CWG", "SYSREG_ID_PFR1_EL1_GIC"] {
            assert!(
                fields.iter().any(|field| field == named),
                "{cpu}: {fields:?}"
            );
        }
    }
}

#[test]
fn the_cpu_itself_stands_between_all_on_a_kernel_that_fixes_midr() {
    for ((a, b), fields) in obstacles("lts") {
        let of_midr = fields
            .iter()
            .any(|field| field.starts_with("SYSREG_MIDR_EL1_"));
        assert!(of_midr, "{a} {b}: {fields:?}");
    }
}

/// On the machine itself a vCPU has a PMU unless the model says otherwise.
#[test]
fn host_read_without_an_option_gets_a_model_without_it() {
    let host = host(hosts::MAX_7_2);
    let config = host.info().vcpu.with_pmu(false);
    let mut fleet = Fleet::new();
    fleet.add("a", &host.reconfigured(config).unwrap()).unwrap();
    let baseline = fleet.baseline(&Policy::default()).unwrap();
    assert_eq!(baseline.fits()[0].model().to_string(), "host,pmu=off");
}
