//! Machines with several core types: differences are reported, and a model must be possible on
//! each.

mod hosts;

use hosts::{A64FX_7_2, MAX_7_2, edited, host};
use idreg_runtime::description::RegisterField;
use idreg_runtime::host::{CoreReading, Host, Obstacle};
use idreg_runtime::number::Hex;
use idreg_runtime::plan::{Plan, PlanError, Warning};
use idreg_runtime::regs::DESCRIPTION;
use std::slice;

fn without_dot_product(isar0: u64) -> u64 {
    isar0 & !(0xf << 44)
}

/// Two core types; the second has no dot product.
fn mixed() -> Host {
    let without = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "value", without_dot_product);
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
            "ID_AA64ISAR0_EL1 is not the same on all cores: 0x1221111110212120 on CPU 0-1, \
             0x1221011110212120 on CPU 2; run the vCPUs on CPUs with one value, or add \
             SYSREG_ID_AA64ISAR0_EL1_DP=0x0"
        ]
    );
}

/// The texts of a plan's warnings.
fn warnings(host: &Host, model: &str) -> Vec<String> {
    let plan = plan(host, model).expect("a plan");
    plan.warnings().iter().map(Warning::to_string).collect()
}

fn field(name: &str) -> RegisterField {
    DESCRIPTION.property(name).expect(name)
}

#[test]
fn another_value_must_be_right_on_every_core() {
    let host = mixed();
    let without = plan(&host, "host,FEAT_DotProd=off").unwrap();
    assert_eq!(
        without.writes().len(),
        2,
        "ID_AA64ISAR0_EL1 and ID_ISAR6_EL1"
    );
    // The other order of the core types: the first one lacks what the second one has.
    let lacks = swapped();
    for model in ["host,SYSREG_ID_AA64ISAR0_EL1_DP=1", "host,FEAT_DotProd=on"] {
        let message = plan(&lacks, model).unwrap_err().to_string();
        let reason = "above the host's value 0x0 (NI) (0x0 (NI) on CPU 2, 0x1 (IMP) on CPU 0-1); \
                      no other value is allowed";
        assert!(message.ends_with(reason), "{message}");
    }
}

/// The host of [`mixed`] as read on its other core type.
fn swapped() -> Host {
    let cores = mixed().cores().iter().rev().cloned().collect();
    let own = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "value", without_dot_product);
    host(&own).with_cores(cores)
}

/// `host` is possible on such a machine, so its values by name are, with the same warning.
#[test]
fn the_hosts_values_by_name_are_judged_like_the_host() {
    let host = mixed();
    let by_default = warnings(&host, "host");
    assert_eq!(by_default.len(), 1);
    for model in ["host,SYSREG_ID_AA64ISAR0_EL1_DP=1", "host,FEAT_DotProd=on"] {
        assert_eq!(warnings(&host, model), by_default, "{model}");
        assert!(plan(&host, model).unwrap().writes().is_empty());
    }
}

#[test]
fn override_that_all_cores_can_honour_removes_the_warning() {
    for host in [mixed(), swapped()] {
        assert_eq!(warnings(&host, "host").len(), 1);
        assert_eq!(
            warnings(&host, "host,SYSREG_ID_AA64ISAR0_EL1_DP=0"),
            [""; 0]
        );
    }
}

#[test]
fn limit_is_the_value_that_all_cores_can_honour() {
    let dp = field("SYSREG_ID_AA64ISAR0_EL1_DP");
    let aes = field("SYSREG_ID_AA64ISAR0_EL1_AES");
    let feature = DESCRIPTION.feature("FEAT_DotProd").expect("a feature");
    for host in [mixed(), swapped()] {
        assert_eq!((host.limit(dp), host.limit(aes)), (Some(0), Some(2)));
        assert!(!host.common_values().has(feature));
    }
    let uniform = host(MAX_7_2);
    assert_eq!(uniform.limit(dp), Some(1));
    assert_eq!(uniform.common_values(), *uniform.values());
}

