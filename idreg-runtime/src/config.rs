//! The configuration of a vCPU and the KVM capabilities behind it.

pub mod capabilities;
pub mod options;
pub mod target;
mod vcpu_config;

pub use vcpu_config::{Gic, VcpuConfig};
