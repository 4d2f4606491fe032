//! Errors of the guests that are measured.

use crate::program::{Program, VMM_DEMO};
use serde_json::Value;
use std::io;
use thiserror::Error;
use vmm_demo::qmp::monitor::MonitorError;
use vmm_demo::socket_address::InvalidAddress;

/// Errors of the guests that are measured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CostError {
    /// The testbed has not given the path of the VMM.
    #[error(
        "the variable {VMM_DEMO} is not set; \
         run this with `cargo testbed exec --linux --program {program}`"
    )]
    NoVmm {
        /// The program that needs it.
        program: Program,
    },
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
}
