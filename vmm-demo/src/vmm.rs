//! The virtual machine monitor: VMs, their vCPUs, memory and devices, and a guest's boot files.

pub mod boot;
pub mod fdt;
pub mod layout;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub mod memory;
pub mod pause_gate;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub mod serial;
pub mod timeline;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub mod vcpus;
#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
pub mod vm;
