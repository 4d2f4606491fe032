//! Errors of the measurement of snapshots.

use crate::cost::CostError;
use std::io;
use thiserror::Error;
use vmm_demo::qmp::migration::MigrationStatus;
use vmm_demo::qmp::monitor::MonitorError;
use vmm_demo::snapshot::error::ReadError;

/// Errors of the measurement of snapshots.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotCostError {
    /// The guest cannot be driven.
    #[error(transparent)]
    Guest(#[from] CostError),
    /// The guest was not saved.
    #[error("the guest was not saved: {0}")]
    NotSaved(String),
    /// Another process has not taken the guest over.
    #[error("the guest was not taken over by another process: {status:?}")]
    NotTakenOver {
        /// The status of the migration.
        status: Option<MigrationStatus>,
    },
    /// A file cannot be read.
    #[error("cannot read `{name}`")]
    File {
        /// The file's name.
        name: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A snapshot cannot be read.
    #[error("cannot read the snapshot `{name}`")]
    Snapshot {
        /// The file's name.
        name: &'static str,
        /// The cause.
        source: ReadError,
    },
    /// The memory of this machine is too small for a copy of the guest's.
    #[error("not enough memory for a copy of the guest's; give the host more")]
    NoMemory,
    /// The report of a restore has no start times.
    #[error("the report `{name}` has no start times")]
    Report {
        /// The file's name.
        name: &'static str,
    },
    /// No round was asked for.
    #[error("no round is to be measured; ask for one at least")]
    NoRounds,
    /// Compressed bytes are not those of before.
    #[error("zstd has given other bytes back")]
    OtherBytes,
}

impl SnapshotCostError {
    /// The error of a file of this name.
    pub(super) fn file(name: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::File { name, source }
    }

    /// The error of a snapshot of this name.
    pub(super) fn snapshot(name: &'static str) -> impl Fn(ReadError) -> Self {
        move |source| Self::Snapshot { name, source }
    }
}

impl From<MonitorError> for SnapshotCostError {
    fn from(error: MonitorError) -> Self {
        Self::Guest(error.into())
    }
}
