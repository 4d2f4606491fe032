//! `hosts`: the host files that tests of every crate read.

use super::TestbedError;
use crate::artifacts::setup::Setup;
use crate::artifacts::{Artifacts, Kernel};
use crate::machine::{self, COMMAND_LIMIT, Machine, Options};
use crate::program::Program;
use crate::progress::Progress;
use clap::Args;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// The directory of the files.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/hosts");

/// The CPUs of QEMU that run KVM guests on the newer kernels.
const CPUS: [&str; 11] = [
    "a64fx",
    "cortex-a35",
    "cortex-a55",
    "cortex-a57",
    "cortex-a710",
    "cortex-a72",
    "cortex-a76",
    "max",
    "neoverse-n1",
    "neoverse-n2",
    "neoverse-v1",
];

#[derive(Debug, Args)]
pub(super) struct HostFiles {
    /// Compare the files with the hosts instead of writing them, and exit with 1 if any differs
    #[arg(long)]
    check: bool,
}

/// An emulated host, by the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct HostName {
    cpu: &'static str,
    kernel: Kernel,
}

/// The state of a file beside its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileState {
    Unchanged,
    Written,
    Differs,
    Missing,
}

impl HostFiles {
    /// Continues after a host that fails; the exit code is then 4.
    pub(super) fn run(&self) -> Result<u8, TestbedError> {
        let progress = Progress::on_terminal();
        let artifacts = artifacts(progress)?;
        let (all, mut unchanged, mut failed) = (HostName::all(), 0, 0);
        for (index, host) in all.iter().enumerate() {
            let step = format!("{host} ({} of {})", index + 1, all.len());
            let dumped = progress.step(&step, || dump(&artifacts, *host));
            let path = Path::new(DIRECTORY).join(host.to_string());
            match dumped.map(|file| self.update(&path, &file)) {
                Ok(Ok(FileState::Unchanged)) => unchanged += 1,
                Ok(Ok(state)) => println!("{host}: {state}"),
                Ok(Err(source)) => return Err(TestbedError::File { path, source }),
                Err(reason) => {
                    failed += 1;
                    eprintln!("testbed: {host}: {reason}");
                }
            }
        }
        println!("{unchanged} of {} host files are unchanged", all.len());
        Ok(match failed {
            0 if self.check && unchanged < all.len() => 1,
            0 => 0,
            _ => 4,
        })
    }

    /// Compares a file with its host, and replaces it as a whole unless `--check` is given.
    fn update(&self, path: &Path, bytes: &[u8]) -> io::Result<FileState> {
        let present = match fs::read(path) {
            Ok(present) => Some(present),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match present {
            Some(present) if present == bytes => return Ok(FileState::Unchanged),
            Some(_) if self.check => return Ok(FileState::Differs),
            None if self.check => return Ok(FileState::Missing),
            _ => {}
        }
        let directory = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let mut file = NamedTempFile::new_in(directory)?;
        file.write_all(bytes)?;
        readable_by_all(file.as_file())?;
        file.persist(path)?;
        Ok(FileState::Written)
    }
}

/// Temporary files belong to their user alone; files of the workspace do not.
fn readable_by_all(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

fn artifacts(progress: Progress) -> Result<Artifacts, TestbedError> {
    Ok(Setup {
        hardware: false,
        kernels: Kernel::ALL.to_vec(),
        guests: Vec::new(),
        programs: Program::Idreg.with_others().to_vec(),
        refresh: false,
        recorded: false,
        archive: None,
        progress,
    }
    .run()?)
}

/// Boots a host and returns its file, or the reason why there is none.
fn dump(artifacts: &Artifacts, host: HostName) -> Result<Vec<u8>, String> {
    let failed = |error: machine::Error| format!("{error:?}");
    let options = Options::emulated(host.cpu, host.kernel);
    let machine = Machine::boot_from(artifacts, &options).map_err(failed)?;
    let running = machine.start(Program::Idreg, ["dump"]).map_err(failed)?;
    let output = running.output(COMMAND_LIMIT).map_err(failed)?;
    match output.code {
        0 => Ok(output.stdout),
        code => Err(format!("`dump` exited with {code}\n{}", output.stderr())),
    }
}

impl HostName {
    /// Every CPU on the kernels that can write ID registers, and one CPU on the kernel that cannot.
    fn all() -> Vec<Self> {
        let newer = [Kernel::Lts, Kernel::Latest];
        let pairs = CPUS.into_iter();
        let mut all: Vec<Self> = pairs
            .flat_map(|cpu| newer.map(|kernel| Self { cpu, kernel }))
            .collect();
        all.push(Self {
            cpu: "max",
            kernel: Kernel::Old,
        });
        all
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}.json", self.cpu, self.kernel)
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchanged => "unchanged",
            Self::Written => "written",
            Self::Differs => "differs from the host",
            Self::Missing => "missing",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_file_has_one_name() {
        let names: BTreeSet<_> = HostName::all().iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), 23);
        assert!(names.contains("max-old.json") && names.contains("cortex-a710-lts.json"));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_unless_it_is_only_checked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/max-lts.json");
        let update = |check, bytes: &[u8]| HostFiles { check }.update(&path, bytes).unwrap();
        assert_eq!(update(true, b"one"), FileState::Missing);
        assert_eq!(update(false, b"one"), FileState::Written);
        assert_eq!(update(true, b"one"), FileState::Unchanged);
        assert_eq!(update(true, b"two"), FileState::Differs);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(update(false, b"two"), FileState::Written);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
