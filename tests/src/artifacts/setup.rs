//! Fetches kernels and toolchains and builds the programs.

use super::apt::{AptError, DebianArchive, Purpose, Root, codename};
use super::build::{BuildError, Workspace};
use super::cache::{Cache, CacheError};
use super::kernel::{Fetched, Kernel, KernelError, Release};
use super::toolchain::{Toolchain, ToolchainError};
use super::{Artifacts, Emulation, Guests, Image};
use crate::program::Program;
use crate::progress::Progress;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::env;
use std::path::PathBuf;

const QEMU: &str = "qemu-system-aarch64";
const QEMU_PACKAGE: &str = "qemu-system-arm";

/// Request for the files of hosts and guests.
#[derive(Clone, Debug)]
pub struct Setup {
    /// True if this machine is an Arm host itself and is used as one.
    pub hardware: bool,
    /// Kernels of emulated hosts; empty without emulation.
    pub kernels: Vec<Kernel>,
    /// Kernels of Linux guests; empty without such guests.
    pub guests: Vec<Kernel>,
    /// The programs to build for the host.
    pub programs: Vec<Program>,
    /// True to fetch the newest version of everything, even if one is cached.
    pub refresh: bool,
    /// True to use the recorded release of each kernel instead of any other, see
    /// [`Kernel::recorded_release`].
    pub recorded: bool,
    /// Base address of the Debian archive; `None` for the one of this machine's packages.
    pub archive: Option<String>,
    /// Display of the steps.
    pub progress: Progress,
}

