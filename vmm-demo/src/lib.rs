//! Library of two programs: `idreg` works on hosts and CPU models, `vmm-demo` runs guests.
//!
//! A module uses only those below it:
//!
//! ```text
//! commands                            the commands, each in a file or folder
//! cli                                 the command lines of both programs
//! guest                               the life cycle of a Linux guest
//! qmp, then migration                 QEMU's machine protocol; live migration
//! machine, then probe                 this machine's KVM; the built-in guest
//! snapshot                            saved guests in files
//! vmm                                 VMs, vCPUs, memory, devices, boot files
//! output, sockets, size               output, sockets and argument types, for all modules above
//! ```
//!
//! The modules that run guests are built for arm64 Linux only, QMP and migration for Linux only.
//! All others are built and tested on every machine.

pub mod cli;
pub mod commands;
pub mod endpoint;
pub mod guest;
pub mod machine;
#[cfg(target_os = "linux")]
pub mod migration;
pub mod output;
pub mod probe;
#[cfg(target_os = "linux")]
pub mod qmp;
pub mod size;
pub mod snapshot;
pub mod socket_address;
#[cfg(target_os = "linux")]
pub mod unix_socket;
pub mod vmm;
