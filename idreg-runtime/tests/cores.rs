//! Machines with several core types: differences are reported, and a model must be possible on
//! each.

mod hosts;

use hosts::{A64FX_7_2, MAX_7_2, edited, host};
use idreg_runtime::host::{CoreReading, Host};
use idreg_runtime::plan::{Plan, PlanError, Warning};

/// Two core types; the second has no dot product.
fn mixed() -> Host {
    let without = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "value", |value| {
        value & !(0xf << 44)
    });
    let reading = |file: &str, cpus: &[u32]| CoreReading {
        cpus: cpus.to_vec(),
        values: host(file).values().clone(),
    };
    host(MAX_7_2).with_cores(vec![reading(MAX_7_2, &[0, 1]), reading(&without, &[2])])
}

fn plan(host: &Host, model: &str) -> Result<Plan, PlanError> {
    Plan::new(host, &model.parse().expect("a model"))
}

#[test]
fn a_single_reading_is_dropped() {
    let reading = CoreReading {
        cpus: vec![0, 1],
        values: host(MAX_7_2).values().clone(),
    };
    let host = host(MAX_7_2).with_cores(vec![reading]);
    assert!(host.cores().is_empty() && host.core_differences().is_empty());
}

#[test]
fn register_that_differs_is_a_warning() {
    let plan = plan(&mixed(), "host").unwrap();
    let warnings: Vec<String> = plan.warnings().iter().map(Warning::to_string).collect();
    assert_eq!(
        warnings,
        [
            "ID_AA64ISAR0_EL1 is not the same on all cores: 0x1221111110212120 on CPU 0, 1, \
          0x1221011110212120 on CPU 2"
        ]
    );
}

#[test]
fn value_must_be_right_on_every_core() {
    let host = mixed();
    assert!(plan(&host, "host,SYSREG_ID_AA64ISAR0_EL1_DP=1").is_err());
    assert!(plan(&host, "host,FEAT_DotProd=on").is_err());
    let without = plan(&host, "host,FEAT_DotProd=off").unwrap();
    assert_eq!(
        without.writes().len(),
        2,
        "ID_AA64ISAR0_EL1 and ID_ISAR6_EL1"
    );
}

/// KVM shows one MIDR_EL1 wherever a vCPU is created; sysfs has the values of the cores themselves.
#[test]
fn implementations_that_differ_are_a_warning() {
    let midr = "\"midr\": \"0x00000000000f0510\"";
    let file = MAX_7_2.replacen(midr, "\"midr\": \"0x00000000410fd461\"", 1);
    assert_ne!(file, MAX_7_2);
    let plan = plan(&host(&file), "host").unwrap();
    let warnings: Vec<String> = plan.warnings().iter().map(Warning::to_string).collect();
    assert_eq!(
        warnings,
        [
            "MIDR_EL1 is not the same on all cores: 0x00000000410fd461 on CPU 0, \
             0x00000000000f0510 on CPU 1"
        ]
    );
}

#[test]
fn core_types_are_in_the_file() {
    let host = mixed();
    let written = serde_json::to_string(&host).unwrap();
    let read: Host = serde_json::from_str(&written).unwrap();
    assert_eq!(read, host);
    for file in [MAX_7_2, A64FX_7_2] {
        assert!(
            !file.contains("\"cores\""),
            "a single core type is not in the file"
        );
    }
}
