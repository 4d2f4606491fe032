//! The page of `idreg report` in a browser, headless Chromium.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use clap::Parser as _;
use idreg_tests::browser::Browser;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use vmm_demo::cli::idreg::{IdregCli, IdregCommand};
use vmm_demo::commands::report::report;

const HOSTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/hosts");

/// Three hosts that have a model in common.
const MODEL: [&str; 3] = ["cortex-a55", "cortex-a76", "neoverse-n1"];
/// Hosts without one.
const NO_MODEL: [&str; 4] = ["cortex-a57", "neoverse-n2", "neoverse-v1", "max"];
/// Hosts that differ in many fields.
const MANY: [&str; 6] = [
    "cortex-a35",
    "cortex-a55",
    "cortex-a72",
    "neoverse-n1",
    "neoverse-v1",
    "max",
];

fn hosts(names: &[&str]) -> Vec<PathBuf> {
    let names = names.iter();
    let files = names.map(|name| Path::new(HOSTS).join(format!("{name}-latest.json")));
    files.collect()
}

/// Writes a page on hosts.
fn page(directory: &TempDir, name: &str, hosts: &[PathBuf]) -> PathBuf {
    let file = directory.path().join(name);
    let command = ["idreg", "report", "-o"].map(PathBuf::from);
    let arguments = command.iter().chain([&file]).chain(hosts);
    let cli = IdregCli::try_parse_from(arguments).expect("a command line");
    let IdregCommand::Report(arguments) = &cli.command else {
        panic!("another command")
    };
    report(arguments, &cli.models).expect("a page");
    file
}

/// Runs a check of `report/checks.mjs`, and prints what it measured.
fn check(name: &str, pages: impl FnOnce(&TempDir) -> Vec<PathBuf>) {
    let Some(browser) = Browser::find_or_skip(name) else {
        return;
    };
    let directory = tempfile::tempdir().expect("a directory");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/report/checks.mjs");
    let mut command = browser.script(script);
    let output = command.arg(name).args(pages(&directory)).output();
    let output = output.expect("node starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let measured = stdout.strip_suffix("as it should be\n");
    let Some(measured) = measured.filter(|_| output.status.success()) else {
        panic!("{stdout}{stderr}")
    };
    // The test harness captures print!.
    let _ = write!(io::stderr(), "{measured}");
}

#[test]
fn search_finds_hosts_fields_and_features() {
    check("search", |at| vec![page(at, "model.html", &hosts(&MODEL))]);
}

#[test]
fn filters_select_fields() {
    check("filters", |at| {
        let model = page(at, "model.html", &hosts(&MODEL));
        vec![model, page(at, "none.html", &hosts(&NO_MODEL))]
    });
}

#[test]
fn keys_reach_everything() {
    check("keyboard", |at| {
        vec![page(at, "model.html", &hosts(&MODEL))]
    });
}

#[test]
fn colours_are_those_of_the_system_or_the_button() {
    check("colours", |at| vec![page(at, "model.html", &hosts(&MODEL))]);
}

#[test]
fn lists_have_lines_models_and_coverage() {
    check("lists", |at| vec![page(at, "model.html", &hosts(&MODEL))]);
}

#[test]
fn paper_has_every_field() {
    check("print", |at| vec![page(at, "none.html", &hosts(&NO_MODEL))]);
}

#[test]
fn names_of_hosts_stay_text() {
    check("hostile", |at| {
        let source = &hosts(&MODEL)[0];
        let names = [
            "<img src=x onerror=hacked=1>.json",
            "\"><b>quotes'.json",
            "\u{202e}txt.json",
            "a\u{1b}[31m\nb.json",
        ];
        let files = names.map(|name| at.path().join(name));
        for file in &files {
            fs::copy(source, file).expect("a copy");
        }
        vec![page(at, "hostile.html", &files)]
    });
}

#[test]
fn page_is_accessible() {
    check("accessibility", |at| {
        let model = page(at, "model.html", &hosts(&MODEL));
        vec![model, page(at, "none.html", &hosts(&NO_MODEL))]
    });
}

#[test]
fn page_of_a_thousand_hosts_is_fluid() {
    check("thousand", |at| {
        vec![
            page(at, "many.html", &hosts(&MANY)),
            at.path().join("large.html"),
        ]
    });
}
