//! Editors: rust-analyzer reads the workspace and a user's crate without an error, and completes.

#![allow(
    clippy::expect_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod small_crate;

use small_crate::{SmallCrate, TARGET};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// True if the program works; says otherwise that a test is skipped.
fn is_there(test: &str, program: &str) -> bool {
    let version = Command::new(program).arg("--version").output();
    let is_there = version.is_ok_and(|version| version.status.success());
    if !is_there {
        // The test harness captures println!.
        let _ = writeln!(io::stderr(), "skipped: {test}: there is no `{program}`");
    }
    is_there
}

/// The errors that rust-analyzer finds in a workspace, each on a line.
fn errors(workspace: &Path) -> String {
    let output = run(Command::new("rust-analyzer")
        .args(["diagnostics", "."])
        .current_dir(workspace));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("diagnostic scan complete"), "{text}");
    let errors = text.lines().filter(|line| line.contains(": Error "));
    // The progress is on the same line, before backspaces that take it away again.
    let errors = errors.filter_map(|line| line.rsplit('\u{8}').next());
    errors.collect::<Vec<_>>().join("\n")
}

/// The output of a command that builds with the other small crates, without a network.
fn run(command: &mut Command) -> Output {
    let output = command
        .env("CARGO_TARGET_DIR", Path::new(TARGET))
        .env("CARGO_NET_OFFLINE", "true")
        .output();
    output.expect("a program that starts")
}

#[test]
fn workspace_has_no_error() {
    if is_there("workspace_has_no_error", "rust-analyzer") {
        assert_eq!(errors(Path::new(ROOT)), "");
    }
}

#[test]
fn relative_path_is_found_in_every_source_folder() {
    if !is_there(
        "relative_path_is_found_in_every_source_folder",
        "rust-analyzer",
    ) {
        return;
    }
    let small_crate = SmallCrate::new("editor-paths", "");
    for (folder, file) in [("src", "lib"), ("tests", "it"), ("examples", "it")] {
        let register = file.to_uppercase();
        small_crate.write(
            &format!("{folder}/{folder}.sysreg"),
            format!("Sysreg {register}_EL1 3 0 0 0 1\nField 63:0 ALL\nEndSysreg\n"),
        );
        let module = format!("{file}_el1");
        small_crate.write(
            &format!("{folder}/{file}.rs"),
            format!(
                "mod registers {{ idreg_runtime::include_sysreg!(\"{folder}.sysreg\"); }}\n\
                 use registers::{module}::All;\n\
                 pub const ONE: Option<All> = All::new(1);\n\
                 #[allow(dead_code)]\n\
                 fn main() {{}}\n"
            ),
        );
    }
    assert_eq!(errors(small_crate.root()), "");
}

#[test]
fn registers_and_fields_are_completed() {
    let test = "registers_and_fields_are_completed";
    if !is_there(test, "rust-analyzer") || !is_there(test, "python3") {
        return;
    }
    let small_crate = SmallCrate::new("editor-completion", "");
    let one = "Sysreg ONE_EL1 3 0 0 0 1\nField 63:0 ALL\nEndSysreg\n";
    small_crate.write("src/one.sysreg", one);
    for (code, expected) in [
        ("use idreg_runtime::regs::", "IdAa64isar0El1"),
        ("use idreg_runtime::regs::id_aa64isar0_el1::", "Dp"),
        (
            "idreg_runtime::include_sysreg!(\"one.sysreg\");\nuse self::one_el1::",
            "All",
        ),
    ] {
        small_crate.write("src/lib.rs", code);
        let script = Path::new(ROOT).join("tests/rust-analyzer/complete.py");
        let output = run(Command::new("python3")
            .arg("-B")
            .arg(script)
            .arg(small_crate.root())
            .arg("src/lib.rs"));
        let labels = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        // A label has the documentation's aliases after the name.
        let mut names = labels.lines().map(|label| label.split('(').next());
        let is_completed = names.any(|name| name == Some(expected));
        assert!(is_completed, "{code}: {labels}{errors}");
    }
}
