//! Host files: they serialise to the same bytes, and invalid files are rejected.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_1, MAX_6_12, MAX_7_2, edited, host};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::regs::{IdAa64isar0El1, MidrEl1};
use serde_json::{Value, json};
use std::fs;

fn error(file: &str) -> String {
    serde_json::from_str::<Host>(file)
        .expect_err("a bad file")
        .to_string()
}

#[test]
fn same_host_same_bytes() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/hosts");
    let mut count = 0;
    for entry in fs::read_dir(directory).expect("the recorded hosts") {
        let path = entry.expect("a file").path();
        let file = fs::read_to_string(&path).expect("text");
        let written = serde_json::to_string_pretty(&host(&file)).unwrap() + "\n";
        assert_eq!(written, file, "{}", path.display());
        count += 1;
    }
    assert!(count > 20, "{count} files");
}

#[test]
fn unknown_members_and_registers_are_ignored() {
    let extended = MAX_7_2
        .replacen('{', "{\n  \"colour\": [1, {}],", 1)
        .replacen(
            "\"registers\": {",
            "\"registers\": {\n    \"ID_NEW_EL1\": 1,",
            1,
        );
    assert_ne!(extended, MAX_7_2);
    assert_eq!(host(&extended), host(MAX_7_2));
}

#[test]
fn newer_schema_is_an_error() {
    let newer = MAX_7_2.replace("idreg-host/1", "idreg-host/2");
    let text = error(&newer);
    assert!(
        text.contains("`idreg-host/2` is newer than `idreg-host/1`"),
        "{text}"
    );
}

#[test]
fn other_files_are_not_host_files() {
    assert!(error(&MAX_7_2.replace("idreg-host/1", "x/1")).contains("not a host file"));
    assert!(error("{}").contains("missing field"));
    assert!(error("[]").contains("invalid"));
    assert!(error("").contains("EOF"));
}

#[test]
fn schema_is_a_plain_number() {
    for schema in [
        "idreg-host/+1",
        "idreg-host/0x1",
        "idreg-host/01",
        "idreg-host/0x2",
        "idreg-host/+2",
        "idreg-host/",
        "idreg-host",
        "/1",
    ] {
        let text = error(&MAX_7_2.replace("idreg-host/1", schema));
        assert!(text.contains("not a host file"), "{text}");
    }
}

#[test]
fn capability_that_the_file_does_not_know_is_not_there() {
    let older = MAX_7_2.replacen("    \"writable_implementation_ids\": true,\n", "", 1);
    assert_ne!(older, MAX_7_2);
    assert!(!host(&older).info().capabilities.writable_implementation_ids);
}

#[test]
fn host_of_another_description_is_read_with_it() {
    let mut json = serde_json::Deserializer::from_str(MAX_7_2);
    let read = Host::deserialize_described(&two::DESCRIPTION, &mut json).unwrap();
    assert_eq!(read.values().iter().count(), 2);
    let isar0: IdAa64isar0El1 = read.values().get_as().unwrap();
    assert_eq!(Some(isar0), host(MAX_7_2).values().get_as());
    let written = serde_json::to_string(&read).unwrap();
    let again = Host::deserialize_described(
        &two::DESCRIPTION,
        &mut serde_json::Deserializer::from_str(&written),
    );
    assert_eq!(again.unwrap(), read);
    let ours: Host = serde_json::from_str(&written).unwrap();
    assert_eq!(
        ours.values(),
        read.values(),
        "the same registers, whatever their order"
    );
}

/// Two registers of the range, in another order than in the project's own description.
mod two {
    idreg_runtime::include_sysreg!("data/two.sysreg");
}

#[test]
fn malformed_values_are_named() {
    let bad = MAX_7_2.replacen("\"value\": \"0x", "\"value\": \"0y", 1);
    assert!(
        error(&bad).starts_with("register MIDR_EL1: `0y"),
        "{}",
        error(&bad)
    );
    assert!(error(&bad).contains("is not a number"), "{}", error(&bad));
    let bad = MAX_7_2.replacen("\"writable\": ", "\"writeable\": ", 1);
    let text = error(&bad);
    assert!(
        text.contains("register MIDR_EL1: expected `value` and `writable`"),
        "{text}"
    );
}

/// The file with another form of MIDR_EL1.
fn with_midr(form: &str) -> String {
    let (before, rest) = MAX_7_2.split_once("\"MIDR_EL1\": {").expect("it is there");
    let (_, after) = rest.split_once('}').expect("an object");
    format!("{before}\"MIDR_EL1\": {form}{after}")
}

