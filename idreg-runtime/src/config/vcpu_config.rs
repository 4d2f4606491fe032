//! The configuration that a vCPU is created with; many values of its ID registers follow from it.

use super::capabilities::Capabilities;
use core::fmt;

/// The in-kernel interrupt controller of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Gic {
    /// GICv2 (`KVM_DEV_TYPE_ARM_VGIC_V2`).
    V2,
    /// GICv3 (`KVM_DEV_TYPE_ARM_VGIC_V3`).
    V3,
}

/// Shows `GICv2` or `GICv3`.
impl fmt::Display for Gic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2 => "GICv2",
            Self::V3 => "GICv3",
        })
    }
}

/// The vCPU features and the interrupt controller of a VM.
///
/// KVM hides the ID fields of features that are off, so a host can only be compared with a VM of
/// the same configuration. The default is a vCPU with all of them off:
///
/// ```
/// use idreg_runtime::config::{Gic, VcpuConfig};
///
/// const CONFIG: VcpuConfig = VcpuConfig::new().with_sve(true).with_gic(Some(Gic::V3));
/// assert_eq!(CONFIG.to_string(), "SVE, GICv3");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
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
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub sve_limit: Option<u32>,
    /// Pointer authentication, address and generic keys together (`KVM_ARM_VCPU_PTRAUTH_*`).
    pub pauth: bool,
    /// Performance monitors (`KVM_ARM_VCPU_PMU_V3`).
    pub pmu: bool,
    /// The number of event counters, with [`pmu`](Self::pmu): PMCR_EL0.N, or the host's if `None`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub pmu_counters: Option<u32>,
    /// Memory tagging, for the whole VM (`KVM_CAP_ARM_MTE`).
    pub mte: bool,
    /// A guest hypervisor: the vCPU starts at EL2 (`KVM_ARM_VCPU_HAS_EL2`).
    pub el2: bool,
    /// The guest starts in AArch32 at EL1 (`KVM_ARM_VCPU_EL1_32BIT`).
    pub aarch32: bool,
    /// The in-kernel interrupt controller, or `None`.
    pub gic: Option<Gic>,
}

/// The vCPU features of `KVM_ARM_VCPU_INIT`, as bits of the first word
/// (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`).
mod feature {
    pub(super) const POWER_OFF: u32 = 1 << 0;
    pub(super) const EL1_32BIT: u32 = 1 << 1;
    pub(super) const PSCI_0_2: u32 = 1 << 2;
    pub(super) const PMU_V3: u32 = 1 << 3;
    pub(super) const SVE: u32 = 1 << 4;
    pub(super) const PTRAUTH_ADDRESS: u32 = 1 << 5;
    pub(super) const PTRAUTH_GENERIC: u32 = 1 << 6;
    pub(super) const HAS_EL2: u32 = 1 << 7;
}

impl VcpuConfig {
    /// The vCPU feature with which a vCPU waits for the guest's `CPU_ON`
    /// (`1 << KVM_ARM_VCPU_POWER_OFF`; Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`).
    pub const POWER_OFF: u32 = feature::POWER_OFF;

    /// Makes a configuration with every feature off and without an interrupt controller, like the
    /// default.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            sve: false,
            sve_limit: None,
            pauth: false,
            pmu: false,
            pmu_counters: None,
            mte: false,
            el2: false,
            aarch32: false,
            gic: None,
        }
    }

    /// Sets [`sve`](Self::sve).
    #[must_use]
    pub const fn with_sve(mut self, on: bool) -> Self {
        self.sve = on;
        self
    }

    /// Sets [`sve_limit`](Self::sve_limit), in bits.
    #[must_use]
    pub const fn with_sve_limit(mut self, limit: Option<u32>) -> Self {
        self.sve_limit = limit;
        self
    }

    /// Sets [`pauth`](Self::pauth).
    #[must_use]
    pub const fn with_pauth(mut self, on: bool) -> Self {
        self.pauth = on;
        self
    }

    /// Sets [`pmu`](Self::pmu).
    #[must_use]
    pub const fn with_pmu(mut self, on: bool) -> Self {
        self.pmu = on;
        self
    }

    /// Sets [`pmu_counters`](Self::pmu_counters).
    #[must_use]
    pub const fn with_pmu_counters(mut self, counters: Option<u32>) -> Self {
        self.pmu_counters = counters;
        self
    }

    /// Sets [`mte`](Self::mte).
    #[must_use]
    pub const fn with_mte(mut self, on: bool) -> Self {
        self.mte = on;
        self
    }

    /// Sets [`el2`](Self::el2).
    #[must_use]
    pub const fn with_el2(mut self, on: bool) -> Self {
        self.el2 = on;
        self
    }

    /// Sets [`aarch32`](Self::aarch32).
    #[must_use]
    pub const fn with_aarch32(mut self, on: bool) -> Self {
        self.aarch32 = on;
        self
    }

    /// Sets [`gic`](Self::gic).
    #[must_use]
    pub const fn with_gic(mut self, gic: Option<Gic>) -> Self {
        self.gic = gic;
        self
    }

    /// The vCPU features with which `KVM_ARM_VCPU_INIT` makes such a vCPU: the first word of
    /// `kvm_vcpu_init.features`, whose other words are 0.
    ///
    /// PSCI 0.2 and newer (`KVM_ARM_VCPU_PSCI_0_2`) is always on. [`POWER_OFF`](Self::POWER_OFF)
    /// is not included, since it differs between the vCPUs of a VM. Memory tagging and the
    /// interrupt controller belong to the VM and are no vCPU features.
    ///
    /// ```
    /// use idreg_runtime::VcpuConfig;
    ///
    /// let config = VcpuConfig::new().with_sve(true).with_pauth(true);
    /// let first = config.features();
    /// let other = config.features() | VcpuConfig::POWER_OFF;
    /// assert_eq!((first, other), (0b111_0100, 0b111_0101));
    /// ```
    #[must_use]
    pub const fn features(self) -> u32 {
        // KVM refuses one half of pointer authentication without the other.
        const PTRAUTH: u32 = feature::PTRAUTH_ADDRESS | feature::PTRAUTH_GENERIC;
        let Self {
            sve,
            pauth,
            pmu,
            el2,
            aarch32,
            ..
        } = self;
        feature::PSCI_0_2
            | if sve { feature::SVE } else { 0 }
            | if pauth { PTRAUTH } else { 0 }
            | if pmu { feature::PMU_V3 } else { 0 }
            | if el2 { feature::HAS_EL2 } else { 0 }
            | if aarch32 { feature::EL1_32BIT } else { 0 }
    }
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

/// Shows the features of the vCPUs: `SVE up to 256 bits, pointer authentication, PMU with 6 event
/// counters, GICv3`.
impl fmt::Display for VcpuConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match (self.sve, self.sve_limit) {
            (true, Some(bits)) => parts.push(format!("SVE up to {bits} bits")),
            (true, None) => parts.push("SVE".to_owned()),
            (false, _) => {}
        }
        if self.pauth {
            parts.push("pointer authentication".to_owned());
        }
        match (self.pmu, self.pmu_counters) {
            (true, Some(1)) => parts.push("PMU with 1 event counter".to_owned()),
            (true, Some(counters)) => parts.push(format!("PMU with {counters} event counters")),
            (true, None) => parts.push("PMU".to_owned()),
            (false, _) => {}
        }
        let switches = [
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
