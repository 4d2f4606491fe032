//! Host files: they serialise to the same bytes, and invalid files are rejected.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_1, MAX_6_12, MAX_7_2, host};
use idreg_runtime::host::Host;
use idreg_runtime::regs::IdAa64isar0El1;

fn error(file: &str) -> String {
    serde_json::from_str::<Host>(file)
        .expect_err("a bad file")
        .to_string()
}

#[test]
fn same_host_same_bytes() {
    for file in [MAX_7_2, MAX_6_12, MAX_6_1, A64FX_7_2] {
        let written = serde_json::to_string_pretty(&host(file)).unwrap() + "\n";
        assert_eq!(written, file);
    }
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
    for schema in ["idreg-host/+1", "idreg-host/", "idreg-host", "/1"] {
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
