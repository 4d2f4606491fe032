//! The virtual machine monitor: VMs, their vCPUs, memory and devices, and what Linux boots from.

pub(crate) mod boot;
pub(crate) mod fdt;
pub(crate) mod layout;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod memory;
pub(crate) mod pause_gate;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod serial;
pub(crate) mod timeline;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod vcpus;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub(crate) mod vm;
