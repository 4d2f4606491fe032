//! Errors of the package tools.

use crate::artifacts::cache::CacheError;
use crate::command::CommandError;
use std::io;
use std::path::PathBuf;

/// Errors of the package tools.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AptError {
    /// One of the package tools failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// This machine is not set up for packages from Debian.
    #[error(
        "no package source of this machine carries Debian's `{codename}`: run \
         `apt-get update` as root if its indexes are missing, or name an archive with \
         `cargo testbed setup --archive ADDRESS`"
    )]
    NoArchive {
        /// The machine's own release.
        codename: String,
    },
    /// The archive's signatures cannot be checked.
    #[error("the keys of the Debian archive are missing: install `debian-archive-keyring`")]
    NoKeyring,
    /// A download succeeded without leaving a file.
    #[error("`apt-get download {package}` left no package file")]
    NoFile {
        /// The package.
        package: String,
    },
    /// The list of choices is empty.
    #[error("no package sources are given")]
    NoSources,
    /// A file of the private root cannot be written or read.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}
