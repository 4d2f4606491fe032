//! Tests of the QMP server without a guest, through its socket.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod commands;
mod comparison;
mod control;
mod crowds;
mod golden;
mod guests;
mod hostile;
mod jobs;
mod migrate;
mod models;
mod monitor;
mod named;
mod remote;
mod saver;
mod server;
mod snapshot;
mod sockets;
