//! `report`.

use crate::hosts::{HOSTS, idreg, idreg_in, json, text};
use expect_test::expect_file;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

const MODEL: [&str; 3] = [
    "cortex-a55-latest.json",
    "cortex-a76-latest.json",
    "neoverse-n1-latest.json",
];
const NO_MODEL: [&str; 3] = [
    "cortex-a57-latest.json",
    "neoverse-n2-latest.json",
    "neoverse-v1-latest.json",
];

/// Writes a page on emulated hosts; returns it with the program's output.
fn page(arguments: &[&str]) -> (String, Output) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("page.html");
    let output = ["report", "-o", file.to_str().expect("UTF-8")];
    let output = idreg(&[&output, arguments].concat());
    (fs::read_to_string(&file).unwrap_or_default(), output)
}

/// The data of a page.
fn data(page: &str) -> Value {
    let (_, rest) = page
        .split_once(r#"<script type="application/json" id="data">"#)
        .expect("data");
    let (data, _) = rest.split_once("</script>").expect("an end");
    serde_json::from_str(data).expect("JSON")
}

/// The part of a page that needs no script.
fn summary(page: &str) -> &str {
    let start = page.find(r#"<section id="summary""#).expect("a summary");
    let end = page.find("</section>").expect("an end");
    &page[start..end]
}

fn field<'d>(data: &'d Value, property: &str) -> &'d Value {
    let fields = data["fields"].as_array().expect("fields");
    let field = fields.iter().find(|field| field["property"] == property);
    field.expect(property)
}

/// For each kind the value of a field and the name of its relation to the model.
fn cells(data: &Value, property: &str) -> Vec<String> {
    let field = field(data, property);
    let kinds = data["kinds"].as_array().expect("kinds").len();
    let cells = (0..kinds).map(|kind| {
        let state = field["cells"].get(kind).map_or(0, number);
        let state = &field["states"][state];
        let relation = &data["relations"][number(&state["relation"])];
        let [value, name] = [&state["value"], &relation["name"]].map(|text| text.as_str());
        format!("{} {}", value.expect("a value"), name.expect("a name"))
    });
    cells.collect()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("a position")
}

#[test]
fn summary_has_the_model_or_everything_in_the_way() {
    let with = page(&MODEL).0;
    let without = page(&NO_MODEL).0;
    let text = format!("{}\n\n{}\n", summary(&with), summary(&without));
    expect_file!["golden/report-summary.html"].assert_eq(&text);
}

#[test]
fn lines_are_those_of_the_baseline() {
    let data = data(&page(&MODEL).0);
    let (baseline, _) = json(
        Path::new(HOSTS),
        &[&["baseline", "--json"], &MODEL[..]].concat(),
    );
    for (position, name) in MODEL.iter().enumerate() {
        assert_eq!(data["kinds"][position]["names"][0], *name);
        assert_eq!(
            data["kinds"][position]["cpu"],
            baseline["hosts"][position]["cpu"]
        );
    }
}

#[test]
fn cells_have_their_relation_to_the_model() {
    let data = data(&page(&MODEL).0);
    for (property, expected) in [
        (
            "SYSREG_MIDR_EL1_PartNum",
            ["0xd05 same", "0xd0b replaced", "0xd0c replaced"],
        ),
        (
            "SYSREG_ID_AA64PFR1_EL1_SSBS",
            [
                "0x1 (IMP) limits",
                "0x1 (IMP) limits",
                "0x2 (SSBS2) lowered",
            ],
        ),
        (
            "SYSREG_ID_AA64PFR0_EL1_EL0",
            [
                "0x2 (AARCH32) same",
                "0x2 (AARCH32) same",
                "0x2 (AARCH32) same",
            ],
        ),
    ] {
        assert_eq!(cells(&data, property), expected, "{property}");
    }
    let ssbs = field(&data, "SYSREG_ID_AA64PFR1_EL1_SSBS");
    assert_eq!(
        (&ssbs["mitigation"], &ssbs["differs"]),
        (&true.into(), &true.into())
    );
    let features = ssbs["features"].as_array().expect("features");
    assert!(features.contains(&"FEAT_SSBS2".into()));
}

