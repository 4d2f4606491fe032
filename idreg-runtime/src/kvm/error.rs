//! What can go wrong between this crate and the kernel.

use crate::config::Gic;
use crate::host::ReadError;
use crate::vcpu::Errno;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A step of reading a host or creating a vCPU that did not succeed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KvmError {
    /// There is no `/dev/kvm`.
    #[error(
        "no `/dev/kvm`: KVM needs a kernel built with it and started at EL2; use an arm64 machine \
         (or a VM with nested virtualisation) that has both"
    )]
    Missing,
    /// `/dev/kvm` exists but the caller may not open it.
    #[error(
        "not permitted to open `/dev/kvm`: join the group that owns it (usually `kvm`), or run as root"
    )]
    NotPermitted,
    /// `/dev/kvm` cannot be opened for another reason.
    #[error("cannot open `/dev/kvm`")]
    Open {
        /// The kernel's answer.
        source: Errno,
    },
    /// `/dev/kvm` speaks another version of the interface.
    #[error("KVM has API version {found}, this program needs {expected}")]
    ApiVersion {
        /// What the kernel reports.
        found: i32,
        /// The only version there has been since Linux 2.6.22.
        expected: u32,
    },
    /// `KVM_CREATE_VM` failed.
    #[error("cannot create a VM")]
    CreateVm {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ENABLE_CAP` failed for a capability that the kernel offers.
    #[error("cannot enable {capability}")]
    EnableCapability {
        /// The constant's name in `linux/kvm.h`.
        capability: &'static str,
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_CREATE_VCPU` failed.
    #[error("cannot create vCPU {index}")]
    CreateVcpu {
        /// The vCPU's number.
        index: u64,
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_PREFERRED_TARGET` failed.
    #[error("the host names no vCPU type to create")]
    PreferredTarget {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_INIT` failed: usually the host lacks one of the features.
    #[error("cannot initialise a vCPU with features {features}")]
    InitVcpu {
        /// The features asked for, by name.
        features: String,
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_FINALIZE` failed for SVE.
    #[error("cannot finalise the vCPU's SVE")]
    FinalizeSve {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_CREATE_DEVICE` failed for the interrupt controller.
    #[error("cannot create an in-kernel {}", match gic { Gic::V2 => "GICv2", Gic::V3 => "GICv3" })]
    CreateGic {
        /// The controller asked for.
        gic: Gic,
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_PMU_V3_IRQ` failed.
    #[error("cannot give the vCPU's PMU its interrupt")]
    PmuInterrupt {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_PMU_V3_INIT` failed.
    #[error("cannot initialise the vCPU's PMU")]
    InitPmu {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_ARM_GET_REG_WRITABLE_MASKS` failed.
    #[error("cannot read which bits of the ID registers are writable")]
    WritableMasks {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_REG_ARM64_SVE_VLS` cannot be read.
    #[error("cannot read the vCPU's SVE vector lengths")]
    SveVectorLengths {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_GET_ONE_REG` failed for a register that the vCPU has.
    #[error(transparent)]
    ReadRegister(#[from] ReadError),
    /// A file that describes the machine cannot be read.
    #[error("cannot read `{}`", path.display())]
    Machine {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of `/sys` that should hold a hexadecimal number holds something else.
    #[error("`{}` holds `{text}`, expected a hexadecimal number", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// What it holds.
        text: String,
    },
}
