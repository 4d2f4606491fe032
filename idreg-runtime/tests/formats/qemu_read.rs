//! QEMU's options, read.

use super::hosts::{MAX_7_2, host};
use super::{each_plan, export, plan};
use idreg_runtime::formats::ExportedGuest;
use idreg_runtime::formats::qemu::{Dialect, Expansion, InvalidOptions, command_line, read};
use idreg_runtime::plan::Plan;

const DIALECTS: [Dialect; 4] = [
    Dialect::Stock,
    Dialect::Kernel,
    Dialect::Kunpeng,
    Dialect::Arm,
];

fn model(text: &str) -> String {
    read(text).expect(text).model.to_string()
}

#[test]
fn a_line_reads_back_as_a_model_with_the_same_plan() {
    let mut whole = 0;
    each_plan(|host, plan, name| {
        for dialect in DIALECTS {
            let exported = command_line(ExportedGuest { host, plan }, dialect);
            let guest = read(&exported.text).expect(&exported.text);
            assert_eq!(guest.missing, [""; 0], "{name}");
            if !exported.unsaid.is_empty() {
                continue;
            }
            let again = Plan::new(host, &guest.model).expect(name);
            assert_eq!(again.expected(), plan.expected(), "{name}");
            assert_eq!(
                again.config().features(),
                plan.config().features(),
                "{name}"
            );
            let guest = ExportedGuest { host, plan: &again };
            assert_eq!(command_line(guest, dialect), exported, "{name}");
            whole += 1;
        }
    });
    assert!(whole > 400, "{whole}");
}

#[test]
fn a_model_reads_back_in_every_dialect() {
    let of_host = host(MAX_7_2);
    let text = "host,sve=on,sve256=on,pauth=off,pmu=on,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2,\
                SYSREG_ID_AA64ISAR0_EL1_DP=0x0";
    for dialect in [Dialect::Kernel, Dialect::Kunpeng, Dialect::Arm] {
        let (line, unsaid) = export(&of_host, text, |guest| command_line(guest, dialect));
        assert_eq!(unsaid, [""; 0]);
        assert_eq!(
            read(&line).expect(&line).model,
            text.parse().expect("a model")
        );
    }
}

#[test]
fn command_lines_are_searched_for_their_options() {
    for (line, expected) in [
        ("host", "host"),
        ("custom,SYSREG_CTR_EL0_IDC=1", "host,SYSREG_CTR_EL0_IDC=0x1"),
        ("  host,sve=off\n", "host,sve=off"),
        (
            "qemu-system-aarch64 -M virt -cpu host,pmu=no -m 4G",
            "host,pmu=off",
        ),
        (
            "qemu -cpu 'host,sve=off' -kernel \"a b\" -append a\\ b",
            "host,sve=off",
        ),
        (
            "qemu -cpu max -cpu host \\\n  -machine virt,mte=on",
            "host,mte=on",
        ),
        (
            "-M virt,virtualization=true,gic-version=3 -cpu host",
            "host,el2=on",
        ),
        (
            "<qemu:arg value='-cpu'/>\n<qemu:arg value=\"host,aarch64=off\"/>",
            "host,aarch64=off",
        ),
    ] {
        assert_eq!(model(line), expected, "{line}");
    }
}

#[test]
fn parts_of_a_field_come_together() {
    let parts: Vec<String> = (1..=7)
        .map(|level| format!("SYSREG_CLIDR_EL1_Ttype{level}={}", level % 4))
        .collect();
    assert_eq!(
        model(&format!("host,{}", parts.join(","))),
        "host,SYSREG_CLIDR_EL1_Ttypen=0x3939"
    );
    let error = read(&format!("host,{}", parts[0])).expect_err("a part");
    assert_eq!(
        error.to_string(),
        "SYSREG_CLIDR_EL1_Ttypen is several properties of the architecture, and not all are given"
    );
}

#[test]
fn target_cpus_are_read() {
    let guest = read("-cpu host -M virt,x-target-impl-cpus=0x481fd010:0x0-0x480fd020:0x1");
    let cpus: Vec<_> = guest
        .expect("a guest")
        .target_cpus
        .iter()
        .map(|cpu| (cpu.midr, cpu.revidr, cpu.aidr))
        .collect();
    assert_eq!(cpus, [(0x481f_d010, 0, 0), (0x480f_d020, 1, 0)]);
}

#[test]
fn other_properties_are_left_out_by_name() {
    let guest = read("host,kvm-steal-time=on,mte=on").expect("a guest");
    assert_eq!(guest.model.to_string(), "host");
    assert_eq!(
        guest.missing,
        [
            "`kvm-steal-time` is no property of models here and is left out",
            "`mte` is no property of models here and is left out"
        ]
    );
}