#[test]
fn accepted_values_are_those_of_the_explanation() {
    let data = data(&page(&MODEL).0);
    let property = "SYSREG_ID_AA64MMFR0_EL1_PARANGE";
    let arguments = [&["baseline", "--json", "--explain", property], &MODEL[..]].concat();
    let (explained, _) = json(Path::new(HOSTS), &arguments);
    let field = field(&data, property);
    let limited = (0..MODEL.len()).filter(|kind| {
        let accepted = &field["accepted"][number(&field["accepts"][*kind])];
        let hosts = &explained["hosts_by_value"][accepted["values"].as_str().expect("values")];
        let hosts = hosts.as_array().expect("hosts");
        assert!(hosts.contains(&MODEL[*kind].into()), "{kind}");
        accepted["limits"] == true
    });
    let limited: Vec<&str> = limited.map(|kind| MODEL[kind]).collect();
    assert_eq!(explained["limited_by"], serde_json::json!(limited));
}

#[test]
fn hosts_without_a_model_are_compared_with_that_of_most() {
    let data = data(&page(&NO_MODEL).0);
    let kinds = data["kinds"].as_array().expect("kinds");
    let has_line: Vec<bool> = kinds.iter().map(|kind| kind["cpu"].is_string()).collect();
    assert_eq!(has_line, [false, true, true]);
    let fwb = cells(&data, "SYSREG_ID_AA64MMFR2_EL1_FWB");
    assert_eq!(
        fwb,
        ["0x0 (NI) in the way", "0x1 (IMP) same", "0x1 (IMP) same"]
    );
    assert_eq!(
        field(&data, "SYSREG_ID_AA64MMFR2_EL1_FWB")["in_the_way"],
        true
    );
    assert!(data["coverage"][0]["features"].is_null());
}

#[test]
fn facts_of_machines_are_in_the_way_of_kinds() {
    let hosts = [&NO_MODEL[1..], &["max-latest.json"]].concat();
    let data = data(&page(&hosts).0);
    assert!(data["kinds"][0].get("facts").is_none());
    assert_eq!(
        data["kinds"][2]["facts"][0],
        "the timer's frequency (CNTFRQ_EL0) 1000000000 Hz"
    );
    assert!(data["kinds"][2]["cpu"].is_null());
}

#[test]
fn identity_of_a_cpu_limits_nothing() {
    // Linux 6.12 lets no guest have another MIDR_EL1.
    let data = data(&page(&["cortex-a57-lts.json", "cortex-a72-lts.json"]).0);
    let property = "SYSREG_MIDR_EL1_PartNum";
    assert!(field(&data, property)["greatest"].is_null());
    let mut cells = cells(&data, property);
    cells.sort();
    assert_eq!(cells, ["0xd07 same", "0xd08 in the way"]);
    let explain = ["baseline", "--json", "--explain", property];
    let hosts = ["cortex-a57-lts.json", "cortex-a72-lts.json"];
    let (explained, _) = json(Path::new(HOSTS), &[&explain[..], &hosts].concat());
    assert_eq!(explained["limited_by"], serde_json::json!([]));
}

#[test]
fn tolerated_fields_keep_the_hosts_values() {
    let hosts = ["--tolerate", "el2", "max-old.json", "max-latest.json"];
    let data = data(&page(&hosts).0);
    let relations = data["relations"].as_array().expect("relations");
    let tolerated = relations.iter().position(|one| one["name"] == "tolerated");
    let mut fields = data["fields"].as_array().expect("fields").iter();
    assert!(fields.any(|field| {
        let mut states = field["states"].as_array().expect("states").iter();
        states.any(|state| Some(number(&state["relation"])) == tolerated)
    }));
}

