//! Engines that spread work over many machines: they read the parts of a fleet and merge them.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

use idreg_tests::artifacts::build::cargo;
use idreg_tests::python::{DASK, Python};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Hosts that have a model in common.
const GROUP: [&str; 3] = [
    "cortex-a55-latest",
    "cortex-a76-latest",
    "neoverse-n1-latest",
];

/// The program `idreg` for this machine, which `cargo test` builds for tests of its own package
/// only.
fn idreg() -> PathBuf {
    let test = env::current_exe().expect("the path of the test");
    let profile = test.ancestors().nth(2).expect("the folder above `deps`");
    let status = Command::new(cargo())
        .args([
            "build",
            "--quiet",
            "--package",
            "vmm-demo",
            "--bin",
            "idreg",
        ])
        .arg("--target-dir")
        .arg(profile.parent().expect("the target directory"))
        .status()
        .expect("cargo runs");
    assert!(status.success(), "{status}");
    profile.join("idreg")
}

/// Host files of which every third is of one kind.
fn write_hosts(folder: &Path) {
    fs::create_dir(folder).expect("a folder");
    for number in 0..60 {
        let host = GROUP.get(number % GROUP.len()).expect("a host");
        let from = format!("data/hosts/{host}.json");
        fs::copy(from, folder.join(format!("{number:02}.json"))).expect("a copy");
    }
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn dask_gives_the_bytes_of_one_process() {
    let Some(python) = Python::with_or_skip(&DASK, "dask_gives_the_bytes_of_one_process") else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (idreg, path) = (idreg(), folder.path());
    write_hosts(&path.join("hosts"));
    let script = fs::canonicalize("fleet/dask_baseline.py").expect("a script");
    let arguments = [idreg.as_os_str(), "hosts".as_ref(), "fleet.json".as_ref()];
    let mut dask = python.script(script);
    dask.args(arguments).current_dir(path);
    // Dask's settings of a user are in the home directory.
    dask.env("HOME", path).env("DASK_CONFIG", path);
    let output = succeeds(&mut dask);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2 workers\n");

    let ask = |arguments: &[&str]| {
        let mut command = Command::new(&idreg);
        command.arg("baseline").args(arguments).current_dir(path);
        succeeds(&mut command).stdout
    };
    let spread = fs::read(path.join("fleet.json")).expect("a fleet file");
    assert!(spread == ask(&["--partial", "hosts"]));
    for question in [&[][..], &["--json"], &["--coverage"]] {
        let whole = ask(&[question, &["hosts"]].concat());
        assert!(!whole.is_empty());
        assert!(
            ask(&[question, &["--merge", "fleet.json"]].concat()) == whole,
            "{question:?}"
        );
    }
}
