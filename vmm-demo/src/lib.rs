//! The library behind the programs `idreg`, which works on hosts and CPU models, and `vmm-demo`, which runs guests.
//!
//! A module uses only those below it:
//!
//! ```text
//! commands                            one file or folder for each command
//! cli                                 the command lines of both programs
//! guest                               a Linux guest's life
//! qmp                                 QEMU's machine protocol
//! machine, then probe                 this machine's KVM; the built-in guest
//! vmm                                 VMs, vCPUs, memory, devices, boot files
//! output, socket_address, size        what everything may use
//! ```
//!
//! What runs guests is built for arm64 Linux alone, QMP for Linux; all else is built and tested everywhere.

pub mod cli;
pub mod commands;
pub mod guest;
pub mod machine;
pub mod output;
pub mod probe;
#[cfg(target_os = "linux")]
pub mod qmp;
pub mod size;
pub mod socket_address;
pub mod vmm;
