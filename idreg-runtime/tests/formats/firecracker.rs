//! Firecracker's templates and dumps.

use super::hosts::{MAX_7_2, host};
use super::{each_plan, export};
use idreg_runtime::fake::FakeVcpu;
use idreg_runtime::formats::firecracker::{
    Bitmap, Document, RegisterModifier, Template, TemplateModel, template,
};
use idreg_runtime::host::Host;
use idreg_runtime::vcpu::VcpuRegs as _;

fn read(text: &str) -> Template {
    serde_json::from_str(text).expect("a template")
}

fn error(text: &str) -> String {
    let read = serde_json::from_str::<Template>(text);
    read.expect_err("no template").to_string()
}

/// The schema's rules (`docs/cpu_templates/schema.json`) and those of Firecracker's reader.
fn check_schema(text: &str) {
    let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let object = json.as_object().expect("an object");
    let known = ["kvm_capabilities", "vcpu_features", "reg_modifiers"];
    assert!(
        object.keys().all(|key| known.contains(&key.as_str())),
        "{text}"
    );
    for modifier in json["reg_modifiers"].as_array().expect("modifiers") {
        let addr = modifier["addr"].as_str().expect("a string");
        assert!(addr.starts_with("0x603000000013"), "{addr}");
        let bits = modifier["bitmap"].as_str().expect("a string");
        let digits = bits.strip_prefix("0b").expect("a bitmap");
        assert_eq!(digits.len(), 128, "{bits}");
        assert!(
            digits.bytes().all(|digit| b"01x".contains(&digit)),
            "{bits}"
        );
        // The register has 64 bits.
        assert!(digits[..64].bytes().all(|digit| digit == b'x'), "{bits}");
    }
    for modifier in json["vcpu_features"].as_array().expect("features") {
        let bits = modifier["bitmap"].as_str().expect("a string");
        assert!(bits.len() == 34 && bits.ends_with("xxxx"), "{bits}");
    }
}

#[test]
fn a_template_gives_the_plans_registers() {
    let mut applied = 0;
    each_plan(|host, plan, model| {
        let (template, unsaid) = Template::new(plan);
        check_schema(&template.to_string());
        assert_eq!(read(&template.to_string()), template);
        if unsaid.iter().any(|part| part.part.starts_with("SYSREG_")) {
            return;
        }
        let with_options = host.reconfigured(plan.config()).expect("a configuration");
        let mut values = with_options.values().clone();
        assert_eq!(template.apply(&mut values), [0; 0]);
        assert_eq!(&values, plan.expected(), "{model}");
        applied += 1;
    });
    assert!(applied > 100, "{applied}");
}

#[test]
fn features_are_those_of_the_options() {
    let write = |model| export(&host(MAX_7_2), model, template);
    let (text, unsaid) = write("host,pmu=off,sve=off");
    assert_eq!(
        text,
        "{\n  \"vcpu_features\": [\n    { \"index\": 0, \"bitmap\": \
         \"0bxxxxxxxxxxxxxxxxxxxxxxxxx110xxxx\" }\n  ],\n  \"reg_modifiers\": []\n}\n"
    );
    assert_eq!(unsaid, [""; 0]);
    let (_, unsaid) = write("host,sve256=on");
    assert_eq!(
        unsaid,
        [
            "pmu=on: Firecracker makes vCPUs without a PMU",
            "sve256=on: a template cannot set KVM_REG_ARM64_SVE_VLS, which has 512 bits"
        ]
    );
}

#[test]
fn registers_that_firecracker_sets_itself_are_unsaid() {
    let (text, unsaid) = export(&host(MAX_7_2), "host,pmu=off,midr=0x413fd0c1", template);
    assert!(text.contains("\"reg_modifiers\": []"), "{text}");
    let first = "SYSREG_MIDR_EL1_Implementer=0x41: Firecracker does not enable \
                 KVM_CAP_ARM_WRITABLE_IMP_ID_REGS";
    assert_eq!(unsaid.first().map(String::as_str), Some(first));
}

