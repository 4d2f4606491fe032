//! The events that lines report, and the programs that print them.

use crate::model::property::Property;

/// A program whose messages are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Program {
    /// QEMU.
    Qemu,
    /// KVM in the host's kernel.
    Kvm,
    /// Linux, on a host or in a guest.
    Linux,
    /// Firecracker.
    Firecracker,
    /// Cloud Hypervisor.
    CloudHypervisor,
    /// libvirt.
    Libvirt,
}

/// An event that a line reports. Texts are parts of the line.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'t> {
    /// A register as text, with up to two values.
    Register,
    /// A property of a CPU model, with up to two values if it is a field.
    Property {
        /// The property.
        property: Property,
        /// The setting of a switch, or empty.
        setting: &'t str,
    },
    /// KVM refused the value of a register.
    RegisterRefused,
    /// KVM does not have a register that was to be written.
    RegisterUnknown,
    /// Writing or reading a register failed with another error.
    RegisterFailed {
        /// The error's text.
        error: &'t str,
    },
    /// The guest has a register that the destination does not have.
    RegisterUnexpected,
    /// The destination has a register that the guest does not have.
    RegisterMissing,
    /// The guest has more registers than the destination, as numbers if the line has them.
    TooManyRegisters {
        /// The number of the guest's registers.
        guest: Option<u64>,
        /// The number of the destination's registers.
        destination: Option<u64>,
    },
    /// The state of a vCPU was not taken; the lines before it have the cause.
    CpuStateNotLoaded,
    /// KVM refused registers that QEMU read before.
    RegistersNotSet,
    /// A migration failed; the lines before it have the cause.
    MigrationFailed,
    /// QEMU does not have a property.
    PropertyNotFound {
        /// The property's name.
        name: &'t str,
    },
    /// QEMU does not have a CPU model, or not on this machine type.
    CpuTypeUnknown {
        /// The model's name.
        name: &'t str,
    },
    /// A CPU model does not work with KVM on this host, or only with KVM.
    CpuTypeNotHere {
        /// The model's name.
        name: &'t str,
    },
    /// KVM did not create a vCPU.
    VcpuNotCreated,
    /// KVM does not support an option.
    OptionUnsupported {
        /// The option's name.
        name: &'t str,
    },
    /// A vector length of SVE cannot be switched on or off.
    VectorLength {
        /// The length in bits.
        bits: u64,
    },
    /// A guest accessed a register that KVM does not emulate.
    GuestAccess {
        /// True for a write, false for a read, `None` if the line does not say it.
        is_write: Option<bool>,
    },
    /// Two CPUs of one machine differ in a register.
    CpusDiffer {
        /// The number of the second CPU.
        cpu: u64,
    },
    /// CPUs of one machine differ in features.
    CpusDifferSomewhere,
    /// All CPUs have a feature, or one needs a workaround.
    CapabilityDetected {
        /// The kernel's name of it.
        name: &'t str,
    },
    /// A CPU lacks what the other CPUs have, or has what they lack.
    CapabilityConflict {
        /// The kernel's name of it.
        name: &'t str,
        /// The number of the CPU.
        cpu: u64,
    },
    /// The kernel's command line sets a field.
    Overridden {
        /// True if the kernel ignores it, since the value is not safe.
        is_ignored: bool,
    },
    /// The CPUs of a snapshot and of the host have different implementers.
    ImplementerDiffers,
    /// A snapshot was not restored; the end of the line or the next one has the cause.
    SnapshotNotRestored,
    /// The state of a vCPU was not restored; the line does not name the register.
    VcpuStateNotSet,
    /// The other side of a migration closed the connection.
    ConnectionClosed,
    /// The host's CPU does not have what the guest's CPU needs.
    HostCpuIncompatible {
        /// The missing features as a list, or empty.
        features: &'t str,
    },
    /// QEMU did not give the guest the requested CPU.
    GuestCpuDiffers {
        /// The features as a list, or empty.
        features: &'t str,
    },
    /// A CPU mode is not supported.
    CpuModeUnsupported {
        /// The mode, such as `host-model`.
        mode: &'t str,
    },
    /// CPUs are compared, and baselines computed, for other architectures only.
    ComparisonUnsupported,
    /// The configuration is not supported for another reason.
    UnsupportedConfiguration {
        /// The reason.
        reason: &'t str,
    },
}

impl Program {
    /// The program's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Qemu => "QEMU",
            Self::Kvm => "KVM",
            Self::Linux => "Linux",
            Self::Firecracker => "Firecracker",
            Self::CloudHypervisor => "Cloud Hypervisor",
            Self::Libvirt => "libvirt",
        }
    }
}

impl Event<'_> {
    /// A stable name for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Property { .. } => "property",
            Self::RegisterRefused => "register-refused",
            Self::RegisterUnknown => "register-unknown",
            Self::RegisterFailed { .. } => "register-failed",
            Self::RegisterUnexpected => "register-unexpected",
            Self::RegisterMissing => "register-missing",
            Self::TooManyRegisters { .. } => "too-many-registers",
            Self::CpuStateNotLoaded => "cpu-state-not-loaded",
            Self::RegistersNotSet => "registers-not-set",
            Self::MigrationFailed => "migration-failed",
            Self::PropertyNotFound { .. } => "property-not-found",
            Self::CpuTypeUnknown { .. } => "cpu-type-unknown",
            Self::CpuTypeNotHere { .. } => "cpu-type-not-here",
            Self::VcpuNotCreated => "vcpu-not-created",
            Self::OptionUnsupported { .. } => "option-unsupported",
            Self::VectorLength { .. } => "vector-length",
            Self::GuestAccess { .. } => "guest-access",
            Self::CpusDiffer { .. } => "cpus-differ",
            Self::CpusDifferSomewhere => "cpus-differ-somewhere",
            Self::CapabilityDetected { .. } => "capability-detected",
            Self::CapabilityConflict { .. } => "capability-conflict",
            Self::Overridden { .. } => "overridden",
            Self::ImplementerDiffers => "implementer-differs",
            Self::SnapshotNotRestored => "snapshot-not-restored",
            Self::VcpuStateNotSet => "vcpu-state-not-set",
            Self::ConnectionClosed => "connection-closed",
            Self::HostCpuIncompatible { .. } => "host-cpu-incompatible",
            Self::GuestCpuDiffers { .. } => "guest-cpu-differs",
            Self::CpuModeUnsupported { .. } => "cpu-mode-unsupported",
            Self::ComparisonUnsupported => "comparison-unsupported",
            Self::UnsupportedConfiguration { .. } => "unsupported-configuration",
        }
    }
}