/// Every rule of comparison: which of two values of a field all cores can honour.
#[test]
fn limit_follows_the_rule_of_the_field() {
    for (name, values, limit) in [
        ("SYSREG_ID_AA64ISAR0_EL1_AES", [1, 2], 1),
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4", [0, 0xf], 0xf),
        ("SYSREG_ID_AA64MMFR1_EL1_SpecSEI", [0, 1], 1),
        ("SYSREG_CTR_EL0_CWG", [4, 5], 5),
        ("SYSREG_CTR_EL0_CWG", [0, 5], 0),
        ("SYSREG_CTR_EL0_L1Ip", [3, 2], 2),
        ("SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2", [2, 3], 1),
    ] {
        for [own, other] in [values, [values[1], values[0]]] {
            let field = field(name);
            let with = |value| {
                let edit = |register| field.field.insert(register, value);
                host(&edited(MAX_7_2, field.register.name, "value", edit))
            };
            let reading = |cpu, value| CoreReading {
                cpus: vec![cpu],
                values: with(value).values().clone(),
            };
            let host = with(own).with_cores(vec![reading(0, own), reading(1, other)]);
            assert_eq!(host.limit(field), Some(limit), "{name} {own} {other}");
            assert_eq!(host.common_values().field(field), Some(limit));
        }
    }
}

#[test]
fn allowed_values_are_exactly_those_that_are_accepted() {
    let mini: Host = serde_json::from_str(include_str!("data/two-core-types.json")).expect("mini");
    let fixed = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "writable", |_| 0);
    let fixed = host(&fixed).with_cores(mixed().cores().to_vec());
    for host in [mixed(), swapped(), fixed, mini] {
        for field in host
            .description()
            .fields()
            .filter(|field| field.field.width() <= 4)
        {
            let allowed = host.allowed(field);
            for value in 0..=field.field.max() {
                let is_allowed = allowed.iter().any(|range| range.contains(value));
                let is_accepted = host.check(field, value).is_ok();
                assert_eq!(is_allowed, is_accepted, "{field}={value:#x}");
            }
        }
    }
}

/// Without a change that KVM allows, only the choice of CPUs helps.
#[test]
fn warning_of_a_fixed_field_advises_no_override() {
    let fixed = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "writable", |_| 0);
    let fixed = host(&fixed).with_cores(mixed().cores().to_vec());
    let [warning] = &warnings(&fixed, "host")[..] else {
        panic!("one warning")
    };
    assert!(
        warning.ends_with("; run the vCPUs on CPUs with one value"),
        "{warning}"
    );
    assert_eq!(
        &warnings(&fixed, "host,SYSREG_ID_AA64ISAR0_EL1_DP=1"),
        slice::from_ref(warning)
    );
}

#[test]
fn register_that_some_cores_lack_cannot_be_changed() {
    let mut json: serde_json::Value =
        serde_json::from_str(include_str!("data/two-core-types.json")).expect("JSON");
    json["cores"][1]["registers"]["ID_AA64MMFR2_EL1"] = serde_json::Value::Null;
    let host: Host = serde_json::from_value(json).expect("a host");
    let iesb = field("SYSREG_ID_AA64MMFR2_EL1_IESB");
    assert_eq!(host.check(iesb, 0), Err(Obstacle::Absent));
    assert_eq!(host.check(iesb, 1), Ok(()));
    assert_eq!(
        warnings(&host, "host"),
        [
            "ID_AA64MMFR2_EL1 is not the same on all cores: 0x0000000000001000 on CPU 0, absent \
             on CPU 4; run the vCPUs on CPUs with one value"
        ]
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
             0x00000000000f0510 on CPU 1; run the vCPUs on CPUs with one value, or add \
             midr=0xf0510"
        ]
    );
}

#[test]
fn implementations_are_grouped_and_the_first_are_shown() {
    let mut json: serde_json::Value = serde_json::from_str(MAX_7_2).expect("JSON");
    let cpu = |cpu: u64, midr: u64| {
        let midr = Hex(midr);
        serde_json::json!({"cpu": cpu, "midr": midr, "revidr": null, "aidr": null})
    };
    json["implementations"] = (0..20).map(|number| cpu(number, number % 10)).collect();
    let host: Host = serde_json::from_value(json).expect("a host");
    let [warning] = &warnings(&host, "host")[..] else {
        panic!("one warning")
    };
    assert!(warning.contains(": 0x0000000000000000 on CPU 0,10, 0x0000000000000001"));
    assert!(
        warning.contains("on CPU 7,17, and 2 other values; run"),
        "{warning}"
    );
    assert!(warnings(&host, "host,midr=0x410fd0c1").is_empty());
}