#[test]
fn mistakes_in_lines_are_named() {
    for (line, message) in [
        ("", "there is no `-cpu VALUE`"),
        ("a b", "there is no `-cpu VALUE`"),
        ("-m 4 -cpu", "`-cpu` is the last word; its value is missing"),
        ("-cpu host -M", "`-machine` is the last word"),
        ("-cpu 'host", "a quote has no end"),
        ("-cpu \"host\\\"", "a quote has no end"),
        (
            "neoverse-n1",
            "the CPU `neoverse-n1` has values of QEMU's own",
        ),
        ("host,sve", "`sve` has no value; the form is NAME=VALUE"),
        ("host,", "`` has no value"),
        (
            "host,sve=maybe",
            "`maybe` is neither `on` nor `off`, for sve",
        ),
        (
            "-cpu host -M virt,mte",
            "`` is neither `on` nor `off`, for mte",
        ),
        (
            "host,SYSREG_ID_AA64ISAR0_EL1_DP=010",
            "`SYSREG_ID_AA64ISAR0_EL1_DP`: `010` has a leading zero",
        ),
        (
            "host,SYSREG_ID_AA64ISAR0_EL1_DP=16",
            "`SYSREG_ID_AA64ISAR0_EL1_DP` is 0x10, and has 4 bits",
        ),
        (
            "host,SYSREG_ID_AA64MMFR0_EL1_TGran4_2=0x10",
            "`SYSREG_ID_AA64MMFR0_EL1_TGran4_2` is 0x10, and has 4 bits",
        ),
        (
            "host,SYSREG_ID_AA64ISAR0_EL1_dp=1",
            "`SYSREG_ID_AA64ISAR0_EL1_dp` is no field that this version knows; did you mean \
             SYSREG_ID_AA64ISAR0_EL1_DP?",
        ),
        (
            "host,SYSREG_=1",
            "`SYSREG_` is no field that this version knows",
        ),
        (
            "-cpu host -M virt,x-target-impl-cpus=0x1",
            "`0x1` is no target CPU; the form is MIDR:REVIDR",
        ),
    ] {
        let error = read(line).expect_err(line).to_string();
        assert!(error.starts_with(message), "{line}: {error}");
    }
}

fn expansion(json: &str) -> Result<(String, Vec<String>), InvalidOptions> {
    let expansion: Expansion = serde_json::from_str(json).expect("an expansion");
    let guest = expansion.guest()?;
    Ok((guest.model.to_string(), guest.missing))
}

#[test]
fn an_expansion_is_a_model() {
    let props = r#"{"sve": true, "sve128": true, "sve256": true, "sve512": false, "pmu": false,
        "aarch64": true, "kvm-steal-time": true, "SYSREG_ID_AA64MMFR0_EL1_PARange": 2,
        "SYSREG_ID_AA64ISAR0_EL1_DP": 1}"#;
    let (model, missing) = expansion(&format!(
        r#"{{"return": {{"model": {{"name": "host", "props": {props}}}}}}}"#
    ))
    .expect("a model");
    assert_eq!(
        model,
        "host,sve=on,pmu=off,aarch64=on,SYSREG_ID_AA64MMFR0_EL1_PARANGE=0x2,\
         SYSREG_ID_AA64ISAR0_EL1_DP=0x1,sve256=on"
    );
    assert_eq!(
        missing,
        ["`kvm-steal-time` is no property of models here and is left out"]
    );
    assert!(Plan::new(&host(MAX_7_2), &model.parse().expect("a model")).is_ok());
    let without = r#"{"model": {"name": "host", "props": {"sve": false, "sve128": false}}}"#;
    let (model, _) = expansion(without).expect("a model");
    assert_eq!(model, "host,sve=off");
    assert!(!plan(&host(MAX_7_2), &model).config().sve);
    let bare = r#"{"model": {"name": "host"}}"#;
    assert_eq!(expansion(bare).expect("a model").0, "host");
    let other = r#"{"model": {"name": "max", "props": {}}}"#;
    assert!(expansion(other).is_err());
}

#[test]
fn mistakes_in_expansions_are_named() {
    for (json, message) in [
        ("{}", "missing field `model`"),
        (r#"{"return": {}}"#, "`return`: missing field `model`"),
        (
            r#"{"model": {"props": {}}}"#,
            "`model`: missing field `name`",
        ),
        (
            r#"{"model": {"name": "host", "props": []}}"#,
            "`model.props`: invalid type: sequence",
        ),
    ] {
        let error = serde_json::from_str::<Expansion>(json).expect_err(json);
        assert!(error.to_string().starts_with(message), "{json}: {error}");
    }
    let text = r#"{"model": {"name": "host", "props": {"SYSREG_ID_AA64ISAR0_EL1_DP": 99}}}"#;
    assert!(expansion(text).is_err());
}
