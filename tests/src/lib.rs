//! The testbed of idreg: a real Arm KVM host on any Debian machine.
//!
//! QEMU emulates a machine with EL2, a Debian arm64 kernel in it offers `/dev/kvm` as on hardware,
//! and the programs of [`program`] run there. The `testbed` program sets up the host and runs
//! single commands; tests boot hosts through [`machine`].
//!
//! ```text
//! artifacts: fetch, cross-build, pack -> machine: boot -> link <== frames ==> init
//! ```
//!
//! [`link`] sends requests, [`init`] serves them, in the frames of [`protocol`]: over a
//! virtio-serial port, or over a socket pair where this machine is an Arm host itself.

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "cost")]
pub mod cost;
mod guard;
#[cfg(feature = "guest")]
pub mod guest;
pub mod init;
#[cfg(feature = "migration-cost")]
pub mod migration_cost;
#[cfg(feature = "overhead")]
pub mod overhead;
pub mod program;
pub mod protocol;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "snapshot-cost")]
pub mod snapshot_cost;
mod writer_queue;

#[cfg(feature = "testbed")]
pub mod artifacts;
#[cfg(feature = "testbed")]
pub mod browser;
#[cfg(feature = "testbed")]
pub mod cli;
#[cfg(feature = "testbed")]
pub mod command;
#[cfg(feature = "testbed")]
pub mod demo;
#[cfg(feature = "testbed")]
pub mod forward;
#[cfg(feature = "testbed")]
pub mod initramfs;
#[cfg(feature = "testbed")]
pub mod libvirt;
#[cfg(feature = "testbed")]
pub mod link;
#[cfg(feature = "testbed")]
pub mod machine;
#[cfg(feature = "testbed")]
pub mod progress;
#[cfg(feature = "testbed")]
pub mod python;
#[cfg(feature = "testbed")]
mod work_directory;

/// The examples of the README, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
