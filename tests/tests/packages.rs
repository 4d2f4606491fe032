//! The packages as they would be published, and their examples.

#![allow(
    clippy::expect_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

const PACKAGES: [&str; 3] = ["sysreg", "idreg-macros", "idreg-runtime"];

fn is_rust(file: &str) -> bool {
    Path::new(file).extension() == Some(OsStr::new("rs"))
}

fn cargo(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    output
}

#[test]
fn every_package_has_its_licence_and_readme() {
    for package in PACKAGES {
        let list = cargo(&[
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "-p",
            package,
        ]);
        let list = String::from_utf8_lossy(&list.stdout);
        for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md"] {
            assert!(list.lines().any(|line| line == file), "{package}: {file}");
        }
    }
}

/// A packaged file that names one beside the package would not compile there.
#[test]
fn no_packaged_file_reads_outside_of_its_package() {
    for package in PACKAGES {
        let list = cargo(&[
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "-p",
            package,
        ]);
        let list = String::from_utf8_lossy(&list.stdout);
        for file in list.lines().filter(|file| is_rust(file)) {
            let depth = file.matches('/').count();
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
            let text = std::fs::read_to_string(format!("{root}/{package}/{file}")).expect(file);
            let climb = "include_str!(\"".to_owned() + &"../".repeat(depth + 1);
            assert!(!text.contains(&climb), "{package}/{file}");
        }
    }
}

#[test]
fn examples_run() {
    for (package, example, expected) in [
        ("sysreg", "fields", "SYSREG_ID_AA64ISAR0_EL1_DP\t47:44\n"),
        (
            "idreg-macros",
            "demo",
            "DEMO_EL1(0x15) {MODE: 0x1 (IMP), COUNT: 0x5}\n",
        ),
        (
            "idreg-runtime",
            "own_kvm",
            "SYSREG_ID_AA64ISAR0_EL1_DP: 0x1 -> 0x0\n",
        ),
    ] {
        let run = cargo(&[
            "run",
            "--quiet",
            "--offline",
            "-p",
            package,
            "--example",
            example,
        ]);
        let shown = String::from_utf8_lossy(&run.stdout);
        assert!(shown.contains(expected), "{package}: {shown}");
    }
}
