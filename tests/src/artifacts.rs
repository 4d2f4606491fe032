//! Files of an emulated host: QEMU, kernels, programs and archives.

pub mod apt;
pub mod build;
pub mod cache;
pub mod kernel;
pub mod setup;
pub mod toolchain;

use crate::program::Program;
use build::BuildError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use kernel::Kernel;

/// The environment variable that names the file with the [`Artifacts`] of this build.
pub const VARIABLE: &str = "IDREG_TESTBED";

/// Paths of everything that a host needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Artifacts {
    /// True if this machine is an Arm host itself and is used as one.
    pub hardware: bool,
    /// The programs that were built for the host.
    pub programs: BTreeMap<Program, PathBuf>,
    /// Files of emulated hosts, or `None` if no kernel for one was requested.
    pub emulation: Option<Emulation>,
    /// Files of Linux guests, or `None` if none were requested.
    pub guests: Option<Guests>,
    /// The file from which tests read this list.
    pub list: PathBuf,
}

/// Files of emulated hosts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Emulation {
    /// The emulator.
    pub qemu: PathBuf,
    /// The kernels.
    pub kernels: BTreeMap<Kernel, Image>,
}

/// Files of the Linux guests of a host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Guests {
    /// The archive with `guest-init`.
    pub initramfs: PathBuf,
    /// The images of the kernels.
    pub images: BTreeMap<Kernel, PathBuf>,
}

/// A kernel that QEMU can boot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Image {
    /// The file.
    pub path: PathBuf,
    /// The archive with `host-init`, the programs and the modules of this kernel.
    pub initramfs: PathBuf,
    /// The release, as `uname -r` prints it on the host.
    pub release: String,
    /// The header with the kernel's system registers; only for the newest kernel.
    pub header: Option<PathBuf>,
}

/// A file that a host needs is missing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSetUp {
    /// The tests were not started by the testbed.
    #[error(
        "this test needs an emulated Arm host, which is not set up (`{VARIABLE}` is not set): \
         run the tests with `cargo xtest`"
    )]
    NoVariable,
    /// The file that lists the artifacts is missing or damaged.
    #[error(
        "the emulated Arm host is not set up (`{}` cannot be read): run `cargo xtest`",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Only real hardware was set up.
    #[error("this test needs an emulated host, and none is set up: run `cargo xtest`")]
    NoEmulation,
    /// No Linux guest was set up.
    #[error(
        "Linux guests are not set up: run `cargo xtest`, or `cargo testbed exec` with `--linux`"
    )]
    NoGuests,
    /// This kernel was not fetched.
    #[error("the kernel `{kernel}` is not set up: run `cargo testbed setup`")]
    NoKernel {
        /// The kernel.
        kernel: Kernel,
    },
}

impl Artifacts {
    /// Reads the list that `cargo xtest` has written.
    ///
    /// # Errors
    ///
    /// [`NotSetUp::NoVariable`] or [`NotSetUp::Unreadable`].
    pub fn from_environment() -> Result<Self, NotSetUp> {
        let path = PathBuf::from(env::var_os(VARIABLE).ok_or(NotSetUp::NoVariable)?);
        Self::read(&path).map_err(|source| NotSetUp::Unreadable { path, source })
    }

    fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Writes the file from which tests read this list.
    ///
    /// # Errors
    ///
    /// [`BuildError::File`] or [`BuildError::Metadata`].
    pub fn write(&self) -> Result<(), BuildError> {
        build::replace(&self.list, &serde_json::to_vec_pretty(self)?)
    }

    /// The files of emulated hosts.
    ///
    /// # Errors
    ///
    /// [`NotSetUp::NoEmulation`].
    pub fn emulation(&self) -> Result<&Emulation, NotSetUp> {
        self.emulation.as_ref().ok_or(NotSetUp::NoEmulation)
    }
}

impl Emulation {
    /// The image of a kernel.
    ///
    /// # Errors
    ///
    /// [`NotSetUp::NoKernel`].
    pub fn image(&self, kernel: Kernel) -> Result<&Image, NotSetUp> {
        self.kernels
            .get(&kernel)
            .ok_or(NotSetUp::NoKernel { kernel })
    }
}

impl Guests {
    /// The image of a kernel.
    ///
    /// # Errors
    ///
    /// [`NotSetUp::NoKernel`].
    pub fn image(&self, kernel: Kernel) -> Result<&Path, NotSetUp> {
        self.images
            .get(&kernel)
            .map(PathBuf::as_path)
            .ok_or(NotSetUp::NoKernel { kernel })
    }
}
