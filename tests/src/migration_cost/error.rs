//! Errors of the measurement of migrations.

use crate::program::VMM_DEMO;
use serde_json::Value;
use std::io;
use thiserror::Error;
use vmm_demo::qmp::monitor::MonitorError;
use vmm_demo::socket_address::InvalidAddress;

/// Errors of the measurement of migrations.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MigrationCostError {
    /// The testbed has not given the path of the VMM.
    #[error(
        "the variable {VMM_DEMO} is not set; \
         run this with `cargo testbed exec --linux --program migration-cost`"
    )]
    NoVmm,
    /// A process or its console failed.
    #[error("the guest's process cannot be used")]
    Process(#[source] io::Error),
    /// The guest's process has ended before its time.
    #[error("the guest's process has ended early; its console:\n{console}")]
    Ended {
        /// The output on the guest's console.
        console: String,
    },
    /// The guest has answered with something else.
    #[error("the guest has answered `{answer}`")]
    Answer {
        /// The answer.
        answer: Value,
    },
    /// The guest's QMP server failed.
    #[error("the guest's QMP server cannot be used")]
    Monitor(#[from] MonitorError),
    /// The socket of the guest's QMP server has no usable address.
    #[error("the socket has no usable address")]
    Socket(#[from] InvalidAddress),
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
    /// The bare copy failed.
    #[error("the same bytes cannot be sent through a socket")]
    Bare(#[source] io::Error),
}