#[test]
fn known_register_is_an_object_of_two_strings() {
    for form in [
        "1",
        "-1",
        "1.5",
        "null",
        "true",
        "\"0x1\"",
        "[\"0x1\", \"0x1\"]",
        "{}",
        "{\"value\": \"0x1\"}",
        "{\"value\": \"0x1\", \"writable\": 1}",
        "{\"value\": [{}], \"writable\": \"0x1\"}",
        "{\"value\": \"0x1\", \"value\": \"0x1\", \"writable\": \"0x1\"}",
    ] {
        let file = with_midr(form);
        assert_eq!(
            error(&file).split(" at line").next(),
            Some("register MIDR_EL1: expected `value` and `writable`, both as strings"),
            "{form}"
        );
        let unknown = file.replacen("\"MIDR_EL1\"", "\"ID_NEW_EL1\"", 1);
        assert_eq!(host(&unknown).values().iter().count(), 47, "{form}");
    }
    let more = r#"{"\u0076alue": "\u0030x1", "writable": "0", "more": {"a": []}}"#;
    let midr: Option<MidrEl1> = host(&with_midr(more)).values().get_as();
    assert_eq!(midr.map(MidrEl1::bits), Some(1));
}

#[test]
fn register_twice_is_an_error() {
    let line = "\"MIDR_EL1\": { \"value\": \"0x1\", \"writable\": \"0x0\" },";
    let twice = MAX_7_2.replacen("\"registers\": {", &format!("\"registers\": {{{line}"), 1);
    assert!(
        error(&twice).contains("register MIDR_EL1 appears twice"),
        "{}",
        error(&twice)
    );
}

/// Reads a file of a host with SVE after an edit of its members.
fn error_after(edit: impl Fn(&mut Value)) -> String {
    let mut json: Value = serde_json::from_str(MAX_7_2).expect("JSON");
    edit(&mut json);
    error(&json.to_string())
}

/// Members of a host file as JSON pointers, with contradictory values, and a part of the message.
type Contradiction = (&'static [(&'static str, &'static str)], &'static str);

