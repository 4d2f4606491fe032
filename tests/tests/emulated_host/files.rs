//! Host files, and the list of properties.

use crate::hosts::{host, json, run};
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::id_aa64isar0_el1::Dp;
use idreg_tests::artifacts::Kernel;
use serde_json::Value;

const WITHOUT_DP: &str = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0";

#[test]
fn dumped_host_gives_the_same_plan_elsewhere() {
    let machine = host("neoverse-v1", Kernel::Latest);
    let output = run(machine, &["dump", "-o", "host.json"]);
    assert_eq!(
        (output.code, output.stdout().as_ref()),
        (0, ""),
        "{}",
        output.stderr()
    );
    let file = machine.get("host.json").expect("the file that dump wrote");
    assert_eq!(run(machine, &["dump"]).stdout, file);

    let read: Host = serde_json::from_slice(&file).expect("a host file");
    assert_eq!(read.info().kernel_release, machine.release());
    let plan = Plan::new(&read, &WITHOUT_DP.parse().expect("a model")).expect("a plan");
    let checked = json(machine, &["check", "--json", "--cpu", WITHOUT_DP]);
    assert_eq!(
        checked["writes"][0]["register"],
        plan.writes()[0].register.name
    );
    assert_eq!(
        checked["writes"][0]["new"],
        format!("{:#018x}", plan.writes()[0].new)
    );

    let elsewhere = json(
        machine,
        &[
            "check",
            "--json",
            "--cpu",
            WITHOUT_DP,
            "--host",
            "host.json",
        ],
    );
    assert_eq!(elsewhere, checked);
}

#[test]
fn props_lists_what_is_writable() {
    let report = json(host("max", Kernel::Latest), &["props", "--json", "--all"]);
    let properties = report["properties"].as_array().expect("a list");
    let find = |name: &str| {
        properties
            .iter()
            .find(|one| one["property"] == name)
            .expect("a property")
            .clone()
    };
    let dp = find(Dp::PROPERTY);
    assert_eq!(
        (&dp["value"], &dp["name"], &dp["writable"]),
        (&"0x1".into(), &"IMP".into(), &true.into())
    );
    assert_eq!(find("SYSREG_ID_AA64PFR0_EL1_FP")["writable"], false);
    assert_eq!(find("SYSREG_SMIDR_EL1_AFFINITY")["value"], Value::Null);
}
