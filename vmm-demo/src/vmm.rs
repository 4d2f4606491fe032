//! The virtual machine monitor: VMs, their vCPUs, memory and devices, and what Linux boots from.

pub mod boot;
pub mod fdt;
pub mod layout;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod memory;
pub mod pause_gate;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod serial;
pub mod timeline;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod vcpus;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod vm;
