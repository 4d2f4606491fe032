//! Models and host files of hostile length: the time from the text to the message or the plan.
//!
//! ```text
//! cargo bench -p idreg-runtime --bench long_input
//! ```

use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use std::hint::black_box;
use std::time::{Duration, Instant};

const HOST: &str = include_str!("../../tests/data/hosts/max-latest.json");
const ROUNDS: usize = 50;

fn main() {
    let host: Host = serde_json::from_str(HOST).expect("a host");
    let many = |count: u32, part: &dyn Fn(u32) -> String| {
        let parts: Vec<String> = (0..count).map(part).collect();
        format!("host,{}", parts.join(","))
    };
    for (name, model) in [
        (
            "10,000 unknown names",
            many(10_000, &|n| format!("FEAT_DotPro{n}=on")),
        ),
        ("60,000 commas", format!("host{}", ",".repeat(60_000))),
        (
            "a name of 60,000 letters",
            format!("host,{}=1", "FEAT_DotProd".repeat(5_000)),
        ),
        (
            "10,000 vector lengths",
            many(10_000, &|n| format!("sve{n}=on")),
        ),
        (
            "10,000 times the same field",
            many(10_000, &|n| format!("SYSREG_ID_AA64ISAR0_EL1_DP={n}")),
        ),
        (
            "10,000 times enforce",
            many(10_000, &|_| "enforce".to_owned()),
        ),
    ] {
        print(name, || {
            let model: CpuModel = model.parse().expect("a model");
            let error = Plan::new(&host, &model).expect_err("an impossible model");
            error.to_string()
        });
    }
    let cpus = with_cpus(4096);
    print("reading 4096 CPUs", || {
        serde_json::from_str::<Host>(&cpus).expect("a host")
    });
    let cpus: Host = serde_json::from_str(&cpus).expect("a host");
    print("a plan for 4096 CPUs", || {
        Plan::new(&cpus, &CpuModel::host()).expect("a plan")
    });
    let types = with_core_types(64);
    print("reading 64 core types", || {
        serde_json::from_str::<Host>(&types).expect("a host")
    });
    let types: Host = serde_json::from_str(&types).expect("a host");
    print("writing 64 core types", || {
        serde_json::to_string(&types).expect("JSON")
    });
    print("a plan for 64 core types", || {
        Plan::new(&types, &CpuModel::host()).expect("a plan")
    });
}

/// A host with CPUs of which each has another MIDR_EL1.
fn with_cpus(count: u32) -> String {
    let cpus = (0..count).map(|cpu| {
        serde_json::json!({"cpu": cpu, "midr": format!("{cpu:#x}"), "revidr": null, "aidr": null})
    });
    with("implementations", cpus.collect())
}

/// A host with types of cores that differ in two registers.
fn with_core_types(count: u32) -> String {
    let cores = (0..count).map(|cpu| {
        let value = format!("{cpu:#x}");
        let registers = serde_json::json!({"ID_AA64ISAR0_EL1": value, "ID_AA64ISAR1_EL1": value});
        serde_json::json!({"cpus": [cpu], "registers": registers})
    });
    with("cores", cores.collect())
}

fn with(member: &str, value: serde_json::Value) -> String {
    let mut host: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(HOST).expect("JSON");
    host.insert(member.to_owned(), value);
    serde_json::to_string(&host).expect("JSON")
}

/// Prints the time of the best round.
fn print<T>(name: &str, run: impl Fn() -> T) {
    let round = || {
        let started = Instant::now();
        black_box(run());
        started.elapsed()
    };
    let best = (0..ROUNDS).map(|_| round()).min().unwrap_or(Duration::ZERO);
    println!("{name}: {:.2} ms", best.as_secs_f64() * 1e3);
}
