//! The programs on files that the tests make, and views of guests on recorded hosts.

#![allow(dead_code, reason = "not every test needs everything")]

use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::{View, ViewInfo};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A directory for the files of a test, in which the programs run.
pub(crate) struct Directory(TempDir);

/// The output of a program and its exit code.
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

    /// Writes a file, in a new directory if its name has one.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    /// Copies a recorded host to `host.json`.
    pub(crate) fn host(&self, name: &str) {
        self.write("host.json", host_file(name));
    }

    /// Copies recorded hosts into a directory.
    pub(crate) fn hosts(&self, directory: &str, names: &[&str]) {
        for name in names {
            self.write(&format!("{directory}/{name}.json"), host_file(name));
        }
    }

    /// Writes the view of a guest with a model that ran on a recorded host.
    pub(crate) fn view(&self, name: &str, host: &str, model: &str) {
        let view = view(&read(host), model);
        let json = serde_json::to_string_pretty(&view).expect("JSON");
        self.write(name, json);
    }

    pub(crate) fn idreg(&self, arguments: &[&str]) -> Output {
        self.idreg_with(arguments, b"")
    }

    pub(crate) fn vmm_demo(&self, arguments: &[&str]) -> Output {
        self.run(env!("CARGO_BIN_EXE_vmm-demo"), arguments, b"")
    }

    /// Runs `idreg` with a standard input.
    pub(crate) fn idreg_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        self.run(env!("CARGO_BIN_EXE_idreg"), arguments, input)
    }

    fn run(&self, program: &str, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
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

    /// The JSON object on the standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one JSON object")
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

pub(crate) fn read(name: &str) -> Host {
    serde_json::from_str(&host_file(name)).expect(name)
}

/// The view of a guest with two vCPUs that has run on a host.
pub(crate) fn view(host: &Host, model: &str) -> View {
    let plan = Plan::new(host, &model.parse().expect("a model")).expect("a plan");
    let vm = FakeVm::new(&host.reconfigured(plan.config()).expect("a host"));
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    for vcpu in &vcpus {
        plan.apply(vcpu).expect("an applied plan");
    }
    vm.run();
    View::read(ViewInfo::of(&plan, host), &vcpus).expect("a view")
}

/// A host in one line.
pub(crate) fn line(name: &str) -> String {
    let host: serde_json::Value = serde_json::from_str(&host_file(name)).expect("JSON");
    format!("{host}\n")
}
