//! Snapshots in files: written whole or not at all.

use super::contents::{OpenSnapshot, Snapshot};
use super::error::ReadError;
use super::memory::{GuestRam, MemoryEncoding, OnProgress};
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// A snapshot file that cannot be used, with the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{error}; {}", error.remedy())]
struct Unusable {
    error: ReadError,
}

/// Writes a snapshot of a guest whose vCPUs are paused.
///
/// # Errors
///
/// [`Failure::WriteFile`], with [`std::io::ErrorKind::Interrupted`] if the listener stopped the
/// work; an older file is then unchanged.
pub fn save(
    file: OutputFile,
    snapshot: &Snapshot,
    ram: &(impl GuestRam + ?Sized),
    encoding: MemoryEncoding,
    progress: OnProgress<'_>,
) -> Result<(), Failure> {
    file.write_with(|file| snapshot.write(file, ram, encoding, progress).map(drop))
}

/// Opens a snapshot file, and reads and checks all but the contents of its RAM.
///
/// # Errors
///
/// [`Failure::SnapshotFile`].
pub fn open(path: &Path) -> Result<OpenSnapshot<BufReader<File>>, Failure> {
    let file = File::open(path).map_err(|source| Failure::SnapshotFile {
        path: path.to_owned(),
        source: source.into(),
    })?;
    OpenSnapshot::new(BufReader::new(file)).map_err(|error| unusable(path, error))
}

/// The failure of a snapshot file that cannot be used.
#[must_use]
pub fn unusable(path: &Path, error: ReadError) -> Failure {
    Failure::SnapshotFile {
        path: path.to_owned(),
        source: Unusable { error }.into(),
    }
}
