//! The measure of the house, `python3 tests/house`.

#![allow(
    clippy::expect_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};

/// Output of `python3 -B ARGUMENTS` in the root of the workspace; `None`, after saying so, without
/// Python.
fn python(test: &str, arguments: &[&str]) -> Option<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new("python3")
        .arg("-B")
        .args(arguments)
        .current_dir(root)
        .output();
    match output {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The test harness captures println!.
            let _ = writeln!(io::stderr(), "skipped: {test}: there is no `python3`");
            None
        }
        output => Some(output.expect("python3 runs")),
    }
}

#[test]
fn the_measure_finds_what_it_looks_for() {
    let arguments = ["-m", "unittest", "discover", "tests/house"];
    if let Some(output) = python("the_measure_finds_what_it_looks_for", &arguments) {
        let report = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{report}");
        assert!(report.contains("OK"), "{report}");
    }
}

#[test]
fn the_house_meets_every_goal() {
    if let Some(output) = python("the_house_meets_every_goal", &["tests/house"]) {
        let report = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{report}{errors}");
    }
}
