//! Programs of other people, through `cargo testbed exec --program PATH`.

use idreg_tests::artifacts::Artifacts;
use idreg_tests::program::Program;
use std::path::Path;
use std::process::{Command, Output};

fn exec(program: &Path, args: &[&str]) -> Output {
    let mut testbed = Command::new(env!("CARGO_BIN_EXE_testbed"));
    testbed.args(["exec", "--program"]).arg(program).arg("--");
    testbed.args(args).output().expect("the testbed starts")
}

#[test]
fn any_static_program_runs_in_a_fresh_host() {
    let artifacts = Artifacts::from_environment().expect("`cargo xtest` sets them up");
    let built = &artifacts.programs[&Program::Idreg];
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = directory.path().join("somebodys-program");
    std::fs::copy(built, &program).expect("a copy");
    let output = exec(&program, &["props", "--host", "none.json"]);
    let shown = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("none.json"), "{shown}");
    let output = exec(&program, &["dump"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("idreg-host/1"), "{shown}");
}

#[test]
fn a_file_that_is_no_program_is_a_usage_error() {
    let output = exec(Path::new(env!("CARGO_MANIFEST_PATH")), &[]);
    let shown = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("Cargo.toml cannot run on an arm64 Linux host: it is no ELF file"));
}
