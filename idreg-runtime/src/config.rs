//! The configuration of a vCPU and the KVM capabilities behind it.

pub mod capabilities;
mod gic_identity;
pub mod options;
pub mod pmu_counters;
pub mod target;
mod vcpu_config;

pub use gic_identity::{GicIdentity, GicObstacle};
pub use vcpu_config::{Gic, VcpuConfig};
