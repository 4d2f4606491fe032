//! Errors of a guest's boot files.

use super::command_line::CommandLineError;
use super::image_error::ImageError;
use super::initrd::InitrdError;
use crate::output::escaped_path;
use crate::output::failure::Failure;
use crate::size::MemorySize;
use crate::vmm::address_size::RamTooLarge;
use std::error::Error;
use std::path::PathBuf;

/// Boot files that a guest cannot be started with.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The kernel cannot be used.
    #[error("cannot use the kernel `{}`", escaped_path(path))]
    Image {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: ImageError,
    },
    /// The initial RAM disk cannot be used.
    #[error("cannot use the initial RAM disk `{}`", escaped_path(path))]
    Initrd {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: InitrdError,
    },
    /// The kernel's command line cannot be used.
    #[error("cannot use the kernel's command line")]
    CommandLine(#[from] CommandLineError),
    /// The guest's memory is too small for its boot files.
    #[error(
        "{} of memory are too little: kernel, device tree and initial RAM disk take {}, and a \
         system needs some more; use --mem {} or more",
        MemorySize(*ram), MemorySize(*needed), sufficient(*needed)
    )]
    TooLittleMemory {
        /// The guest's memory in bytes.
        ram: u64,
        /// The bytes needed.
        needed: u64,
    },
    /// The vCPUs lack the pages that the kernel was built for.
    #[error(
        "the kernel `{}` is built for pages of {size}, which this guest's CPUs do not have \
         ({property}={value}): use another kernel or another CPU model",
        escaped_path(path)
    )]
    NoSuchPages {
        /// The file.
        path: PathBuf,
        /// The page size.
        size: &'static str,
        /// The property that defines support for this page size.
        property: &'static str,
        /// Its value.
        value: String,
    },
    /// The vCPUs cannot address all of the guest's memory.
    #[error(transparent)]
    RamTooLarge(#[from] RamTooLarge),
    /// A boot file cannot be loaded into the guest's memory.
    #[error("cannot load {what} into the guest's memory")]
    Load {
        /// The boot file's kind.
        what: &'static str,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Load { .. } => Self::other(error),
            error => Self::Unusable(error.into()),
        }
    }
}

/// The least sufficient memory size, rounded up for people.
fn sufficient(needed: u64) -> MemorySize {
    const STEP: u64 = 64 << 20;
    MemorySize(needed.checked_next_multiple_of(STEP).unwrap_or(needed))
}