/// Errors of the setup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Packages are missing that only the administrator can install.
    #[error(
        "the emulated Arm host needs packages that are not installed; run this, then try again:\n\n\
         \x20   sudo apt-get update && sudo apt-get install --no-install-recommends {}\n",
        packages.join(" ")
    )]
    Packages {
        /// Their names.
        packages: Vec<&'static str>,
    },
    /// Packages could not be installed.
    #[error("cannot install {}", packages.join(", "))]
    Install {
        /// Their names.
        packages: Vec<&'static str>,
        /// The cause.
        source: AptError,
    },
    /// The emulator is installed and not on the `PATH`.
    #[error("`{QEMU}` is not on the `PATH` although `{QEMU_PACKAGE}` is installed")]
    NoQemu,
    /// The archive cannot be found.
    #[error(transparent)]
    Archive(#[from] AptError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// No toolchain builds for the host.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// A kernel could not be fetched.
    #[error("cannot fetch the kernel `{kernel}`; {}", remedy(*kernel, *release))]
    Kernel {
        /// The kernel.
        kernel: Kernel,
        /// The requested release.
        release: Release,
        /// The cause.
        source: KernelError,
    },
    /// The programs could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Everything that is fetched rather than built.
struct Parts {
    toolchain: Toolchain,
    /// The emulator; never `None` if `kernels` has one for it.
    qemu: Option<PathBuf>,
    kernels: BTreeMap<Kernel, Fetched>,
}

impl Setup {
    /// Fetches and builds missing files and returns the paths of all.
    ///
    /// # Errors
    ///
    /// Every variant of [`SetupError`].
    pub fn run(&self) -> Result<Artifacts, SetupError> {
        let parts = self.parts()?;
        let mut names: Vec<_> = self.programs.iter().map(|program| program.name()).collect();
        if names.is_empty() {
            names.push("the first program");
        }
        let step = format!("building {} for the Arm host", names.join(" and "));
        Ok(self.progress.step(&step, || self.build(parts))?)
    }

    fn parts(&self) -> Result<Parts, SetupError> {
        let cache = Cache::of_user()?;
        if !self.refresh
            && let Some(parts) = self.cached(&cache)?
        {
            return Ok(parts);
        }
        let _lock = cache.lock(|| eprintln!("testbed: waiting for another process to set up"))?;
        match self.cached(&cache)? {
            Some(parts) if !self.refresh => Ok(parts),
            _ => self.fetch(&cache),
        }
    }

    /// The requested files, or `None` if any of them is not cached.
    fn cached(&self, cache: &Cache) -> Result<Option<Parts>, SetupError> {
        let Some(toolchain) = Toolchain::cached(cache)? else {
            return Ok(None);
        };
        let qemu = find_qemu();
        if qemu.is_none() && !self.kernels.is_empty() {
            return Ok(None);
        }
        let cached = |kernel| Some((kernel, self.cached_kernel(cache, kernel)?));
        let kernels: Option<BTreeMap<_, _>> = self.all_kernels().map(cached).collect();
        Ok(kernels.map(|kernels| Parts {
            toolchain,
            qemu,
            kernels,
        }))
    }

    /// The cached kernel, or `None` if it is not of the requested release.
    fn cached_kernel(&self, cache: &Cache, kernel: Kernel) -> Option<Fetched> {
        let is_requested =
            |found: &Fetched| !self.recorded || kernel.recorded_release() == Some(&*found.release);
        kernel.cached(cache).filter(is_requested)
    }

    /// Kernels of hosts and of guests; a kernel of both comes twice.
    fn all_kernels(&self) -> impl Iterator<Item = Kernel> {
        self.kernels.iter().chain(&self.guests).copied()
    }

    fn fetch(&self, cache: &Cache) -> Result<Parts, SetupError> {
        let machine = self
            .progress
            .step("looking for a Rust toolchain for arm64", || {
                Toolchain::of_machine(cache, self.refresh)
            })?;
        self.install(machine.is_none())?;
        let toolchain = match machine {
            Some(toolchain) => toolchain,
            None => self.debian_toolchain(cache)?,
        };
        let mut kernels = BTreeMap::new();
        for kernel in self.all_kernels() {
            if let Entry::Vacant(place) = kernels.entry(kernel) {
                place.insert(self.kernel(cache, kernel)?);
            }
        }
        let qemu = find_qemu();
        if qemu.is_none() && !self.kernels.is_empty() {
            return Err(SetupError::NoQemu);
        }
        Ok(Parts {
            toolchain,
            qemu,
            kernels,
        })
    }

    /// Installs missing packages; with `refresh`, the newest version of every package in use.
    fn install(&self, debian_toolchain: bool) -> Result<(), SetupError> {
        let root = rustix::process::geteuid().is_root();
        let all = root && self.refresh;
        let mut emulator = Vec::new();
        if !self.kernels.is_empty() && (all || find_qemu().is_none()) {
            emulator.push(QEMU_PACKAGE);
        }
        let compiler = match (debian_toolchain, all) {
            (false, _) => Vec::new(),
            (true, false) => Toolchain::missing_packages(),
            (true, true) => Toolchain::packages(),
        };
        if emulator.is_empty() && compiler.is_empty() {
            return Ok(());
        }
        let packages = [emulator.clone(), compiler.clone()].concat();
        if !root {
            return Err(SetupError::Packages { packages });
        }
        let step = format!("installing {}", packages.join(", "));
        let installed = self
            .progress
            .step(&step, || self.install_as_root(&emulator, &compiler));
        installed.map_err(|source| SetupError::Install { packages, source })
    }

    /// The emulator comes from the backports of this machine's release, if it has any: each
    /// version of QEMU emulates more.
    fn install_as_root(&self, emulator: &[&str], compiler: &[&str]) -> Result<(), AptError> {
        let archive = DebianArchive::find(self.archive.as_deref())?;
        let backports = format!("{}-backports", codename()?);
        let own = archive.own()?;
        let more = own
            .clone()
            .map(|own| [own, vec![archive.suite(&backports)]].concat());
        let choices = [more, own].concat();
        let scratch = Cache::of_user()?.scratch()?;
        let root = Root::first(scratch.path(), Purpose::Install, &choices)?;
        if !emulator.is_empty() {
            root.install(emulator, Some(&backports))?;
        }
        if !compiler.is_empty() {
            root.install(compiler, None)?;
        }
        Ok(())
    }

    fn debian_toolchain(&self, cache: &Cache) -> Result<Toolchain, SetupError> {
        if let Some(toolchain) = Toolchain::debian_cached(cache)? {
            return Ok(toolchain);
        }
        let archive = DebianArchive::find(self.archive.as_deref())?;
        Ok(self
            .progress
            .step("fetching the Rust standard library for arm64", || {
                Toolchain::fetch_debian(cache, &archive)
            })?)
    }

    fn kernel(&self, cache: &Cache, kernel: Kernel) -> Result<Fetched, SetupError> {
        let release = if self.recorded {
            Release::Recorded
        } else {
            Release::Newest
        };
        let failed = |source| SetupError::Kernel {
            kernel,
            release,
            source,
        };
        let mut cached = self.cached_kernel(cache, kernel).filter(|_| !self.refresh);
        if cached.is_none() && self.recorded {
            cached = kernel.restore(cache).map_err(failed)?;
        }
        if let Some(image) = cached {
            return Ok(image);
        }
        let archive = DebianArchive::find(self.archive.as_deref())?;
        let fetched = self
            .progress
            .step(&format!("fetching the kernel `{kernel}`"), || {
                kernel.fetch(cache, &archive, release)
            });
        fetched.map_err(failed)
    }

    fn build(&self, parts: Parts) -> Result<Artifacts, BuildError> {
        let workspace = Workspace::find()?;
        let programs = workspace.build(&parts.toolchain, &self.programs)?;
        let guests = self.guests(&workspace, &parts)?;
        let list = workspace.output().join("artifacts.json");
        let mut kernels = BTreeMap::new();
        for (kernel, fetched) in parts.kernels {
            if !self.kernels.contains(&kernel) {
                continue;
            }
            let initramfs = workspace.pack(&programs, &fetched)?;
            let Fetched {
                path,
                release,
                header,
                ..
            } = fetched;
            kernels.insert(
                kernel,
                Image {
                    path,
                    initramfs,
                    release,
                    header,
                },
            );
        }
        let qemu = parts.qemu.filter(|_| !kernels.is_empty());
        let emulation = qemu.map(|qemu| Emulation { qemu, kernels });
        Ok(Artifacts {
            hardware: self.hardware,
            programs: programs.files,
            emulation,
            guests,
            list,
        })
    }

    /// The files of Linux guests, or `None` if none were requested.
    fn guests(&self, workspace: &Workspace, parts: &Parts) -> Result<Option<Guests>, BuildError> {
        if self.guests.is_empty() {
            return Ok(None);
        }
        let initramfs = workspace.pack_guest(&parts.toolchain)?;
        let images = parts
            .kernels
            .iter()
            .map(|(&kernel, fetched)| (kernel, fetched.path.clone()));
        Ok(Some(Guests {
            initramfs,
            images: images.collect(),
        }))
    }
}

/// The way out if a release of a kernel cannot be fetched.
fn remedy(kernel: Kernel, release: Release) -> String {
    let Some(recorded) = kernel.recorded_release() else {
        return format!("the archive must have `{}`", kernel.package());
    };
    match release {
        Release::Newest => format!(
            "`cargo testbed setup --recorded` fetches {recorded}, with which the tests last passed"
        ),
        Release::Recorded => format!(
            "if the archive no longer has {recorded}, `--archive ADDRESS` names one that keeps old \
             packages"
        ),
    }
}

fn find_qemu() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(QEMU))
        .find(|file| file.is_file())
}
