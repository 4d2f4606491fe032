//! Packages from the Python package index: QEMU's own QMP library `qemu.qmp`, and Dask.
//!
//! ```no_run
//! use idreg_tests::python::{Python, QMP};
//!
//! # fn main() -> std::io::Result<()> {
//! let Some(python) = Python::with_or_skip(&QMP, "session") else {
//!     return Ok(());
//! };
//! let status = python.script("tests/qmp/session.py").arg("qmp.sock").status()?;
//! assert!(status.success());
//! # Ok(())
//! # }
//! ```

use crate::artifacts::cache::{Cache, CacheError};
use crate::command::{CommandError, run, skipped};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter.
const INTERPRETER: &str = "python3";

/// A package in the version for which the tests were written.
#[derive(Debug)]
pub struct Package {
    requirement: &'static str,
    /// Its directory in the cache.
    place: &'static str,
    /// A file that exists if it is cached.
    module: &'static str,
    has_dependencies: bool,
}

/// QEMU's own QMP library.
pub const QMP: Package = Package {
    requirement: "qemu.qmp==0.0.6",
    place: "python/qemu-qmp-0.0.6",
    module: "qemu/qmp/__init__.py",
    has_dependencies: false,
};

/// The scheduler and workers of Dask.
pub const DASK: Package = Package {
    requirement: "distributed==2026.8.0",
    place: "python/distributed-2026.8.0",
    module: "distributed/__init__.py",
    has_dependencies: true,
};

/// Time limit for fetching it, in seconds.
const LIMIT: &str = "120";

/// An interpreter that has a package.
#[derive(Clone, Debug)]
pub struct Python {
    packages: PathBuf,
}

/// Errors of finding a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PythonError {
    /// There is no interpreter.
    #[error("there is no `{INTERPRETER}`")]
    NoInterpreter(#[source] CommandError),
    /// The package cannot be fetched.
    #[error("`{requirement}` cannot be fetched")]
    Fetch {
        /// The package and its version.
        requirement: &'static str,
        /// The cause.
        source: CommandError,
    },
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Python {
    /// Python with a package, which is fetched once and then taken from the cache.
    ///
    /// # Errors
    ///
    /// [`PythonError::NoInterpreter`]; [`PythonError::Fetch`] if it is not in the cache and `pip`
    /// or the package index is not available; [`PythonError::Cache`].
    pub fn with(package: &Package) -> Result<Self, PythonError> {
        run(Command::new(INTERPRETER).arg("--version")).map_err(PythonError::NoInterpreter)?;
        let cache = Cache::of_user()?;
        let packages = cache.path().join(package.place);
        if !packages.join(package.module).is_file() {
            let _lock =
                cache.lock(|| eprintln!("testbed: waiting for another process to set up"))?;
            if !packages.join(package.module).is_file() {
                fetch(package, &packages, &cache)?;
            }
        }
        Ok(Self { packages })
    }

    /// Python with a package, or `None` after the line `skipped: TEST: CAUSE`.
    #[must_use]
    pub fn with_or_skip(package: &Package, test: &str) -> Option<Self> {
        let python = Self::with(package);
        python
            .map_err(|error| eprintln!("{}", skipped(test, &error)))
            .ok()
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
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PYTHONPATH", &self.packages);
        command
    }
}

fn fetch(package: &Package, place: &Path, cache: &Cache) -> Result<(), PythonError> {
    let scratch = cache.scratch()?;
    let new = scratch.path().join("new");
    let mut pip = Command::new("timeout");
    pip.args([LIMIT, INTERPRETER, "-m", "pip", "install", "--quiet"]);
    pip.args(["--disable-pip-version-check", "--no-input"]);
    if !package.has_dependencies {
        pip.arg("--no-deps");
    }
    pip.arg("--target").arg(&new).arg(package.requirement);
    run(&mut pip).map_err(|source| PythonError::Fetch {
        requirement: package.requirement,
        source,
    })?;
    Ok(cache.replace(&new, place, &scratch)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_and_its_shell_are_there() {
        let Some(python) = Python::with_or_skip(&QMP, "the_library_and_its_shell_are_there") else {
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
            skipped(
                "name",
                &PythonError::Fetch {
                    requirement: QMP.requirement,
                    source: error
                }
            ),
            "skipped: name: `qemu.qmp==0.0.6` cannot be fetched: \
             `sh -c echo a; echo b; exit 1` ended with exit status: 1 a b"
        );
    }
}
