//! Errors of reading and writing the state of a machine.

use super::gic_register::GicRegister;
use super::register::RegisterId;
use idreg_runtime::vcpu::Errno;
use thiserror::Error;

/// The state of a machine that cannot be read, or cannot be written into another.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StateError {
    /// The machine has a part whose state this version cannot save.
    #[error("the state of this guest cannot be saved: {0}")]
    Unsupported(Unsupported),
    /// `KVM_GET_REG_LIST` failed.
    #[error("cannot list the registers of vCPU {vcpu}")]
    List {
        /// The vCPU's number.
        vcpu: usize,
        /// The kernel's error.
        source: Errno,
    },
    /// KVM lists a register of a kind that this version does not know.
    #[error(
        "KVM lists {register} of vCPU {vcpu}, of a kind that this version does not know: the guest \
         would lose it, so that its state is not saved"
    )]
    UnknownKind {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
    },
    /// A register cannot be read.
    #[error("cannot read {register} of vCPU {vcpu}")]
    Read {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
        /// The kernel's error.
        source: Errno,
    },
    /// A register cannot be written.
    #[error("cannot write {value} to {register} of vCPU {vcpu}")]
    Write {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
        /// The value.
        value: String,
        /// The kernel's error.
        source: Errno,
    },
    /// KVM on this host does not have a register of the guest.
    #[error(
        "the guest has {value} in {register} of vCPU {vcpu}, and KVM on this host does not have \
         the register"
    )]
    Missing {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
        /// The value.
        value: String,
    },
    /// The saved state has a register that is no part of a vCPU's state.
    #[error("the saved state of vCPU {vcpu} has {register}, which is no part of it")]
    NotState {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
    },
    /// The saved state has a register twice.
    #[error("the saved state of vCPU {vcpu} has {register} twice")]
    Twice {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
    },
    /// A register has another value after it was written.
    #[error(
        "{register} of vCPU {vcpu} is {found} after {written} was written: the guest would go on \
         with another value than it had"
    )]
    Differs {
        /// The vCPU's number.
        vcpu: usize,
        /// The register.
        register: RegisterId,
        /// The value written.
        written: String,
        /// The value read back.
        found: String,
    },
    /// A vCPU's power state or its pending exceptions cannot be read or written.
    #[error("cannot {action} of vCPU {vcpu}")]
    Vcpu {
        /// The vCPU's number.
        vcpu: usize,
        /// Verb and object: `read the power state`.
        action: &'static str,
        /// The kernel's error.
        source: Errno,
    },
    /// A power state that this version does not know.
    #[error("vCPU {vcpu} is in the power state {power}, expected 0 (on) or 5 (off)")]
    PowerState {
        /// The vCPU's number.
        vcpu: usize,
        /// The number (`KVM_MP_STATE_*`).
        power: u32,
    },
    /// The saved state is of another number of vCPUs.
    #[error("the saved state has {found} vCPUs, expected {expected}")]
    VcpuCount {
        /// The number in the state.
        found: usize,
        /// The number of the machine.
        expected: usize,
    },
    /// The saved state of the GIC has other registers than a GIC.
    #[error("the saved state of the GIC has {found}, expected {expected}")]
    GicShape {
        /// The part that is there.
        found: String,
        /// The part that a GIC of this machine has.
        expected: String,
    },
    /// A register of the GIC cannot be read.
    #[error("cannot read {register}")]
    GicRead {
        /// The register.
        register: GicRegister,
        /// The kernel's error.
        source: Errno,
    },
    /// A register of the GIC cannot be written.
    #[error("cannot write {value:#x} to {register}")]
    GicWrite {
        /// The register.
        register: GicRegister,
        /// The value.
        value: u64,
        /// The kernel's error.
        source: Errno,
    },
    /// A register of the GIC has another value after it was written.
    #[error(
        "{register} is {found:#x} after {written:#x} was written: the guest would go on with \
         another value than it had"
    )]
    GicDiffers {
        /// The register.
        register: GicRegister,
        /// The value written.
        written: u64,
        /// The value read back.
        found: u64,
    },
}

/// A part of a machine whose state this version cannot save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unsupported {
    /// The guest is a hypervisor, with EL2.
    #[error("it has EL2 (`el2=on`), whose nested guests KVM does not show whole")]
    El2,
    /// The guest has memory tags.
    #[error("it has memory tags (`mte=on`), which are not in its memory")]
    MemoryTags,
    /// The guest starts in AArch32.
    #[error("it has AArch32 at EL1 (`aarch64=off`)")]
    Aarch32,
    /// The VM has a GICv2.
    #[error("it has a GICv2, and only the state of a GICv3 can be saved")]
    GicV2,
    /// The VM has no in-kernel GIC.
    #[error("it has no interrupt controller in the kernel")]
    NoGic,
}
