//! `baseline` with questions about the model.

use crate::hosts::{HOSTS, idreg, json, text, transcript};
use expect_test::expect_file;
use serde_json::{Value, json};
use std::path::Path;

/// Hosts of four kinds, of which the last shares no model with the others.
const FLEET: [&str; 5] = [
    "neoverse-n1-latest.json",
    "cortex-a55-latest.json",
    "cortex-a76-latest.json",
    "cortex-a76-latest.json",
    "neoverse-v1-latest.json",
];

fn shown(arguments: &[&str], hosts: &[&str]) -> String {
    transcript(
        Path::new(HOSTS),
        &[&["baseline"], arguments, hosts].concat(),
    )
}

fn report(arguments: &[&str], hosts: &[&str]) -> (Value, Option<i32>) {
    json(
        Path::new(HOSTS),
        &[&["baseline", "--json"], arguments, hosts].concat(),
    )
}

#[test]
fn explanation_names_the_hosts_that_limit_a_field() {
    expect_file!["golden/baseline-explain.txt"].assert_eq(&shown(
        &["--explain", "SYSREG_ID_AA64MMFR2_EL1_IDS"],
        &FLEET,
    ));
}

#[test]
fn explanation_as_json() {
    let (report, code) = report(&["--explain", "SYSREG_ID_AA64ISAR0_EL1_RNDR"], &FLEET);
    assert_eq!(code, Some(0));
    let expected = json!({
        "property": "SYSREG_ID_AA64ISAR0_EL1_RNDR",
        "hosts_by_value": { "0x0": FLEET[..4], "0x0-0x1": [FLEET[4]] },
        "greatest": "0x1",
        "common": "0x0",
        "limited_by": FLEET[..4],
    });
    assert_eq!(report, expected);
}

#[test]
fn unknown_field_gets_the_nearest_name() {
    let output = idreg(&[
        "baseline",
        "--explain",
        "SYSREG_ID_AA64ISAR0_EL1_DPP",
        FLEET[0],
    ]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(
        error.contains("did you mean SYSREG_ID_AA64ISAR0_EL1_DP?"),
        "{error}"
    );
}

#[test]
fn cost_of_another_host_is_shown() {
    let mut text = String::new();
    for host in [FLEET[1], FLEET[2], FLEET[4]] {
        text.push_str(&shown(&["--add", host], &[FLEET[0], FLEET[2]]));
        text.push('\n');
    }
    let v1 = &[FLEET[4]];
    text.push_str(&shown(&["--add", "neoverse-n2-latest.json"], v1));
    expect_file!["golden/baseline-add.txt"].assert_eq(&text);
}

#[test]
fn cost_of_another_host_as_json() {
    let (report, code) = report(&["--add", FLEET[1]], &[FLEET[0], FLEET[2]]);
    let field = json!({"property": "SYSREG_CTR_EL0_L1Ip", "without": "0x3", "with": "0x2"});
    let level = |number: u8| {
        json!({
            "property": format!("KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_{number}"),
            "remedy": "guests can only go to hosts of the same or a higher level, unless it is \
                       tolerated (`--tolerate mitigations`)",
        })
    };
    let expected = json!({
        "host": FLEET[1],
        "common_model": true,
        "unchanged": false,
        "options": [],
        "fields": [field],
        "machine": [level(2), level(3)],
        "error": null,
    });
    assert_eq!((report, code), (expected, Some(1)));
}

#[test]
fn coverage_grows_with_fewer_hosts() {
    expect_file!["golden/baseline-coverage.txt"].assert_eq(&shown(&["--coverage"], &FLEET));
}

#[test]
fn coverage_as_json() {
    let (report, code) = report(&["--coverage"], &FLEET);
    assert_eq!(code, Some(1));
    let step = json!({
        "hosts": 4,
        "share": 0.8,
        "common_model": true,
        "features": 57,
        "left_out": [FLEET[4]],
    });
    assert_eq!(report["coverage"][1], step);
}

#[test]
fn worst_hosts_are_left_out() {
    let (report, code) = report(&["--drop-worst", "1"], &FLEET);
    assert_eq!(code, Some(0));
    assert_eq!(report["left_out"], json!([FLEET[4]]));
    let hosts = report["hosts"].as_array().expect("a list").iter();
    let mut hosts: Vec<&str> = hosts.filter_map(|host| host["host"].as_str()).collect();
    hosts.sort_unstable();
    let mut rest = FLEET[..4].to_vec();
    rest.sort_unstable();
    assert_eq!(hosts, rest);
    let shown = shown(&["--drop-worst", "1"], &FLEET);
    assert!(
        shown.contains("\nLeft out: neoverse-v1-latest.json\n\nThe greatest"),
        "{shown}"
    );
}

#[test]
fn one_kind_of_hosts_must_remain() {
    let output = idreg(&["baseline", "--drop-worst", "2", FLEET[0], FLEET[1]]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: cannot leave out 2 kinds of hosts: there are 2, and one must remain; give a \
         smaller number to `--drop-worst`\n"
    );
}

#[test]
fn two_questions_are_refused() {
    let output = idreg(&["baseline", "--coverage", "--add", FLEET[0], FLEET[1]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}
