//! Baselines and comparisons of the hosts that were recorded on emulated machines.

mod hosts;

use hosts::host;
use idreg_runtime::fleet::{Fleet, Policy, compare};
use idreg_runtime::host::Host;
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
