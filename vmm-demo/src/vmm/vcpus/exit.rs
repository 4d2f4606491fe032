//! Exits that stop a vCPU, and their causes.

use idreg_runtime::kvm::KvmError;
use idreg_runtime::vcpu::Errno;
use thiserror::Error;

/// Exits that stop a vCPU.
#[derive(Debug)]
pub enum GuestExit {
    /// The guest switched itself off.
    PoweredOff,
    /// The guest asked for a reset.
    Reset,
    /// The vCPU cannot continue.
    Failed(VcpuError),
}

/// A vCPU that cannot continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VcpuError {
    /// A data access to an unmapped address.
    #[error(
        "vCPU {vcpu} {} {size} bytes at {address:#x}, where there is neither RAM nor a device \
         (its PC is {pc:#x})",
        if *write { "wrote" } else { "read" }
    )]
    Unmapped {
        /// The vCPU's number.
        vcpu: usize,
        /// True for a write.
        write: bool,
        /// The bytes accessed.
        size: usize,
        /// The guest physical address.
        address: u64,
        /// The program counter.
        pc: u64,
    },
    /// A data access to a device or to an unmapped address whose syndrome has neither address nor
    /// size, as of an instruction with two registers.
    #[error(
        "vCPU {vcpu} accessed a device or an unmapped address by an instruction that KVM cannot \
         emulate (its PC is {pc:#x})"
    )]
    CannotEmulate {
        /// The vCPU's number.
        vcpu: usize,
        /// The program counter.
        pc: u64,
    },
    /// A hypercall that this VMM does not implement.
    #[error("vCPU {vcpu} made a hypercall that this VMM does not implement (its PC is {pc:#x})")]
    Hypercall {
        /// The vCPU's number.
        vcpu: usize,
        /// The program counter.
        pc: u64,
    },
    /// An exit that this VMM does not handle.
    #[error("unhandled KVM exit of vCPU {vcpu}: {exit}")]
    UnhandledExit {
        /// The vCPU's number.
        vcpu: usize,
        /// The exit in the form of kvm-ioctls.
        exit: String,
    },
    /// A system event other than power-off and reset.
    #[error("the guest crashed: vCPU {vcpu} reported system event {event}")]
    SystemEvent {
        /// The vCPU's number.
        vcpu: usize,
        /// The event (`KVM_SYSTEM_EVENT_*`).
        event: u32,
    },
    /// `KVM_RUN` failed.
    #[error("cannot run vCPU {vcpu}")]
    Run {
        /// The vCPU's number.
        vcpu: usize,
        /// The kernel's answer.
        source: Errno,
    },
    /// The answer to a hypercall cannot be set.
    #[error("cannot answer a hypercall of vCPU {vcpu}")]
    AnswerHypercall {
        /// The vCPU's number.
        vcpu: usize,
        /// The cause.
        source: KvmError,
    },
}

impl VcpuError {
    /// True if the guest is to blame, and neither this machine nor this program.
    #[must_use]
    pub const fn is_of_guest(&self) -> bool {
        matches!(
            self,
            Self::Unmapped { .. }
                | Self::CannotEmulate { .. }
                | Self::Hypercall { .. }
                | Self::SystemEvent { .. }
        )
    }
}
