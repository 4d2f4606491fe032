//! `idreg`, `vmm-demo` and the comparisons on real kernels: what a guest sees under a model, what is refused, and whether KVM does what is
//! foreseen.
//!
//! Every test fails if its host does not boot. The modules are one program so that they share the hosts.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod files;
mod hosts;
mod models;
mod options;
mod predicted;
