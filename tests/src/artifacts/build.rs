//! The programs that run on the host, and the archive that holds them.

mod target;

use self::target::{CargoTarget, GUEST_INIT, HOST_INIT};
use super::kernel::Fetched;
use super::toolchain::Toolchain;
use crate::command::{CommandError, run, run_for_data};
use crate::initramfs::{Archive, TooLarge};
use crate::program::Program;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::NamedTempFile;

/// File name of a Linux guest's archive, here and in the host's working directory.
pub const GUEST_ARCHIVE: &str = "initrd.cpio.gz";

/// Directories of the workspace and of its build.
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
    /// The programs that commands start, by name.
    pub files: BTreeMap<Program, PathBuf>,
    /// The first program of an emulated host.
    host_init: PathBuf,
}

/// Errors of building the programs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Cargo failed.
    #[error("cannot build the programs of the host")]
    Cargo(#[from] CommandError),
    /// The output of `cargo metadata` cannot be parsed.
    #[error("cannot parse the output of `cargo metadata`")]
    Metadata(#[from] serde_json::Error),
    /// Cargo succeeded without building a program.
    #[error("`cargo` built no program `{target}`")]
    NoProgram {
        /// The name of its Cargo target.
        target: &'static str,
    },
    /// A program does not fit into the archive.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
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

    /// The target directory of builds for the host.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.target.join("emulated-host")
    }

    /// Builds the programs that are not up to date.
    ///
    /// # Errors
    ///
    /// [`BuildError::Cargo`] or [`BuildError::NoProgram`].
    pub fn build(
        &self,
        toolchain: &Toolchain,
        programs: &[Program],
    ) -> Result<Programs, BuildError> {
        let mut files = BTreeMap::new();
        for &program in programs {
            files.insert(program, self.cargo(toolchain, program.into())?);
        }
        let host_init = self.cargo(toolchain, HOST_INIT)?;
        Ok(Programs { files, host_init })
    }

    /// Builds the first program of a Linux guest and writes the archive that the guest boots from.
    ///
    /// # Errors
    ///
    /// Every variant of [`BuildError`] except [`BuildError::Metadata`].
    pub fn pack_guest(&self, toolchain: &Toolchain) -> Result<PathBuf, BuildError> {
        let init = self.cargo(toolchain, GUEST_INIT)?;
        let mut archive = Archive::new();
        for directory in ["dev", "proc", "sys"] {
            archive.directory(directory);
        }
        archive.character_device("dev/console", 5, 1);
        archive.file("init", &read(&init)?)?;
        let path = self.output().join(GUEST_ARCHIVE);
        let compressed = compress(&archive.finish()).map_err(|source| BuildError::File {
            path: path.clone(),
            source,
        })?;
        replace(&path, &compressed)?;
        Ok(path)
    }

    /// Builds one program and returns its path.
    fn cargo(&self, toolchain: &Toolchain, target: CargoTarget) -> Result<PathBuf, BuildError> {
        let mut build = Command::new(cargo());
        toolchain.configure(&mut build);
        build.args(target.command()).args([
            "--quiet",
            "--release",
            "--message-format=json-render-diagnostics",
            "--target",
            toolchain.target(),
        ]);
        build
            .arg("--target-dir")
            .arg(self.output())
            .current_dir(&self.root);
        let program = target.built(&run_for_data(&mut build)?);
        program.ok_or(BuildError::NoProgram {
            target: target.name,
        })
    }

    /// Writes the archive of an emulated host with this kernel. A host that is booting from an
    /// earlier archive is not disturbed.
    ///
    /// # Errors
    ///
    /// [`BuildError::TooLarge`] or [`BuildError::File`].
    pub fn pack(&self, programs: &Programs, kernel: &Fetched) -> Result<PathBuf, BuildError> {
        let mut archive = Archive::new();
        for directory in ["bin", "dev", "home", "modules", "proc", "sys", "tmp"] {
            archive.directory(directory);
        }
        // Without it the first program has no standard streams, and its messages are lost.
        archive.character_device("dev/console", 5, 1);
        archive.file("init", &read(&programs.host_init)?)?;
        for (program, file) in &programs.files {
            archive.file(&format!("bin/{program}"), &read(file)?)?;
        }
        for module in &kernel.modules {
            let name = module.file_name().unwrap_or_default().to_string_lossy();
            archive.file(&format!("modules/{name}"), &read(module)?)?;
        }
        let path = self.output().join(programs.archive_name(&kernel.release));
        replace(&path, &archive.finish())?;
        Ok(path)
    }
}

impl Programs {
    /// The archive's file name. Archives with different programs have different names, so that the
    /// tests keep theirs while a single command runs.
    fn archive_name(&self, release: &str) -> String {
        let names = self.files.keys().map(|program| program.name());
        let words: Vec<_> = iter::once("initramfs").chain(names).collect();
        format!("{}-{release}.cpio", words.join("-"))
    }
}

/// Replaces the content of the file at `path` in one step.
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

/// Compresses with gzip. The same bytes give the same file: the format's time of change is 0.
fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn read(path: &Path) -> Result<Vec<u8>, BuildError> {
    fs::read(path).map_err(|source| BuildError::File {
        path: path.to_owned(),
        source,
    })
}

/// The Cargo that runs this program; builds use the same toolchain.
#[must_use]
pub fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_compressed_to_the_same_file() {
        let bytes = b"some bytes".repeat(100);
        let compressed = compress(&bytes).unwrap();
        assert_eq!(compress(&bytes).unwrap(), compressed);
        assert_eq!(
            compressed[4..8],
            [0; 4],
            "the time of change (RFC 1952, 2.3)"
        );
        let mut read = Vec::new();
        io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*compressed), &mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn archives_with_other_programs_have_other_names() {
        let name = |programs: &[Program]| {
            let file = |program: &Program| (*program, PathBuf::from(program.name()));
            let programs = Programs {
                files: programs.iter().map(file).collect(),
                host_init: PathBuf::new(),
            };
            programs.archive_name("7.2")
        };
        assert_eq!(name(&[]), "initramfs-7.2.cpio");
        assert_eq!(name(&[Program::VmmDemo]), "initramfs-vmm-demo-7.2.cpio");
        assert_eq!(
            name(&Program::ALL),
            "initramfs-idreg-vmm-demo-kvm-tests-vmm-tests-measure-conformance-overhead-sandbox-\
             snapshot-cost-migration-cost-7.2.cpio"
        );
    }
}