#[test]
fn a_template_is_a_model() {
    // The start of Firecracker's V1N1, with short bitmaps.
    let template = read(
        r#"{ "kvm_capabilities": ["171", "!172"],
             "vcpu_features": [{ "index": 0, "bitmap": "0b11_0xxxx" }],
             "reg_modifiers": [
               { "addr": "0x603000000013c020",
                 "bitmap": "0b0000_xxxx_0000_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
               { "addr": "0x603000000013c030", "bitmap": "0b1x" },
               { "addr": "0x603000000013c031", "bitmap": "0b0001" },
               { "addr": "0x6030000000100042", "bitmap": "0b1" }] }"#,
    );
    let TemplateModel { model, missing } = TemplateModel::new(&template);
    assert_eq!(
        model.to_string(),
        "host,sve=off,pauth=on,SYSREG_ID_AA64PFR0_EL1_MPAM=0x0,SYSREG_ID_AA64PFR0_EL1_SVE=0x0,\
         SYSREG_ID_AA64ISAR1_EL1_DPB=0x1"
    );
    assert_eq!(
        missing,
        [
            "the check of KVM's capability 171 is left out",
            "the check of KVM's capability !172 is left out",
            "bits 0x2 of ID_AA64ISAR0_EL1 belong to no field and are left out",
            "register 0x6030000000100042 is no ID register and is left out",
        ]
    );
}

#[test]
fn parts_of_fields_are_left_out_by_name() {
    let text = r#"{ "reg_modifiers": [{ "addr": "0x603000000013c031", "bitmap": "0bx0" }] }"#;
    let TemplateModel { model, missing } = TemplateModel::new(&read(text));
    assert_eq!(model.to_string(), "host");
    assert_eq!(
        missing,
        [
            "bits 0x1 of ID_AA64ISAR1_EL1 are a part of SYSREG_ID_AA64ISAR1_EL1_DPB, which changes \
          as a whole only; they are left out"
        ]
    );
}

#[test]
fn a_models_template_reads_back_as_the_model() {
    let model = "host,sve=off,pauth=on,SYSREG_ID_AA64ISAR0_EL1_DP=0x0";
    let (text, _) = export(&host(MAX_7_2), &format!("{model},pmu=off"), template);
    assert_eq!(TemplateModel::new(&read(&text)).model.to_string(), model);
}

