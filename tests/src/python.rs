//! QEMU's own QMP library, `qemu.qmp` from the Python package index.
//!
//! ```no_run
//! use idreg_tests::python::Python;
//!
//! # fn main() -> std::io::Result<()> {
//! let Some(python) = Python::with_qmp_or_skip("session") else {
//!     return Ok(());
//! };
//! let status = python.script("tests/qmp/session.py").arg("qmp.sock").status()?;
//! assert!(status.success());
//! # Ok(())
//! # }
//! ```

use crate::artifacts::cache::{Cache, CacheError};
use crate::command::{CommandError, run};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The interpreter.
const INTERPRETER: &str = "python3";

/// The package, in the version for which the tests were written.
const PACKAGE: &str = "qemu.qmp==0.0.6";

/// Its directory in the cache.
const PLACE: &str = "python/qemu-qmp-0.0.6";

/// A file that exists if it is cached.
const MODULE: &str = "qemu/qmp/__init__.py";

/// Time limit for fetching it, in seconds.
const LIMIT: &str = "120";

/// An interpreter that has the library.
#[derive(Clone, Debug)]
pub struct Python {
    packages: PathBuf,
}

/// Errors of finding the library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// There is no interpreter.
    #[error("there is no `{INTERPRETER}`")]
    NoInterpreter(#[source] CommandError),
    /// The package cannot be fetched.
    #[error("`{PACKAGE}` cannot be fetched")]
    Fetch(#[source] CommandError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Python {
    /// Python with `qemu.qmp`, which is fetched once and then taken from the cache.
    ///
    /// # Errors
    ///
    /// [`PythonError::NoInterpreter`]; [`PythonError::Fetch`] if it is not in the cache and `pip`
    /// or the package index is not available; [`PythonError::Cache`].
    pub fn with_qmp() -> Result<Self, PythonError> {
        run(Command::new(INTERPRETER).arg("--version")).map_err(PythonError::NoInterpreter)?;
        Self::in_cache(&Cache::of_user()?)
    }

    fn in_cache(cache: &Cache) -> Result<Self, PythonError> {
        let packages = cache.path().join(PLACE);
        let python = Self { packages };
        if python.is_there() {
            return Ok(python);
        }
        let _lock = cache.lock(|| eprintln!("testbed: waiting for another process to set up"))?;
        if !python.is_there() {
            python.fetch(cache)?;
        }
        Ok(python)
    }

    /// Python with `qemu.qmp`, or `None` after the line `skipped: TEST: CAUSE`.
    #[must_use]
    pub fn with_qmp_or_skip(test: &str) -> Option<Self> {
        let python = Self::with_qmp();
        python
            .map_err(|error| eprintln!("{}", skipped(test, &error)))
            .ok()
    }

    fn is_there(&self) -> bool {
        self.packages.join(MODULE).is_file()
    }

    fn fetch(&self, cache: &Cache) -> Result<(), PythonError> {
        let scratch = cache.scratch()?;
        let new = scratch.path().join("new");
        let mut pip = Command::new("timeout");
        pip.args([LIMIT, INTERPRETER, "-m", "pip", "install", "--quiet"]);
        pip.args(["--disable-pip-version-check", "--no-input", "--no-deps"]);
        pip.arg("--target").arg(&new).arg(PACKAGE);
        run(&mut pip).map_err(PythonError::Fetch)?;
        Ok(cache.replace(&new, &self.packages, &scratch)?)
    }

    /// Runs a script.
    pub fn script(&self, file: impl AsRef<OsStr>) -> Command {
        let mut command = self.interpreter();
        command.arg(file);
        command
    }

    /// Runs a module, such as `qemu.qmp.qmp_shell`, the module of the program `qmp-shell`. That one
    /// writes its history into the home directory: set another `HOME` for it.
    #[must_use]
    pub fn module(&self, name: &str) -> Command {
        let mut command = self.interpreter();
        command.args(["-m", name]);
        command
    }

    /// The interpreter, without writing compiled files, since other processes may use the cache.
    fn interpreter(&self) -> Command {
        let mut command = Command::new(INTERPRETER);
        command.arg("-B").env("PYTHONPATH", &self.packages);
        command
    }
}

/// The line for a skipped test, with all causes.
fn skipped(name: &str, error: &dyn std::error::Error) -> String {
    let mut text = format!("skipped: {name}: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_its_shell_are_there() {
        let Some(python) = Python::with_qmp_or_skip("the_library_and_its_shell_are_there") else {
            return;
        };
        let text = run(python.module("qemu.qmp.qmp_shell").arg("--help")).unwrap();
        assert!(text.contains("qmp_server"), "{text}");
        let script = "import qemu.qmp; print(qemu.qmp.QMPClient.__name__)";
        let mut inline = python.interpreter();
        assert_eq!(run(inline.args(["-c", script])).unwrap(), "QMPClient\n");
    }

    #[test]
    fn a_skip_is_one_line() {
        let error = run(Command::new("sh").args(["-c", "echo a; echo b; exit 1"])).unwrap_err();
        assert_eq!(
            skipped("name", &PythonError::Fetch(error)),
            "skipped: name: `qemu.qmp==0.0.6` cannot be fetched: \
             `sh -c echo a; echo b; exit 1` ended with exit status: 1 a b"
        );
    }
}
