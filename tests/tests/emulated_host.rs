//! `vmm-demo` on real kernels: what a guest sees under a model, and what is refused.
//!
//! Every test fails if its host does not boot.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_runtime::host::Host;
use idreg_runtime::number;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::{IdAa64isar0El1, id_aa64isar0_el1::Dp};
use idreg_tests::artifacts::Kernel;
use idreg_tests::machine::{Machine, Options, Output, shared};
use serde_json::{Map, Value};

const WITHOUT_DP: &str = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0";

fn host(cpu: &str, kernel: Kernel) -> &'static Machine {
    match shared(&Options::emulated(cpu, kernel)) {
        Ok(machine) => machine,
        Err(error) => panic!("no emulated {cpu} with kernel {kernel}: {error:?}"),
    }
}

fn run(machine: &Machine, arguments: &[&str]) -> Output {
    machine.run(arguments).expect("vmm-demo runs to its end")
}

/// Runs a command that must succeed and print one JSON object, and nothing else.
fn json(machine: &Machine, arguments: &[&str]) -> Map<String, Value> {
    let output = run(machine, arguments);
    assert_eq!(
        (output.code, output.stderr().as_ref()),
        (0, ""),
        "{}",
        output.stdout()
    );
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The registers in a member of a report.
fn registers(report: &Map<String, Value>, member: &str) -> Vec<(String, u64)> {
    let registers = report[member].as_object().expect("registers by name");
    let value = |value: &Value| number::parse(value.as_str().expect("a string")).expect("0x...");
    registers
        .iter()
        .map(|(name, register)| (name.clone(), value(register)))
        .collect()
}

fn register(report: &Map<String, Value>, member: &str, name: &str) -> u64 {
    let registers = registers(report, member);
    registers
        .iter()
        .find(|(known, _)| known == name)
        .expect("a register of that name")
        .1
}

/// The guest sees what was asked, one register was written for it, and the rest is as on the host.
fn lowers_one_field(machine: &Machine, property: &str, register_name: &str) {
    let model = format!("host,{property}=0");
    let report = json(machine, &["run", "--json", "--cpu", &model]);
    let field = idreg_runtime::regs::DESCRIPTION
        .property(property)
        .expect("a property")
        .field;
    let old = register(&report, "host", register_name);
    let new = field.insert(old, 0);
    assert_ne!(old, new, "the host has the field");

    let writes = report["writes"].as_array().expect("a list");
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(writes[0]["register"], register_name);
    assert_eq!(writes[0]["old"], format!("{old:#018x}"));
    assert_eq!(writes[0]["new"], format!("{new:#018x}"));

    for (name, on_host) in registers(&report, "host") {
        let expected = if name == register_name { new } else { on_host };
        assert_eq!(register(&report, "guest", &name), expected, "{name}");
    }
}

#[test]
fn guest_on_latest_max_sees_no_dot_product() {
    lowers_one_field(
        host("max", Kernel::Latest),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_latest_neoverse_n1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-n1", Kernel::Latest),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_latest_neoverse_v1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-v1", Kernel::Latest),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_lts_max_sees_no_dot_product() {
    lowers_one_field(host("max", Kernel::Lts), Dp::PROPERTY, IdAa64isar0El1::NAME);
}

#[test]
fn guest_on_lts_neoverse_n1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-n1", Kernel::Lts),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

#[test]
fn guest_on_lts_neoverse_v1_sees_no_dot_product() {
    lowers_one_field(
        host("neoverse-v1", Kernel::Lts),
        Dp::PROPERTY,
        IdAa64isar0El1::NAME,
    );
}

/// The A64FX has no dot product, so there is nothing to write for that; it has CRC32.
#[test]
fn guest_on_a64fx_sees_no_crc32() {
    for kernel in [Kernel::Latest, Kernel::Lts] {
        let machine = host("a64fx", kernel);
        let report = json(machine, &["run", "--json", "--cpu", WITHOUT_DP]);
        assert_eq!(report["writes"], Value::Array(Vec::new()));
        assert_eq!(register(&report, "guest", "ID_AA64ISAR0_EL1") & Dp::MASK, 0);
        lowers_one_field(
            machine,
            "SYSREG_ID_AA64ISAR0_EL1_CRC32",
            IdAa64isar0El1::NAME,
        );
    }
}

#[test]
fn several_fields_and_vcpus() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0x0,SYSREG_ID_AA64ISAR1_EL1_DPB=0x0";
    let output = run(
        host("max", Kernel::Latest),
        &["run", "--smp", "3", "--cpu", model],
    );
    let shown = output.stdout();
    assert_eq!(output.code, 0, "{shown}{}", output.stderr());
    let row = |field: &str| {
        let row = shown
            .lines()
            .find(|line| line.split_whitespace().any(|word| word == field));
        row.expect("a row for the field")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("DP"), "47:44 DP 0x1 (IMP) 0x0 (NI) 0x0 (NI)");
    assert_eq!(row("DPB"), "3:0 DPB 0x2 (DPB2) 0x0 (NI) 0x0 (NI)");
    assert!(
        shown.contains("48 of 48 registers as planned: 46 as on the host, 2 changed"),
        "{shown}"
    );
}

#[test]
fn read_that_traps_is_absent() {
    let report = json(host("neoverse-n1", Kernel::Latest), &["run", "--json"]);
    assert_eq!(report["writes"], Value::Array(Vec::new()));
    let absent = report["absent"].as_array().expect("a list");
    assert!(absent.contains(&Value::from("SMIDR_EL1")), "{absent:?}");
    let seen = registers(&report, "guest").len();
    assert_eq!(
        seen + absent.len(),
        idreg_runtime::regs::DESCRIPTION.registers.len()
    );
}

#[test]
fn implementation_register_can_be_changed_on_latest() {
    let model = "host,SYSREG_MIDR_EL1_PartNum=0xd0c";
    let report = json(
        host("max", Kernel::Latest),
        &["run", "--json", "--cpu", model],
    );
    assert_eq!(register(&report, "guest", "MIDR_EL1") >> 4 & 0xfff, 0xd0c);
}

#[test]
fn four_bad_overrides_are_four_rejections() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DPP=0,SYSREG_ID_AA64ISAR0_EL1_DP=0x1f,\
                 SYSREG_ID_AA64PFR0_EL1_FP=0xf,SYSREG_ID_AA64ISAR0_EL1_DP=0";
    let output = run(
        host("max", Kernel::Latest),
        &["run", "--json", "--cpu", model],
    );
    assert_eq!(output.code, 1);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let rejections = report["rejections"].as_array().expect("a list");
    let reasons: Vec<_> = rejections
        .iter()
        .map(|one| one["reason"].as_str())
        .collect();
    let expected = ["unknown-property", "too-wide", "not-writable", "duplicate"].map(Some);
    assert_eq!(reasons, expected);
    assert_eq!(output.stderr().lines().count(), 5, "{}", output.stderr());
}