#[test]
fn equal_hosts_are_one_row() {
    let a57 = "cortex-a57-latest.json";
    let data = data(&page(&[a57, a57, a57]).0);
    assert_eq!(data["hosts"], 3);
    assert_eq!(data["kinds"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["kinds"][0]["count"], 3);
}

#[test]
fn named_models_are_usable_or_have_blockers() {
    let data = data(&page(&["neoverse-n1-latest.json"]).0);
    let models = data["models"].as_array().expect("models");
    let of = |name: &str| {
        let position = models.iter().position(|model| model["model"] == name);
        &data["kinds"][0]["models"][position.expect(name)]
    };
    assert!(of("neoverse-n1-v1").is_null());
    let refusal = &data["refusals"][number(of("neoverse-v1-v1"))];
    let reasons = refusal["reasons"].as_array().expect("reasons");
    assert_eq!(reasons.len(), 8);
    assert!(number(&refusal["count"]) > 8);
    let last = &data["reasons"][number(&reasons[7])];
    assert!(
        last.as_str().expect("a reason").starts_with("SYSREG_"),
        "{last}"
    );
}

#[test]
fn text_from_outside_cannot_become_markup() {
    let directory = tempfile::tempdir().expect("a directory");
    let source = Path::new(HOSTS).join("cortex-a57-latest.json");
    let mut host: Value =
        serde_json::from_str(&fs::read_to_string(source).expect("a host")).expect("JSON");
    host["kernel_release"] = "</script><script>alert(1)</script>".into();
    let names = ["a'\"<!--<script>.json", "b</script>\u{202e}\u{1b}[m.json"];
    fs::create_dir(directory.path().join("b<")).expect("a directory");
    fs::write(directory.path().join(names[0]), host.to_string()).expect("a file");
    host["timer_frequency"] = 1.into();
    fs::write(directory.path().join(names[1]), host.to_string()).expect("a file");
    let title = "</title><script>alert(1)</script>\u{202e}";
    let output = ["report", "-o", "page.html", "--title", title];
    let output = idreg_in(directory.path(), &[&output[..], &names].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = fs::read_to_string(directory.path().join("page.html")).expect("a page");
    let has_control = |one: char| one.is_control() && one != '\n';
    assert!(!page.contains(has_control) && !page.contains(['\u{202e}', '\u{2028}']));
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("</title><"));
    let data = data(&page);
    assert_eq!(data["kinds"][0]["names"][0], "a'\"<!--<script>.json");
    assert_eq!(
        data["kinds"][1]["names"][0],
        "b</script>\\u{202e}\\u{1b}[m.json"
    );
    assert_eq!(
        data["kinds"][0]["kernel"],
        "</script><script>alert(1)</script>"
    );
    // The timers differ, so that the summary names both hosts.
    assert!(
        summary(&page).contains("b&#60;/script&#62;\\u{202e}"),
        "{}",
        summary(&page)
    );
}

#[test]
fn page_loads_nothing() {
    // The namespace of SVG is a name and not an address.
    let page = page(&MODEL).0.replace("http://www.w3.org/2000/svg", "");
    for part in ["http:", "https:", " src=", "@import", "url(", "fetch("] {
        assert!(!page.contains(part), "{part}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn same_hosts_give_the_same_page() {
    assert_eq!(page(&MODEL).0, page(&MODEL).0);
}

/// The exit code and the message of a report over an older page, and if the page is unchanged.
fn over_an_older_page(arguments: &[&str]) -> (Option<i32>, String, bool) {
    let directory: TempDir = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("page.html");
    fs::write(&file, "older").expect("a file");
    let output = ["report", "-o", file.to_str().expect("UTF-8")];
    let output = idreg(&[&output, arguments].concat());
    let is_older = fs::read_to_string(&file).expect("a page") == "older";
    (output.status.code(), text(&output.stderr), is_older)
}

#[test]
fn page_appears_whole_or_not_at_all() {
    let a57 = "cortex-a57-latest.json";
    for (arguments, code, message) in [
        (vec![a57, "missing.json"], 2, "missing.json"),
        (
            vec!["--keep-going", "missing.json"],
            2,
            "there is no host to report on: give at least one host file",
        ),
        (
            vec!["--midr", "x.json", a57],
            2,
            "no host is named `x.json`",
        ),
    ] {
        let (found, stderr, is_older) = over_an_older_page(&arguments);
        assert_eq!(
            (found, is_older),
            (Some(code), true),
            "{arguments:?}: {stderr}"
        );
        assert!(stderr.contains(message), "{stderr}");
    }
    let (code, stderr, is_older) = over_an_older_page(&["--keep-going", a57, "missing.json"]);
    assert_eq!((code, is_older), (Some(2), false), "{stderr}");
    assert_eq!(over_an_older_page(&NO_MODEL).0, Some(0));
}
