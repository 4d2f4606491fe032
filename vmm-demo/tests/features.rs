//! `props --features` on host files.

use serde_json::json;
use std::process::{Command, Output};

const HOST: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/hosts/max-latest.json"
);

fn idreg(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_idreg"))
        .args(arguments)
        .output();
    output.expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn features_of_a_host_file() {
    let output = idreg(&["props", "--features", "--host", HOST, "FEAT_SVE*"]);
    let shown = text(&output.stdout);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = shown.lines().map(words).collect();
    assert_eq!(lines[0], "FEATURE HOST DEFINED BY");
    let sve2 = "FEAT_SVE2 yes SYSREG_ID_AA64ZFR0_EL1_SVEver>=0x1 with FEAT_SVE".to_owned();
    assert!(lines.contains(&sve2), "{shown}");
}

#[test]
fn features_of_a_host_file_as_json() {
    let arguments = ["--json", "--host", HOST, "--cpu", "host,FEAT_RASv1p1=off"];
    let output = idreg(&[&["props", "--features"][..], &arguments, &["FEAT_RASv1p1"]].concat());
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(list["schema"], "idreg-features/2");
    let field = |property: &str, first: &str, last: &str, value: &str| {
        let property = format!("SYSREG_{property}");
        json!({ "property": property, "first": first, "last": last, "value": value })
    };
    let ras = field("ID_AA64PFR0_EL1_RAS", "0x2", "0xf", "0x2");
    let fraction = field("ID_AA64PFR1_EL1_RAS_frac", "0x1", "0xf", "0x0");
    let base = field("ID_AA64PFR0_EL1_RAS", "0x1", "0x1", "0x2");
    let mirrors = [
        field("ID_PFR0_EL1_RAS", "0x2", "0xf", "0x0"),
        field("ID_PFR2_EL1_RAS_frac", "0x1", "0xf", "0x0"),
    ];
    let expected = json!([{
        "feature": "FEAT_RASv1p1",
        "host": true,
        "model": false,
        "definitions": [
            { "fields": [ras], "with_features": [], "with_fields": [] },
            { "fields": [fraction], "with_features": [], "with_fields": [base] },
        ],
        "mirrors": mirrors,
    }]);
    assert_eq!(list["features"], expected);
}

/// Every list and every plan says it, once.
#[test]
fn contradiction_of_a_host_is_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("host.json");
    let json = std::fs::read_to_string(HOST).expect("a host file");
    let mut json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    json["registers"]["ID_AA64PFR0_EL1"]["value"] = "0x1101001021110222".into();
    std::fs::write(&file, json.to_string()).expect("a file");
    let file = file.to_str().expect("UTF-8");
    let sve2 = ["props", "--features", "FEAT_SVE2", "--host", file];
    for arguments in [
        &sve2[..],
        &[&sve2[..], &["--cpu", "host,FEAT_SHA3=on"]].concat(),
        &["check", "--host", file, "--cpu", "host"],
    ] {
        let output = idreg(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let warnings = text(&output.stderr);
        let said =
            warnings.matches("warning: the host contradicts itself: ID_AA64ZFR0_EL1 is zero");
        assert_eq!(said.count(), 1, "{warnings}");
        if arguments.contains(&"--features") {
            let shown = text(&output.stdout);
            assert!(shown.contains("FEAT_SVE2  no"), "{shown}");
        }
    }
}