#[test]
fn value_above_the_host_s_is_refused_before_kvm_is_asked() {
    let model = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_RNDR=0xf";
    let output = run(host("max", Kernel::Lts), &["run", "--cpu", model]);
    assert_eq!((output.code, output.stdout().as_ref()), (1, ""));
    assert_eq!(
        output.stderr(),
        "error: 1 override cannot be had on this host, so nothing is written:\n  \
         SYSREG_ID_AA64ISAR0_EL1_RNDR=0xf: above what the host has, 0x1 (IMP); it can have 0x0-0x1\n"
    );
}

/// Some fields of a register in the guest's view.
fn guest_fields(report: &Map<String, Value>, properties: &[&str]) -> Vec<u64> {
    let field = |property: &&str| {
        let of = idreg_runtime::regs::DESCRIPTION.property(property);
        let of = of.expect("a property");
        of.field
            .extract(register(report, "guest", of.register.name))
    };
    properties.iter().map(field).collect()
}

#[test]
fn options_take_their_fields_from_the_guest() {
    let machine = host("max", Kernel::Latest);
    let told_by = [
        (
            "sve",
            &["SYSREG_ID_AA64PFR0_EL1_SVE", "SYSREG_ID_AA64ZFR0_EL1_AES"][..],
        ),
        (
            "pauth",
            &["SYSREG_ID_AA64ISAR1_EL1_API", "SYSREG_ID_AA64ISAR1_EL1_GPI"],
        ),
        (
            "pmu",
            &[
                "SYSREG_ID_AA64DFR0_EL1_PMUVer",
                "SYSREG_ID_DFR0_EL1_PerfMon",
            ],
        ),
    ];
    for (option, properties) in told_by {
        let with = json(machine, &["run", "--json"]);
        let without = json(
            machine,
            &["run", "--json", "--cpu", &format!("host,{option}=off")],
        );
        let some = guest_fields(&with, properties)
            .iter()
            .any(|value| *value != 0);
        assert!(some, "{option}: {properties:?}");
        assert_eq!(
            guest_fields(&without, properties),
            vec![0; properties.len()],
            "{option}"
        );
        assert_eq!(
            without["writes"],
            Value::Array(Vec::new()),
            "KVM hides them by itself"
        );
    }
}

/// What a host file says of a host without an option is what the host itself shows without it.
#[test]
fn options_that_are_off_can_be_derived() {
    for (cpu, kernel) in [
        ("max", Kernel::Latest),
        ("max", Kernel::Lts),
        ("neoverse-v1", Kernel::Latest),
    ] {
        let machine = host(cpu, kernel);
        let dumped = |model: &str| -> Host {
            let output = run(machine, &["dump", "--cpu", model]);
            serde_json::from_slice(&output.stdout).expect("a host file")
        };
        let all = dumped("host");
        for model in [
            "host,sve=off",
            "host,pauth=off",
            "host,pmu=off",
            "host,sve=off,pauth=off,pmu=off",
        ] {
            let read = dumped(model);
            let derived = all.reconfigured(read.about().vcpu).expect("a host without");
            assert_eq!(derived, read, "{cpu} {kernel} {model}");
        }
    }
}

