//! Errors of the measurement of migrations.

use crate::cost::CostError;
use std::io;
use thiserror::Error;
use vmm_demo::qmp::monitor::MonitorError;

/// Errors of the measurement of migrations.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MigrationCostError {
    /// The guest cannot be driven.
    #[error(transparent)]
    Guest(#[from] CostError),
    /// The guest was not moved.
    #[error("{vmm} has not moved the guest: {status}, {reason}")]
    NotMoved {
        /// The VMM.
        vmm: &'static str,
        /// The status of the migration.
        status: String,
        /// The VMM's reason.
        reason: String,
    },
    /// An event has not come.
    #[error("{vmm} has moved the guest without a {name} event")]
    NoEvent {
        /// The VMM.
        vmm: &'static str,
        /// The event's name.
        name: &'static str,
    },
    /// The bare copy failed.
    #[error("the same bytes cannot be sent through a socket")]
    Bare(#[source] io::Error),
}

impl From<MonitorError> for MigrationCostError {
    fn from(error: MonitorError) -> Self {
        Self::Guest(error.into())
    }
}
