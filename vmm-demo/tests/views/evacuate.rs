//! `idreg evacuate`.

use super::program::{Directory, line};
use super::where_view::ON_A57;
use expect_test::expect_file;

const N1: &str = "neoverse-n1-lts";
const HOSTS: [&str; 5] = [
    N1,
    "neoverse-n1-latest",
    "neoverse-v1-latest",
    "cortex-a76-latest",
    "max-latest",
];

/// Two guests of a Neoverse N1, with and without overrides, and hosts.
fn with_guests() -> Directory {
    let directory = Directory::new();
    directory.hosts("hosts", &HOSTS);
    directory.view("guests/db.json", N1, "host");
    directory.view("guests/web.json", N1, "host,pmu=off,FEAT_LSE=off");
    directory
}

#[test]
fn every_guest_has_targets_among_the_other_hosts() {
    let directory = with_guests();
    let host = "hosts/neoverse-n1-lts.json";
    let output = directory.idreg(&["evacuate", host, "--views", "guests", "hosts"]);
    expect_file!["expected/evacuate.txt"].assert_eq(&output.golden());
}

#[test]
fn guest_without_a_target_has_the_reasons_of_the_nearest_host() {
    let directory = with_guests();
    directory.view("guests/wide.json", "neoverse-v1-latest", "host");
    let host = "hosts/neoverse-v1-latest.json";
    let arguments = ["evacuate", host, "--views", "guests", "hosts"];
    let output = directory.idreg(&arguments);
    expect_file!["expected/evacuate-stranded.txt"].assert_eq(&output.golden());
    let output = directory.idreg(&[&arguments[..], &["--json"]].concat());
    assert_eq!(output.code, Some(1));
    let report = output.json();
    assert_eq!(report["stranded"], 1);
    let wide = &report["guests"][2];
    assert_eq!(wide["guest"], "guests/wide.json");
    assert_eq!(wide["targets"].as_array().map(Vec::len), Some(0));
    assert!(wide["nearest"]["reasons"][0]["message"].is_string());
    assert_eq!(report["guests"][0]["nearest"], serde_json::Value::Null);
    assert_eq!(report["guests"][0]["targets"][0]["cpu"], "host");
}

#[test]
fn tolerated_mitigations_of_targets_are_warnings() {
    let directory = Directory::new();
    directory.hosts("hosts", &["cortex-a35-latest", "cortex-a57-latest"]);
    directory.view("guests/db.json", "cortex-a35-latest", ON_A57);
    let host = "hosts/cortex-a35-latest.json";
    let arguments = [
        "evacuate",
        host,
        "--views",
        "guests",
        "hosts",
        "--tolerate",
        "mitigations",
    ];
    let output = directory.idreg(&arguments);
    expect_file!["expected/evacuate-mitigations.txt"].assert_eq(&output.golden());
    let report = directory
        .idreg(&[&arguments[..], &["--json"]].concat())
        .json();
    let tolerated = &report["guests"][0]["targets"][0]["tolerated"];
    assert_eq!(tolerated.as_array().map(Vec::len), Some(3));
}

#[test]
fn of_many_targets_the_first_are_listed() {
    let directory = with_guests();
    let lines = (line(N1) + &line("neoverse-v1-latest")).repeat(1500);
    let host = "hosts/neoverse-n1-latest.json";
    let arguments = ["evacuate", "--json", host, "--views", "guests", "-"];
    let report = directory.idreg_with(&arguments, lines.as_bytes()).json();
    let guest = &report["guests"][0];
    assert_eq!(guest["targets"].as_array().map(Vec::len), Some(1024));
    assert_eq!(guest["more"], 476);
    let arguments = ["evacuate", host, "--views", "guests", "-"];
    let output = directory.idreg_with(&arguments, lines.as_bytes());
    let stdout = &output.stdout;
    assert!(stdout.contains(" and 1497 more"), "{stdout}");
}

#[test]
fn mistakes_name_the_file() {
    let directory = with_guests();
    directory.write("bad/guest.json", "{}");
    let host = "hosts/neoverse-n1-latest.json";
    for (arguments, part) in [
        (
            &[host, "--views", "none", "hosts"][..],
            "cannot use the view file `none`: No such file",
        ),
        (
            &[host, "--views", "bad", "hosts"],
            "cannot use the view file `bad/guest.json`: missing field `schema`",
        ),
        (
            &["guests/db.json", "--views", "guests", "hosts"],
            "cannot use the host file `guests/db.json`",
        ),
        (
            &[host, "--views", "guests", "bad"],
            "cannot use the host file `bad/guest.json`",
        ),
        (&[host, "hosts"], "--views <DIRECTORY>"),
    ] {
        let output = directory.idreg(&[&["evacuate"], arguments].concat());
        assert_eq!(output.code, Some(2), "{part}");
        assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
    }
}
