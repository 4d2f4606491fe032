//! `idreg`, `vmm-demo`, `conformance` and `overhead` on real kernels: guests' views of models,
//! rejections, and KVM's behaviour beside the predictions.
//!
//! Every test fails if its host does not boot. All modules are in one program to share the hosts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod files;
mod fleets;
mod hosts;
mod models;
mod no_gic;
mod options;
mod outside;
mod predicted;
mod programs;
mod sandboxes;
