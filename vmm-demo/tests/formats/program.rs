//! `idreg` on recorded hosts, in a directory of its own.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A directory for the files of a test, in which `idreg` runs.
pub(crate) struct Directory(TempDir);

/// The output of `idreg` and its exit code.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Directory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file");
    }

    /// Copies a recorded host to `host.json`.
    pub(crate) fn host(&self, name: &str) {
        self.write("host.json", host_file(name));
    }

    pub(crate) fn idreg(&self, arguments: &[&str]) -> Output {
        self.idreg_with(arguments, b"")
    }

    /// Runs `idreg` with a standard input.
    pub(crate) fn idreg_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_idreg"))
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("idreg starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // It may end before it has read everything.
        let _unread = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Output {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Output {
    /// The whole output, for a golden file.
    pub(crate) fn golden(&self) -> String {
        let Self {
            code,
            stdout,
            stderr,
        } = self;
        let code = code.map_or("a signal".to_owned(), |code| code.to_string());
        format!("{stdout}--- standard error\n{stderr}--- exit code {code}\n")
    }
}

/// The file of a recorded host.
pub(crate) fn host_file(name: &str) -> String {
    let path = format!(
        "{}/../tests/data/hosts/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    fs::read_to_string(path).expect(name)
}