#[test]
fn mistakes_in_templates_are_named() {
    for (text, message) in [
        (
            "[]",
            "invalid type: sequence, expected an object at line 1 column 0",
        ),
        (
            r#"{"msr_modifiers": []}"#,
            "`msr_modifiers`: unknown field `msr_modifiers`, expected one of",
        ),
        (
            r#"{"reg_modifiers": [{"addr": "x", "bitmap": "0b1"}]}"#,
            "`reg_modifiers[0].addr`: `x` is not a number",
        ),
        (
            r#"{"reg_modifiers": [{"addr": 5, "bitmap": "0b1"}]}"#,
            "`reg_modifiers[0].addr`: invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"reg_modifiers": [{"addr": "1"}]}"#,
            "`reg_modifiers[0]`: missing field `bitmap`",
        ),
        (
            r#"{"vcpu_features": [{"index": -1, "bitmap": "0b1"}]}"#,
            "`vcpu_features[0].index`: invalid value: integer `-1`, expected u32",
        ),
    ] {
        let error = error(text);
        assert!(error.starts_with(message), "{text}: {error}");
    }
    let too_long = format!("0b{}", "x".repeat(129));
    for bitmap in ["", "0b", "1x", "0b2", "0b_", "0bX", "0x1", &too_long] {
        let text = format!(r#"{{"reg_modifiers": [{{"addr": "1", "bitmap": "{bitmap}"}}]}}"#);
        let error = error(&text);
        let message = "is not a bitmap; write 0b and up to 128 of 0, 1 and x";
        assert!(error.contains(message), "{bitmap}: {error}");
    }
}

/// A dump of a host's vCPU, with a register that the library does not know.
fn dump(host: &Host) -> Template {
    let vcpu = FakeVcpu::new(host);
    let witnesses = [("pauth", 0xc108), ("pmu", 0xdce0)];
    let ids = host.values().iter().map(|(register, _)| register.encoding);
    let mut registers: Vec<RegisterModifier> = ids
        .map(|register| {
            whole(
                register.kvm_id(),
                vcpu.get(register).expect("a value").into(),
            )
        })
        .collect();
    registers.extend(witnesses.map(|(_, id)| whole(0x6030_0000_0013_0000 | id, 0)));
    registers.push(whole(0x6040_0000_0010_0054, u128::MAX));
    registers.push(whole(0x6030_0000_0014_0000, 0x1_0003));
    registers.push(whole(0x6020_0000_0011_0000, 0x701f_e01a));
    Template {
        registers,
        ..Template::default()
    }
}

fn whole(id: u64, value: u128) -> RegisterModifier {
    let bits = Bitmap {
        filter: u128::MAX,
        value,
    };
    RegisterModifier { id, bits }
}

/// The 7.2 host as Firecracker's vCPUs are by default.
fn firecrackers() -> Host {
    let config = host(MAX_7_2).info().vcpu;
    host(MAX_7_2)
        .reconfigured(config.with_sve(false))
        .expect("a host")
}

#[test]
fn a_fingerprint_is_a_host_without_masks() {
    let host = firecrackers();
    let dump = dump(&host);
    assert!(dump.is_dump());
    let json = format!(
        r#"{{"firecracker_version": "1.16.0", "kernel_version": "6.1.29",
             "guest_cpu_config": {dump}}}"#
    );
    let Document::Fingerprint(read) = serde_json::from_str(&json).expect("a fingerprint") else {
        panic!("a template");
    };
    assert_eq!(read.guest_cpu_config, dump);
    let imported = read
        .guest_cpu_config
        .host(&read.kernel_version)
        .expect("a host");
    assert_eq!(imported.values(), host.values());
    assert_eq!(imported.info().vcpu, host.info().vcpu);
    assert_eq!(imported.info().kernel_release, "6.1.29");
    let register = imported.description().registers[0];
    assert_eq!(imported.writable(register), 0);
    assert!(!imported.info().capabilities.writable_masks);
    // The file of the host reads back.
    let file = serde_json::to_string(&imported).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Host>(&file).expect("a host"),
        imported
    );
}

#[test]
fn a_dump_is_a_view() {
    let host = firecrackers();
    let view = dump(&host).view("6.1.29").expect("a view");
    assert_eq!(view.vcpu_count(), 1);
    let vcpu = view.vcpu(0).expect("a vCPU");
    assert_eq!(&vcpu.values, host.values());
    assert_eq!(vcpu.caches, [Some(0x701f_e01a)]);
    assert_eq!(view.info().firmware.iter().count(), 1);
}

#[test]
fn dumps_that_are_not_complete_are_refused() {
    let mut partial = dump(&firecrackers());
    partial.registers[1].bits.filter = 1;
    assert!(!partial.is_dump());
    let error = partial.host("6.1").expect_err("no host").to_string();
    assert!(
        error.ends_with("is not whole: its bitmap has `x`, as in a template"),
        "{error}"
    );
    let mut twice = dump(&firecrackers());
    twice.registers.push(twice.registers[0]);
    let error = twice.host("6.1").expect_err("no host").to_string();
    assert!(error.ends_with("is there twice; keep one"), "{error}");
    let mut sve = dump(&firecrackers());
    sve.registers.push(whole(0x6030_0000_0013_c090, 0));
    let error = sve.host("6.1").expect_err("no host").to_string();
    assert!(error.contains("has no vector lengths"), "{error}");
    let empty = Template::default()
        .host("6.1")
        .map(|host| host.values().iter().count());
    assert_eq!(empty.ok(), Some(0));
}
