//! The program `sysreg` as a process: files, output and exit codes.

#![allow(
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod check;
mod defines;
mod import;
mod rules;
mod usage;

use expect_test::Expect;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

const FINE: &str = "Sysreg A 3 0 0 1 0\nRes0 63:1\nField 0 X\nEndSysreg\n";
const GAP: &str = "Sysreg B 3 0 0 1 1\nField 63:1 X\nEndSysreg\n";
const TWO_NAMES: &str =
    "Sysreg C 3 0 0 1 2\nRes0 63:1\nEnum 0 X\n0b1 SME\n0b1 IMP\nEndEnum\nEndSysreg\n";

/// A folder with files, in which the program runs.
struct TempFolder(PathBuf);

impl TempFolder {
    /// Creates the folder of a test, with the test's name.
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let folder = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test));
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir_all(&folder.0).expect("a writable target");
        for (name, text) in files {
            fs::write(folder.0.join(name), text).expect("a writable target");
        }
        folder
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sysreg"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR")
            .env_remove("CLICOLOR_FORCE");
        command
    }

    /// Runs the program and compares its exit code, standard output and standard error.
    fn check(&self, arguments: &[&str], code: i32, stdout: &Expect, stderr: &Expect) {
        compare(&mut self.command(arguments), code, stdout, stderr);
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("the file is there")
    }

    /// The names of the files.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the directory is there");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("readable").file_name().into_string())
            .map(|name| name.expect("UTF-8"))
            .collect();
        names.sort();
        names
    }
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn compare(command: &mut Command, code: i32, stdout: &Expect, stderr: &Expect) {
    let output = run(command);
    stdout.assert_eq(&text(&output.stdout).replace('\x1b', "ESC"));
    stderr.assert_eq(&text(&output.stderr).replace('\x1b', "ESC"));
    assert_eq!(output.status.code(), Some(code));
}
