//! A host as a file: the same bytes again, and what is refused.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_1, MAX_7_2, host};
use idreg_runtime::host::Host;

fn error(file: &str) -> String {
    serde_json::from_str::<Host>(file)
        .expect_err("a bad file")
        .to_string()
}

#[test]
fn same_host_same_bytes() {
    for file in [MAX_7_2, MAX_6_1, A64FX_7_2] {
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
fn other_files_are_no_host_files() {
    assert!(error(&MAX_7_2.replace("idreg-host/1", "x/1")).contains("no host file"));
    assert!(error("{}").contains("missing field"));
    assert!(error("[]").contains("invalid"));
    assert!(error("").contains("EOF"));
}

#[test]
fn malformed_values_are_named() {
    let bad = MAX_7_2.replacen("\"value\": \"0x", "\"value\": \"0y", 1);
    assert!(error(&bad).contains("is no number"), "{}", error(&bad));
}

#[test]
fn register_twice_is_an_error() {
    let line = "\"MIDR_EL1\": { \"value\": \"0x1\", \"writable\": \"0x0\" },";
    let twice = MAX_7_2.replacen("\"registers\": {", &format!("\"registers\": {{{line}"), 1);
    assert!(
        error(&twice).contains("register MIDR_EL1 is there twice"),
        "{}",
        error(&twice)
    );
}
