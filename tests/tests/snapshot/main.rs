//! Snapshots of guests that check themselves all the time, see `src/guest/self_check.rs`.
//!
//! Every test fails if its host does not boot. All modules are in one program to share the hosts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod clocks;
mod console;
mod cuts;
mod faults;
mod guest;
mod hosts;
mod journeys;
mod kills;
mod migrations;
mod moves;
mod one_host;
mod qmp;
mod refusals;
mod relay;
mod self_check;
