//! Arm ID registers of KVM guests.

extern crate self as idreg_runtime;

pub mod apply;
pub mod capabilities;
pub mod config;
pub mod description;
pub mod encoding;
pub mod host;
pub mod model;
pub mod number;
pub mod plan;
pub mod register;
pub mod regs;
pub mod rejection;
pub mod values;
pub mod vcpu;

#[cfg(all(target_os = "linux", target_arch = "aarch64", feature = "kvm"))]
pub mod kvm;

pub use idreg_macros::include_sysreg;
