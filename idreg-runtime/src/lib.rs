//! Arm ID registers of KVM guests.

pub mod config;
pub mod encoding;
pub mod vcpu;

#[cfg(all(target_os = "linux", target_arch = "aarch64", feature = "kvm"))]
pub mod kvm;
