//! The virtual machine monitor: VMs, their vCPUs, memory and devices, and a guest's boot files.

pub mod address_size;
pub mod boot;
pub mod console_state;
pub mod fdt;
pub mod layout;
#[cfg(target_os = "linux")]
pub mod memory;
pub mod pages;
pub mod pause_gate;
pub mod ram_range;
pub mod state;
pub mod throttle;
pub mod timeline;
#[cfg(target_os = "linux")]
pub mod uart;

cfg_if::cfg_if! {
    if #[cfg(all(target_os = "linux", target_arch = "aarch64"))] {
        pub mod clock;
        pub mod serial;
        pub mod vcpus;
        pub mod vm;
    }
}
