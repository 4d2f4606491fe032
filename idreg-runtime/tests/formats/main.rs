//! Formats of other tools.

#![allow(
    clippy::indexing_slicing,
    reason = "a member that is missing ends the test"
)]

mod arm_names;
mod firecracker;
#[path = "../hosts/mod.rs"]
mod hosts;
mod labels;
mod libvirt;
mod machine_texts;
mod qemu;
mod qemu_read;

use idreg_runtime::formats::{Exported, ExportedGuest};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::Models;
use idreg_runtime::plan::Plan;
use std::fs;

/// The plan for a model on a host, which must be possible.
fn plan(host: &Host, model: &str) -> Plan {
    Plan::new(host, &model.parse().expect("a model")).expect("a plan")
}

/// The text of an export, and its losses.
fn export(
    host: &Host,
    model: &str,
    write: impl Fn(ExportedGuest<'_>) -> Exported,
) -> (String, Vec<String>) {
    let plan = plan(host, model);
    let guest = ExportedGuest { host, plan: &plan };
    let Exported { text, unsaid } = write(guest);
    (text, unsaid.iter().map(ToString::to_string).collect())
}

/// Recorded hosts, and real ones with the masks of none, by file name.
fn every_host() -> Vec<(String, Host)> {
    let mut hosts = Vec::new();
    for directory in ["hosts", "real-hosts"] {
        let path = format!("{}/../tests/data/{directory}", env!("CARGO_MANIFEST_DIR"));
        for entry in fs::read_dir(path).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|end| end == "json") {
                let file = fs::read_to_string(&path).expect("a file");
                let name = path
                    .file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned();
                hosts.push((name, serde_json::from_str(&file).expect("a host")));
            }
        }
    }
    assert!(hosts.len() > 40);
    hosts
}

/// The plans for `host`, for every named model and for random models on every host, as far as they
/// are possible.
fn each_plan(mut work: impl FnMut(&Host, &Plan, &str)) {
    let mut random = fastrand::Rng::with_seed(15);
    for (name, host) in every_host() {
        let mut models = vec![CpuModel::host()];
        models.extend(Models::built_in().iter().cloned().map(CpuModel::named));
        models.extend((0..8).map(|_| hosts::random_model(&host, &mut random)));
        for model in models {
            if let Ok(plan) = Plan::new(&host, &model) {
                work(&host, &plan, &format!("{name}: {model}"));
            }
        }
    }
}
