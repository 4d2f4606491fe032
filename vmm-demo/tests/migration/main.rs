//! Migrations between fake guests: who runs afterwards, and with which memory.
#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "fakes that panic fail their test"
)]

mod convergence;
mod endpoints;
mod faults;
#[allow(
    clippy::needless_raw_string_hashes,
    reason = "`UPDATE_EXPECT=1` writes them"
)]
mod golden;
mod hostile;
mod inquiries;
mod judgement;
mod leases;
mod link;
mod local;
mod machine;
mod migrations;
mod precopy;
#[path = "../program/mod.rs"]
mod program;
mod streams;
mod world;