/// Each contradiction by itself.
const CONTRADICTIONS: &[Contradiction] = &[
    (
        &[("/sve_vector_lengths", "[]")],
        "`vcpu.sve` is true, but `sve_vector_lengths` is empty",
    ),
    (
        &[("/sve_vector_lengths", "[256]")],
        "`sve_vector_lengths` is without 128",
    ),
    (
        &[("/sve_vector_lengths", "[128, 256, 256]")],
        "multiples of 128 up to 2048, ascending",
    ),
    (
        &[("/sve_vector_lengths", "[128, 2176]")],
        "multiples of 128 up to 2048, ascending",
    ),
    (
        &[("/vcpu/sve", "false"), ("/capabilities/sve", "false")],
        "`sve_vector_lengths` has lengths, but `capabilities.sve` is false",
    ),
    (
        &[("/capabilities/pauth", "false")],
        "`vcpu.pauth` is true, but `capabilities.pauth` is false",
    ),
    (
        &[("/capabilities/pmu", "false")],
        "`vcpu.pmu` is true, but `capabilities.pmu` is false",
    ),
    (
        &[("/vcpu/mte", "true")],
        "`vcpu.mte` is true, but `capabilities.mte` is false",
    ),
    (
        &[("/vcpu/el2", "true")],
        "`vcpu.el2` is true, but `capabilities.el2` is false",
    ),
    (
        &[
            ("/vcpu/aarch32", "true"),
            ("/capabilities/el1_32bit", "false"),
        ],
        "`vcpu.aarch32` is true, but `capabilities.el1_32bit` is false",
    ),
    (
        &[
            ("/vcpu/aarch32", "true"),
            ("/capabilities/el1_32bit", "true"),
            ("/vcpu/mte", "true"),
            ("/capabilities/mte", "true"),
        ],
        "`vcpu.aarch32` is true together with `mte` or `el2`",
    ),
    (
        &[("/vcpu/sve_limit", "7")],
        "`vcpu.sve_limit` is 7, expected a multiple of 128",
    ),
    (
        &[("/vcpu/sve_limit", "128"), ("/vcpu/sve", "false")],
        "`vcpu.sve_limit` is 128, expected a multiple of 128 up to 2048, with `vcpu.sve`",
    ),
    (
        &[("/capabilities/writable_masks", "false")],
        "register MIDR_EL1: `writable` is not 0, but `capabilities.writable_masks` is false",
    ),
    (
        &[("/implementations/1/cpu", "0")],
        "`implementations` has CPU 0 twice",
    ),
    (
        &[("/implementations/0/cpu", "4096")],
        "`implementations` has CPU 4096, and Linux numbers CPUs from 0 to 4095",
    ),
    (
        &[("/kernel_release", r#""7\u202e2""#)],
        r"`kernel_release` is `7\u{202e}2`",
    ),
    (
        &[("/kernel_release", r#""7\nerror""#)],
        r"`kernel_release` is `7\nerror`",
    ),
];

#[test]
fn a_host_that_contradicts_itself_is_an_error() {
    for (members, part) in CONTRADICTIONS {
        let text = error_after(|host| {
            let config = host["vcpu"].as_object_mut().expect("an object");
            config.insert("sve_limit".to_owned(), Value::Null);
            for (member, value) in *members {
                let place = host.pointer_mut(member).expect(member);
                *place = serde_json::from_str(value).expect("JSON");
            }
        });
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let text = error_after(|host| host["kernel_release"] = json!("7".repeat(65)));
    assert!(
        text.contains("expected a release of up to 64 bytes"),
        "{text}"
    );
}

#[test]
fn impossible_core_types_are_an_error() {
    let core = |cpus: Value| json!({"cpus": cpus, "registers": {}});
    for (cores, part) in [
        (
            json!([core(json!([0])), core(json!([0]))]),
            "`cores` has CPU 0 twice",
        ),
        (json!([core(json!([0, 0, 0]))]), "`cores` has CPU 0 twice"),
        (
            json!([core(json!([0])), core(json!([]))]),
            "`cores` has a type without `cpus`",
        ),
        (
            json!([core(json!([]))]),
            "`cores` has a type without `cpus`",
        ),
        (json!([core(json!([9999]))]), "`cores` has CPU 9999"),
        (json!([[[0], {}]]), "expected an object"),
        (
            json!([{"cpus": [0], "registers": {"ID_NOT_\u{202e}": "0x0"}}]),
            r"`cores` has the register ID_NOT_\u{202e}, which `registers` does not have",
        ),
        (
            (0..65).map(|cpu| core(json!([cpu]))).collect(),
            "expected an array of at most 64 items",
        ),
    ] {
        let text = error_after(|host| host["cores"] = cores.clone());
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

/// A newer version may know the register: it is in both lists.
#[test]
fn unknown_register_of_all_lists_is_ignored() {
    let mut json: Value = serde_json::from_str(MAX_7_2).expect("JSON");
    let entry = json!({"value": "0x1", "writable": "0x0"});
    json["registers"]["ID_NEW_EL1"] = entry;
    json["cores"] = json!([{"cpus": [0], "registers": {"ID_NEW_EL1": "0x2"}}]);
    assert_eq!(host(&json.to_string()), host(MAX_7_2));
}

#[test]
fn implementations_are_bounded() {
    let cpu = |cpu: u32| json!({"cpu": cpu, "midr": null, "revidr": null, "aidr": null});
    let text = error_after(|host| host["implementations"] = (0..4097).map(cpu).collect());
    assert!(
        text.contains("expected an array of at most 4096 items"),
        "{text}"
    );
}

/// The derived code of a struct also takes its members as an array.
#[test]
fn an_array_in_place_of_an_object_is_an_error() {
    let json: Value = serde_json::from_str(MAX_7_2).expect("JSON");
    let members: Vec<&Value> = json.as_object().expect("an object").values().collect();
    let text = error(&serde_json::to_string(&members).expect("JSON"));
    assert!(
        text.contains("invalid type: sequence, expected an object"),
        "{text}"
    );
    for member in ["capabilities", "vcpu", "registers"] {
        let text = error_after(|host| host[member] = json!([true, true]));
        assert!(text.contains("invalid type: sequence"), "{member}: {text}");
    }
    let text = error_after(|host| host["implementations"][0] = json!([0, "0x0", "0x0", "0x0"]));
    assert!(text.contains("expected an object"), "{text}");
}

#[test]
fn register_of_other_versions_twice_is_an_error() {
    let entry = "\"ID_NEW_EL1\": 1, \"ID_NEW_EL1\": 1,";
    let twice = MAX_7_2.replacen("\"registers\": {", &format!("\"registers\": {{{entry}"), 1);
    assert!(error(&twice).contains("register ID_NEW_EL1 appears twice"));
}

/// Values of a bare machine or of another hypervisor.
#[test]
fn fields_that_kvm_hides_are_found() {
    for file in [MAX_7_2, MAX_6_12, MAX_6_1, A64FX_7_2] {
        assert_eq!(host(file).hidden_fields(), []);
    }
    for (register, bits, name) in [
        ("ID_AA64PFR1_EL1", 2 << 24, "SYSREG_ID_AA64PFR1_EL1_SME=0x2"),
        ("ID_AA64PFR0_EL1", 1 << 44, "SYSREG_ID_AA64PFR0_EL1_AMU=0x1"),
        (
            "ID_AA64DFR0_EL1",
            3 << 32,
            "SYSREG_ID_AA64DFR0_EL1_PMSVer=0x3",
        ),
        (
            "ID_AA64SMFR0_EL1",
            1 << 63,
            "SYSREG_ID_AA64SMFR0_EL1_FA64=0x1",
        ),
    ] {
        let host = host(&edited(MAX_7_2, register, "value", |value| value | bits));
        let hidden = host.hidden_fields().into_iter();
        let hidden = hidden.map(|(field, value)| format!("{field}={value:#x}"));
        assert_eq!(hidden.collect::<Vec<_>>(), [name]);
        let plan = Plan::new(&host, &CpuModel::host()).expect("a plan");
        let mut warnings = plan.warnings().iter();
        let warning = warnings.find(|warning| warning.name() == "not-of-kvm");
        let warning = warning.expect("a warning");
        assert_eq!(Warning::of_host(&host), plan.warnings());
        let text = warning.to_string();
        assert!(
            text.starts_with("the host's registers are not those of a KVM guest"),
            "{text}"
        );
    }
}
