//! The configuration that a vCPU is created with; many values of its ID registers follow from it.

use super::capabilities::Capabilities;
use core::fmt;
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

/// The vCPU features and the interrupt controller of a VM.
///
/// KVM hides the ID fields of features that are off, so a host can only be compared with a VM of
/// the same configuration. The default is a vCPU with all of them off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a feature of KVM of its own; no two make a state together"
)]
pub struct VcpuConfig {
    /// Scalable vectors (`KVM_ARM_VCPU_SVE`).
    pub sve: bool,
    /// The maximum vector length in bits, with [`sve`](Self::sve): the guest has the host's lengths
    /// up to it, or all of them if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sve_limit: Option<u32>,
    /// Pointer authentication, address and generic keys together (`KVM_ARM_VCPU_PTRAUTH_*`).
    pub pauth: bool,
    /// Performance monitors (`KVM_ARM_VCPU_PMU_V3`).
    pub pmu: bool,
    /// Memory tagging, for the whole VM (`KVM_CAP_ARM_MTE`).
    pub mte: bool,
    /// A guest hypervisor: the vCPU starts at EL2 (`KVM_ARM_VCPU_HAS_EL2`).
    pub el2: bool,
    /// The guest starts in AArch32 at EL1 (`KVM_ARM_VCPU_EL1_32BIT`).
    pub aarch32: bool,
    /// The in-kernel interrupt controller, or `None`.
    pub gic: Option<Gic>,
}

impl Capabilities {
    /// The configuration of an ordinary guest on a host with these capabilities: SVE, pointer
    /// authentication and PMU are on if the host supports them.
    ///
    /// Three options stay off even if the host supports them, since a VMM must prepare for each:
    /// with `mte` all memory of the guest must support tags, with `el2` a guest starts as a
    /// hypervisor, with `aarch32` it starts in another execution state.
    #[must_use]
    pub fn config(&self, gic: Option<Gic>) -> VcpuConfig {
        VcpuConfig {
            sve: self.sve,
            pauth: self.pauth,
            pmu: self.pmu,
            gic,
            ..VcpuConfig::default()
        }
    }
}

/// Shows the features of the vCPUs: `SVE up to 256 bits, pointer authentication, PMU, GICv3`.
impl fmt::Display for VcpuConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match (self.sve, self.sve_limit) {
            (true, Some(bits)) => parts.push(format!("SVE up to {bits} bits")),
            (true, None) => parts.push("SVE".to_owned()),
            (false, _) => {}
        }
        let switches = [
            (self.pauth, "pointer authentication"),
            (self.pmu, "PMU"),
            (self.mte, "memory tagging"),
            (self.el2, "EL2"),
            (self.aarch32, "AArch32 at EL1"),
            (self.gic == Some(Gic::V2), "GICv2"),
            (self.gic == Some(Gic::V3), "GICv3"),
        ];
        let on = switches.iter().filter(|(on, _)| *on);
        parts.extend(on.map(|(_, name)| (*name).to_owned()));
        if parts.is_empty() {
            return f.write_str("no optional features");
        }
        f.write_str(&parts.join(", "))
    }
}
