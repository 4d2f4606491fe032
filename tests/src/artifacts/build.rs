//! The programs that run on the host, and the archive that holds them.

use super::kernel::Fetched;
use super::toolchain::Toolchain;
use crate::command::{CommandError, run};
use crate::initramfs::{Archive, TooLarge};
use serde::Deserialize;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::NamedTempFile;

/// Where the workspace is and where it is built.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// Its top directory.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Its target directory.
    #[serde(rename = "target_directory")]
    target: PathBuf,
}

/// The programs for the host.
#[derive(Debug)]
pub struct Programs {
    /// The demo VMM.
    pub vmm_demo: PathBuf,
    /// The first program of an emulated host.
    host_init: PathBuf,
}

/// Why the programs could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Cargo failed.
    #[error("cannot build the programs of the host")]
    Cargo(#[from] CommandError),
    /// Cargo describes the workspace in a way that is not understood.
    #[error("cannot understand what `cargo metadata` says")]
    Metadata(#[from] serde_json::Error),
    /// A program does not fit into the archive.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Workspace {
    /// The workspace that this program belongs to.
    ///
    /// # Errors
    ///
    /// [`BuildError::Cargo`] or [`BuildError::Metadata`].
    pub fn find() -> Result<Self, BuildError> {
        let mut metadata = Command::new(cargo());
        metadata.args(["metadata", "--format-version=1", "--no-deps"]);
        Ok(serde_json::from_str(&run(
            metadata.current_dir(env!("CARGO_MANIFEST_DIR"))
        )?)?)
    }

    /// The directory of what is built for the host.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.target.join("emulated-host")
    }

    /// Builds the programs, as far as they are not up to date.
    ///
    /// # Errors
    ///
    /// [`BuildError::Cargo`].
    pub fn build(&self, toolchain: &Toolchain) -> Result<Programs, BuildError> {
        self.cargo_build(toolchain, &["--package=vmm-demo", "--bin=vmm-demo"])?;
        self.cargo_build(
            toolchain,
            &[
                "--package=idreg-tests",
                "--bin=host-init",
                "--no-default-features",
            ],
        )?;
        let directory = self.output().join(toolchain.target()).join("release");
        Ok(Programs {
            vmm_demo: directory.join("vmm-demo"),
            host_init: directory.join("host-init"),
        })
    }

    fn cargo_build(&self, toolchain: &Toolchain, what: &[&str]) -> Result<(), CommandError> {
        let mut build = Command::new(cargo());
        toolchain.configure(&mut build);
        build.args([
            "build",
            "--quiet",
            "--release",
            "--target",
            toolchain.target(),
        ]);
        build
            .arg("--target-dir")
            .arg(self.output())
            .args(what)
            .current_dir(&self.root);
        run(&mut build).map(drop)
    }

    /// Writes the archive that an emulated host with this kernel boots from. A host that is booting
    /// from an earlier one is not disturbed.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLarge`] or [`BuildError::File`].
    pub fn pack(&self, programs: &Programs, kernel: &Fetched) -> Result<PathBuf, BuildError> {
        let mut archive = Archive::new();
        for directory in ["bin", "dev", "home", "modules", "proc", "sys", "tmp"] {
            archive.directory(directory);
        }
        // Without it the first program has no standard streams, and its last words go nowhere.
        archive.character_device("dev/console", 5, 1);
        archive.file("init", &read(&programs.host_init)?)?;
        archive.file("bin/vmm-demo", &read(&programs.vmm_demo)?)?;
        for module in &kernel.modules {
            let name = module.file_name().unwrap_or_default().to_string_lossy();
            archive.file(&format!("modules/{name}"), &read(module)?)?;
        }
        let path = self
            .output()
            .join(format!("initramfs-{}.cpio", kernel.release));
        replace(&path, &archive.finish())?;
        Ok(path)
    }
}

/// Gives the file at `path` new content in one step.
///
/// # Errors
///
/// [`BuildError::File`].
pub fn replace(path: &Path, content: &[u8]) -> Result<(), BuildError> {
    let failed = |source| BuildError::File {
        path: path.to_owned(),
        source,
    };
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(path)).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    file.persist(path)
        .map(drop)
        .map_err(|error| failed(error.error))
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::File {
        path: path.to_owned(),
        source,
    })
}

/// The Cargo that runs this program, so that both are of one toolchain.
#[must_use]
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
