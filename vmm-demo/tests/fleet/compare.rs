//! `compare`.

use crate::hosts::{HOSTS, idreg, json, text, transcript, with_masks};
use expect_test::{expect, expect_file};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn compared(arguments: &[&str]) -> String {
    transcript(Path::new(HOSTS), &[&["compare"], arguments].concat())
}

#[test]
fn equal_hosts_are_identical() {
    let text = compared(&["cortex-a57-latest.json", "cortex-a57-latest.json"]);
    expect![[r"
        $ idreg compare cortex-a57-latest.json cortex-a57-latest.json
        A: cortex-a57-latest.json, kernel 7.2.12+deb14-cloud-arm64
        B: cortex-a57-latest.json, kernel 7.2.12+deb14-cloud-arm64
        identical: without overrides, each host can run the other's guests

        Guests are equal with these models:
        A: --cpu host
        B: --cpu host
        exit code 0
    "]]
    .assert_eq(&text);
}

#[test]
fn hosts_with_a_common_model_show_it() {
    let text = compared(&["cortex-a35-latest.json", "cortex-a57-latest.json"]);
    expect_file!["golden/compare-a35-a57.txt"].assert_eq(&text);
}

#[test]
fn fields_of_el2_stand_apart() {
    let text = compared(&["neoverse-n1-latest.json", "neoverse-v1-latest.json"]);
    expect_file!["golden/compare-n1-v1.txt"].assert_eq(&text);
}

#[test]
fn tolerated_fields_keep_the_values_of_their_hosts() {
    let hosts = ["max-old.json", "max-latest.json"];
    let refused = compared(&hosts);
    let tolerated = compared(&[&["--tolerate", "el2"], &hosts[..]].concat());
    expect_file!["golden/compare-tolerate.txt"].assert_eq(&(refused + "\n" + &tolerated));
}

#[test]
fn tolerated_mitigations_are_no_one_way_street() {
    let hosts = ["cortex-a35-latest.json", "cortex-a57-latest.json"];
    let text = compared(&[&["--tolerate", "mitigations"], &hosts[..]].concat());
    let verdict = "0x2  0x0  tolerated: guests can go to all hosts, and may count on a mitigation \
                   that a host does not have";
    assert_eq!(text.matches(verdict).count(), 2, "{text}");
    assert!(!text.contains("same or a higher level"), "{text}");
}

#[test]
fn timers_of_real_machines_are_the_first_obstacle() {
    let directory = tempfile::tempdir().expect("a directory");
    let [one, other] = ["graviton2-kvm-6.1.json", "graviton3-kvm-6.1.json"];
    with_masks(one, directory.path());
    with_masks(other, directory.path());
    let text = transcript(directory.path(), &["compare", one, other]);
    expect_file!["golden/compare-graviton.txt"].assert_eq(&text);
}

#[test]
fn json_has_a_member_for_each_difference() {
    let hosts = ["cortex-a35-latest.json", "cortex-a57-latest.json"];
    let (report, code) = json(Path::new(HOSTS), &["compare", "--json", hosts[0], hosts[1]]);
    assert_eq!(code, Some(0));
    let members: Vec<&String> = report.as_object().expect("an object").keys().collect();
    let expected = [
        "common_model",
        "cpu_a",
        "cpu_b",
        "fields",
        "other",
        "responsible",
        "result",
    ];
    assert_eq!(members, expected);
    assert_eq!(report["result"], "incompatible");
    let addresses = json!({"what": "physical-address-bits", "a": "40", "b": "44"});
    assert_eq!(report["other"][0], addresses);
    let names = |list: &Value, name: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        list.as_array().expect("a list").iter().map(name).collect()
    };
    let responsible = names(&report["responsible"], &Value::clone);
    let properties = names(&report["fields"], &|field| field["property"].clone());
    let facts = names(&report["other"], &|fact| fact["what"].clone());
    assert_eq!(responsible, [properties, facts].concat());
    let csv2 = json!({
        "property": "SYSREG_ID_AA64PFR0_EL1_CSV2",
        "a": "0x1",
        "b": "0x0",
        "verdict": "lowered-on-a",
        "audience": "el0",
        "override_a": "0x0",
        "override_b": null,
    });
    assert!(
        report["fields"].as_array().expect("a list").contains(&csv2),
        "{report}"
    );
}

#[test]
fn number_of_event_counters_is_compared_and_equal_in_the_models() {
    let hosts = ["cortex-a710-latest.json", "neoverse-n2-latest.json"];
    let (report, code) = json(Path::new(HOSTS), &["compare", "--json", hosts[0], hosts[1]]);
    assert_eq!(code, Some(0), "{report}");
    let counters = json!({"what": "pmu-counters", "a": "20", "b": "6"});
    let other = report["other"].as_array().expect("a list");
    assert!(other.contains(&counters), "{report}");
    let model = report["cpu_a"].as_str().expect("a model");
    assert!(model.contains(",pmu-counters=6,"), "{model}");
}

#[test]
fn json_names_facts_that_differ_as_responsible() {
    let hosts = ["neoverse-n1-latest.json", "neoverse-v1-latest.json"];
    let (report, code) = json(Path::new(HOSTS), &["compare", "--json", hosts[0], hosts[1]]);
    assert_eq!(code, Some(1));
    let vectors = json!([{"what": "vector-lengths", "a": "none", "b": "128, 256"}]);
    assert_eq!(report["other"], vectors);
    let responsible = report["responsible"].as_array().expect("a list");
    assert!(responsible.contains(&"vector-lengths".into()));
    assert_eq!(
        (&report["common_model"], &report["cpu_a"], &report["cpu_b"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
}

#[test]
fn file_that_cannot_be_used_is_named() {
    let good = "max-latest.json";
    for files in [["gone.json", good], [good, "gone.json"]] {
        let output = idreg(&["compare", files[0], files[1]]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(output.stdout.is_empty());
        assert!(
            error.starts_with("error: cannot use the host file `gone.json`: "),
            "{error}"
        );
    }
}

#[test]
fn tolerance_of_no_field_is_refused() {
    let output = idreg(&[
        "compare",
        "--tolerate",
        "el3",
        "max-latest.json",
        "max-lts.json",
    ]);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("`el3` cannot be tolerated; write `el2`"),
        "{error}"
    );
}

/// Guests with EL2 can act on every field.
#[test]
fn guests_with_el2_tolerate_no_field() {
    let directory = tempfile::tempdir().expect("a directory");
    let names = ["neoverse-n1-latest.json", "neoverse-v1-latest.json"];
    for name in names {
        let file = fs::read_to_string(Path::new(HOSTS).join(name)).expect(name);
        let mut host: Value = serde_json::from_str(&file).expect("JSON");
        host["vcpu"]["el2"] = true.into();
        host["capabilities"]["el2"] = true.into();
        fs::write(directory.path().join(name), host.to_string()).expect("a file");
    }
    for command in ["compare", "baseline"] {
        let shown = transcript(directory.path(), &[command, names[0], names[1]]);
        assert!(shown.contains("SYSREG_ID_AA64MMFR2_EL1_EVT"), "{shown}");
        assert!(!shown.contains("--tolerate"), "{shown}");
    }
}