#[test]
fn core_types_are_in_the_file() {
    for host in [mixed(), swapped()] {
        assert_eq!(read_back(&host), host);
    }
    for file in [MAX_7_2, A64FX_7_2] {
        assert!(
            !file.contains("\"cores\""),
            "a single core type is not in the file"
        );
    }
}

fn read_back(host: &Host) -> Host {
    let written = serde_json::to_string(host).expect("JSON");
    serde_json::from_str(&written).expect("the file that was written")
}

/// Cores whose values agree with each other and not with the host's own registers.
#[test]
fn values_of_cores_that_differ_from_the_hosts_are_in_the_file() {
    let mixed = mixed();
    let other = CoreReading {
        cpus: vec![1],
        ..mixed.cores()[1].clone()
    };
    for cores in [
        vec![mixed.cores()[1].clone()],
        vec![mixed.cores()[1].clone(), other],
    ] {
        let host = host(MAX_7_2).with_cores(cores);
        assert_eq!(read_back(&host), host);
        let [warning] = &warnings(&host, "host")[..] else {
            panic!("one warning")
        };
        assert!(
            warning.contains(": 0x1221111110212120 where the host was read, 0x1221011110212120 on"),
            "{warning}"
        );
    }
}

/// A register that only some cores have is in the file of a host whose own reading lacks it.
#[test]
fn register_that_the_host_lacks_is_in_the_file() {
    let mut json: serde_json::Value =
        serde_json::from_str(include_str!("data/two-core-types.json")).expect("JSON");
    json["cores"][1]["registers"]["ID_AA64ISAR0_EL1"] = "0x1".into();
    let host: Host = serde_json::from_value(json).expect("a host");
    assert_eq!(host.core_differences().len(), 2);
    assert_eq!(read_back(&host), host);
}

/// Overrides name fields: bits without a description still differ after them.
#[test]
fn difference_of_other_bits_is_not_removed_by_overrides() {
    let mixed = mixed();
    let mut cores = mixed.cores().to_vec();
    let register = DESCRIPTION
        .register("ID_AA64ISAR0_EL1")
        .expect("a register");
    let last = cores.last_mut().expect("a core type");
    let value = last.values.get(register).expect("a value");
    // Bits 3 to 0 are reserved.
    last.values.set(register, value | 1);
    let host = mixed.with_cores(cores);
    for model in ["host", "host,SYSREG_ID_AA64ISAR0_EL1_DP=0"] {
        let [warning] = &warnings(&host, model)[..] else {
            panic!("one warning")
        };
        let end = "0x1221011110212121 on CPU 2; run the vCPUs on CPUs with one value";
        assert!(warning.ends_with(end), "{warning}");
    }
}

/// A CPU that is offline has no value in sysfs, and no type.
#[test]
fn offline_cpu_differs_from_none() {
    let mut json: serde_json::Value = serde_json::from_str(MAX_7_2).expect("JSON");
    for register in ["midr", "revidr", "aidr"] {
        json["implementations"][1][register] = serde_json::Value::Null;
    }
    let host: Host = serde_json::from_value(json).expect("a host");
    assert_eq!(warnings(&host, "host"), [""; 0]);
}

/// MIDR_EL1 in the readings and in sysfs.
#[test]
fn register_in_both_sources_is_one_difference() {
    let mut json: serde_json::Value = serde_json::from_str(MAX_7_2).expect("JSON");
    json["implementations"][1]["midr"] = "0x410fd461".into();
    let other = serde_json::json!({"MIDR_EL1": "0x410fd461"});
    json["cores"] = serde_json::json!([
        {"cpus": [0], "registers": {}},
        {"cpus": [1], "registers": other},
    ]);
    let host: Host = serde_json::from_value(json).expect("a host");
    let names = host.core_differences().into_iter();
    let names: Vec<&str> = names.map(|difference| difference.register).collect();
    assert_eq!(names, ["MIDR_EL1"]);
}
