//! The program, in the directory of the recorded hosts.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The hosts that were recorded on emulated machines.
pub(crate) const HOSTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/hosts");

const REAL_HOSTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/real-hosts");

/// Runs `idreg` in a directory.
pub(crate) fn idreg_in(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_idreg"));
    let output = command.args(arguments).current_dir(directory).output();
    output.expect("the program starts")
}

/// Runs `idreg` in the directory of the emulated hosts.
pub(crate) fn idreg(arguments: &[&str]) -> Output {
    idreg_in(Path::new(HOSTS), arguments)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The command line, the exit code and all output.
pub(crate) fn transcript(directory: &Path, arguments: &[&str]) -> String {
    let output = idreg_in(directory, arguments);
    let code = output.status.code().expect("an exit code");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    format!(
        "$ idreg {}\n{out}{err}exit code {code}\n",
        arguments.join(" ")
    )
}

/// The JSON that `idreg` prints, and the exit code.
pub(crate) fn json(directory: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = idreg_in(directory, arguments);
    let value = serde_json::from_slice(&output.stdout);
    (value.expect("JSON"), output.status.code())
}

/// Writes a real machine's file as if it ran Linux 7.2, with its masks.
pub(crate) fn with_masks(name: &str, directory: &Path) {
    let read = |file: &str| fs::read_to_string(Path::new(REAL_HOSTS).join(file)).expect(file);
    let mut host: Value = serde_json::from_str(&read(name)).expect("JSON");
    for capability in ["writable_masks", "writable_implementation_ids"] {
        host["capabilities"][capability] = true.into();
    }
    for line in read("masks-7.2.tsv").lines() {
        let (register, mask) = line.split_once('\t').expect("a register and its mask");
        let place = format!("/registers/{register}/writable");
        if let Some(writable) = host.pointer_mut(&place) {
            *writable = mask.into();
        }
    }
    fs::write(directory.join(name), host.to_string()).expect("a file");
}
