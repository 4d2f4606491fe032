//! Migrations between fake guests: who runs afterwards, and with which memory.
#![cfg(target_os = "linux")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "fakes that panic fail their test"
)]

mod faults;
mod leases;
mod link;
mod local;
mod machine;
mod migrations;
mod precopy;
mod world;
