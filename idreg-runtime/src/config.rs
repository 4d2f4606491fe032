//! What a vCPU is created with, apart from its ID registers; much of what they show follows from it.

use serde::{Deserialize, Serialize};

/// The in-kernel interrupt controller of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gic {
    /// GICv2 (`KVM_DEV_TYPE_ARM_VGIC_V2`).
    V2,
    /// GICv3 (`KVM_DEV_TYPE_ARM_VGIC_V3`).
    V3,
}

/// The vCPU features and interrupt controller that a VM is made with.
///
/// KVM hides the ID fields of everything that is not asked for, so a host is only comparable with a
/// VM that was made with the same configuration. The default is a vCPU with none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VcpuConfig {
    /// Scalable vectors (`KVM_ARM_VCPU_SVE`).
    pub sve: bool,
    /// Pointer authentication, address and generic keys together (`KVM_ARM_VCPU_PTRAUTH_*`).
    pub pauth: bool,
    /// Performance monitors (`KVM_ARM_VCPU_PMU_V3`).
    pub pmu: bool,
    /// The interrupt controller inside the kernel, if there is one.
    pub gic: Option<Gic>,
}