#[test]
fn vector_lengths_are_limited_for_every_vcpu() {
    let machine = host("max", Kernel::Latest);
    let report = json(
        machine,
        &[
            "check",
            "--json",
            "--try",
            "--run",
            "--cpu",
            "host,sve256=on",
        ],
    );
    assert_eq!(report["vcpu"]["sve_limit"], 256);
    assert_eq!(report["tried"], "run");
    let output = run(machine, &["run", "--smp", "2", "--cpu", "host,sve512=off"]);
    assert_eq!(output.code, 0, "{}", output.stderr());
    let output = run(machine, &["check", "--try", "--cpu", "host,sve200=on"]);
    assert_eq!(output.code, 1);
    assert!(
        output
            .stderr()
            .contains("sve200=on: the host has no vectors of this length; it has 128, 256,")
    );
}

#[test]
fn features_move_all_their_fields() {
    let report = json(
        host("max", Kernel::Latest),
        &[
            "run",
            "--json",
            "--cpu",
            "host,FEAT_CRC32=off,FEAT_SHA512=off",
        ],
    );
    let properties = [
        "SYSREG_ID_AA64ISAR0_EL1_CRC32",
        "SYSREG_ID_ISAR5_EL1_CRC32",
        "SYSREG_ID_AA64ISAR0_EL1_SHA2",
    ];
    assert_eq!(guest_fields(&report, &properties), [0, 0, 1]);
    let warnings = report["warnings"].as_array().expect("a list");
    let text = warnings
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(text.contains("SHA3 needs SHA512"), "{text}");
}

#[test]
fn enforce_refuses_what_is_a_warning_without() {
    let machine = host("neoverse-v1", Kernel::Latest);
    let model = "host,FEAT_SHA512=off";
    let warned = run(machine, &["check", "--try", "--cpu", model]);
    assert_eq!(warned.code, 0, "{}", warned.stderr());
    assert!(
        warned.stderr().starts_with("warning: SHA3 needs SHA512: "),
        "{}",
        warned.stderr()
    );
    let refused = run(
        machine,
        &["check", "--try", "--cpu", &format!("{model},enforce")],
    );
    assert_eq!((refused.code, refused.stdout().as_ref()), (1, ""));
    assert!(
        refused.stderr().contains("\n  SHA3 needs SHA512: "),
        "{}",
        refused.stderr()
    );
}

/// What is foreseen for a field is what KVM takes, value by value, except where idreg itself says no.
#[test]
fn kvm_takes_what_props_foresees() {
    for (cpu, kernel) in [
        ("max", Kernel::Latest),
        ("max", Kernel::Lts),
        ("neoverse-v1", Kernel::Latest),
        ("a64fx", Kernel::Latest),
    ] {
        let report = json(host(cpu, kernel), &["props", "--json", "--all", "--try"]);
        let properties = report["properties"].as_array().expect("a list");
        let mut writable = 0;
        for property in properties.iter().filter(|one| one["writable"] == true) {
            // Four bits or fewer are tried value by value.
            let of = property["property"]
                .as_str()
                .and_then(|name| idreg_runtime::regs::DESCRIPTION.property(name));
            let of = of.expect("a property");
            if of.field.width > 4
                || of.field.rule.owner.is_some()
                || !of.field.rule.refused.is_empty()
            {
                continue;
            }
            writable += 1;
            assert_eq!(
                property["taken"], property["allowed"],
                "{cpu} {kernel} {of}"
            );
        }
        assert!(writable > 50, "{cpu} {kernel}: {writable}");
    }
}

/// A short run of the comparison of which issue and README tell; every machine has another share of KVM's rules.
#[test]
fn kvm_does_what_is_foreseen() {
    for (cpu, kernel) in [
        ("max", Kernel::Latest),
        ("max", Kernel::Lts),
        ("neoverse-v1", Kernel::Latest),
        ("neoverse-n1", Kernel::Lts),
        ("a64fx", Kernel::Latest),
        ("a64fx", Kernel::Lts),
    ] {
        let report = json(
            host(cpu, kernel),
            &["agree", "--count", "600", "--seed", "4", "--json"],
        );
        assert_eq!(report["tried"], 600, "{cpu} {kernel}");
        assert_eq!(
            (&report["disagree"], &report["agree"]),
            (&0.into(), &600.into()),
            "{cpu} {kernel}: {}",
            report["examples"]
        );
    }
}

#[test]
fn old_kernel_runs_host_and_refuses_overrides() {
    let machine = host("max", Kernel::Old);
    let report = json(machine, &["run", "--json", "--cpu", "host"]);
    assert_eq!(
        register(&report, "guest", "ID_AA64ISAR0_EL1") & Dp::MASK,
        Dp::IMP.bits() << Dp::SHIFT
    );

    let output = run(machine, &["run", "--cpu", WITHOUT_DP]);
    assert_eq!((output.code, output.stdout().as_ref()), (3, ""));
    let text = output.stderr();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("does not offer writable ID registers, which needs Linux 6.7 or newer"),
        "{text}"
    );
}

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
    assert_eq!(read.about().kernel_release, machine.release());
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
