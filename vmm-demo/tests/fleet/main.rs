//! Commands that work on several hosts, with host files.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod bad_hosts;
mod baseline;
mod compare;
mod hosts;
mod partial;
mod questions;
mod report;
