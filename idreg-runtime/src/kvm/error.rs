//! Errors of the kernel's interfaces.

use crate::config::options::{CpuOption, OptionSetting};
use crate::config::{Gic, VcpuConfig};
use crate::firmware::{FirmwareRegister, FirmwareSetting};
use crate::host::{ConfigurationDifference, ReadError};
use crate::linux::UnexpectedContent;
use crate::text::{caused, comma_list, joined, lines};
use crate::vcpu::Errno;
use core::fmt;
use thiserror::Error;

/// The error of reading a host or of creating a vCPU.
///
/// `{}` shows the error alone, `{:#}` and `{:?}` also its causes.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KvmError {
    /// There is no `/dev/kvm`.
    #[cfg(feature = "scratch")]
    #[error(
        "no `/dev/kvm`: KVM needs a kernel built with it and started at EL2; use an arm64 machine \
         (or a VM with nested virtualisation) that has both"
    )]
    Missing,
    /// `/dev/kvm` exists but the caller may not open it.
    #[cfg(feature = "scratch")]
    #[error(
        "not permitted to open `/dev/kvm`: join the group that owns it (usually `kvm`), or run as \
         root"
    )]
    NotPermitted,
    /// `/dev/kvm` has another version of the interface.
    #[cfg(feature = "scratch")]
    #[error("KVM has API version {found}, this program needs {expected}")]
    ApiVersion {
        /// The version that the kernel reports.
        found: i32,
        /// The only version since Linux 2.6.22.
        expected: u32,
    },
    /// KVM refused a step.
    #[error(fmt = caused)]
    Failed {
        /// The step.
        step: KvmStep,
        /// The kernel's error.
        source: Errno,
    },
    /// The host does not support this size of guest physical addresses.
    #[cfg(feature = "scratch")]
    #[error("this host cannot give a VM {bits} bits of physical address; 32 to {limit} work")]
    AddressBits {
        /// The requested number of bits.
        bits: u32,
        /// The host's maximum.
        limit: u32,
    },
    /// This host's KVM does not support an option of the configuration.
    #[error(
        "this host cannot give a vCPU {}: its KVM does not offer {capability}; {} works{}",
        .setting, .setting.opposite(), condition(.setting.option)
    )]
    NotOffered {
        /// The option and its setting.
        setting: OptionSetting,
        /// The constant's name in `linux/kvm.h`.
        capability: &'static str,
    },
    /// KVM does not support two options of the configuration together.
    #[error(
        "KVM does not give a vCPU {} and {} together; either alone works",
        .options[0], .options[1]
    )]
    Exclusive {
        /// The options and their settings.
        options: [OptionSetting; 2],
    },
    /// The configuration has a guest hypervisor without the interrupt controller that KVM requires
    /// for it.
    #[error(
        "KVM does not run a vCPU with el2=on unless its VM has an in-kernel GICv3; with that it \
         works, and without it el2=off does"
    )]
    El2WithoutGicV3,
    /// Every SVE vector length of the host is above the limit of the configuration.
    #[error(
        "no SVE vectors are as short as {limit} bits: this host has {}; a limit of at least \
         the first works, or sve=off", comma_list(.lengths)
    )]
    SveLimit {
        /// The limit, in bits.
        limit: u32,
        /// The lengths of the host in bits, ascending.
        lengths: Vec<u32>,
    },
    /// A register of the vCPU cannot be read.
    #[error(transparent)]
    ReadRegister(#[from] ReadError),
    /// The vCPU was created with another configuration than the one that was passed.
    #[error("{}", lines(.0))]
    OtherConfiguration(Vec<ConfigurationDifference>),
    /// The kernel cannot announce the hypercalls for target CPUs.
    #[error(
        "this kernel cannot tell a guest on which CPUs it may come to run (there is no register \
         KVM_REG_ARM_VENDOR_HYP_BMAP_2): that needs Linux 6.15 or newer"
    )]
    NoTargetCpus,
    /// KVM took the value of a firmware register and stores another.
    #[error(
        "KVM took {setting} and has {}; a VM that has run keeps its firmware registers",
        .setting.register.show(*.found)
    )]
    FirmwareDiffers {
        /// The register with the written value.
        setting: FirmwareSetting,
        /// The value that was read back.
        found: u64,
    },
    /// KVM took the value of a register by which the GIC identifies itself, and stores another.
    #[error(
        "KVM took {register} {value:#010x} for the GIC and has {found:#010x}: this kernel does not \
         store it; newer kernels do"
    )]
    GicRegisterDiffers {
        /// The register's name.
        register: &'static str,
        /// The written value.
        value: u32,
        /// The value that was read back.
        found: u32,
    },
    /// The affinity of the calling thread cannot be read.
    #[cfg(feature = "scratch")]
    #[error("cannot tell which CPUs this thread may run on")]
    Affinity {
        /// The kernel's error.
        source: Errno,
    },
    /// The calling thread cannot be moved to a CPU, to read the registers there.
    #[cfg(feature = "scratch")]
    #[error("cannot move this thread to CPU {cpu}, to read what a vCPU shows there")]
    MoveToCpu {
        /// The CPU's number.
        cpu: u32,
        /// The kernel's error.
        source: Errno,
    },
    /// A file that describes the machine has another form than the kernel's.
    #[error(transparent)]
    Machine(#[from] UnexpectedContent),
}

/// A step that KVM can refuse, shown as `cannot create a VM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KvmStep {
    /// Opening `/dev/kvm`.
    Open,
    /// `KVM_CREATE_VM`.
    CreateVm,
    /// `KVM_ENABLE_CAP` for a capability that the kernel offers.
    EnableCapability {
        /// The constant's name in `linux/kvm.h`.
        capability: &'static str,
    },
    /// `KVM_CREATE_VCPU`.
    CreateVcpu {
        /// The vCPU's number.
        index: u64,
    },
    /// `KVM_ARM_PREFERRED_TARGET`.
    PreferredTarget,
    /// `KVM_ARM_VCPU_INIT` although KVM supports every option.
    InitVcpu {
        /// The configuration.
        config: VcpuConfig,
    },
    /// Reading `KVM_REG_ARM64_SVE_VLS`.
    SveVectorLengths,
    /// Writing `KVM_REG_ARM64_SVE_VLS`.
    LimitSve {
        /// The limit, in bits.
        limit: u32,
    },
    /// `KVM_ARM_VCPU_FINALIZE` for SVE.
    FinalizeSve,
    /// `KVM_CREATE_DEVICE` for the interrupt controller.
    CreateGic {
        /// The controller's version.
        gic: Gic,
    },
    /// `KVM_DEV_ARM_VGIC_GRP_ADDR`.
    GicAddress {
        /// The part of the GIC.
        part: &'static str,
        /// The guest physical address.
        address: u64,
    },
    /// `KVM_DEV_ARM_VGIC_GRP_NR_IRQS`.
    GicInterrupts {
        /// The number of interrupts.
        interrupts: u32,
    },
    /// `KVM_DEV_ARM_VGIC_CTRL_INIT`.
    InitGic,
    /// Reading a register by which the GIC identifies itself.
    GicRegister {
        /// The register's name.
        register: &'static str,
    },
    /// Writing a register by which the GIC identifies itself.
    SetGicRegister {
        /// The register's name.
        register: &'static str,
        /// The value.
        value: u32,
    },
    /// Writing a firmware register.
    WriteFirmware {
        /// The register with the value.
        setting: FirmwareSetting,
    },
    /// Reading a firmware register back.
    ReadFirmware {
        /// The register.
        register: FirmwareRegister,
    },
    /// `KVM_IRQ_LINE`, whose error tells if the VM has an in-kernel GIC.
    FindGic,
    /// `KVM_ARM_VCPU_PMU_V3_IRQ`.
    PmuInterrupt,
    /// `KVM_ARM_VCPU_PMU_V3_INIT`.
    InitPmu,
    /// `KVM_ARM_GET_REG_WRITABLE_MASKS`.
    WritableMasks,
    /// Writing REVIDR_EL1, to learn if the VM lets it be changed.
    TryImplementationIds,
    /// Reading the vCPU's PSTATE.
    ProcessorState,
    /// Announcing the hypercalls for target CPUs, or forwarding them to the VMM.
    OfferTargetCpus,
    /// Reading or writing the registers of a vCPU that made a hypercall.
    AnswerHypercall,
    /// `KVM_RUN`.
    Run,
}

impl KvmStep {
    /// The error of this step from the kernel's.
    pub(super) fn failed<E: Into<Errno>>(self) -> impl FnOnce(E) -> KvmError {
        move |error| KvmError::Failed {
            step: self,
            source: error.into(),
        }
    }
}

impl fmt::Display for KvmStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Open => "cannot open `/dev/kvm`",
            Self::CreateVm => "cannot create a VM",
            Self::EnableCapability { capability } => {
                return write!(f, "cannot enable {capability}");
            }
            Self::CreateVcpu { index } => return write!(f, "cannot create vCPU {index}"),
            Self::PreferredTarget => "the host names no vCPU type to create",
            Self::InitVcpu { config } => {
                return write!(f, "cannot initialise a vCPU with {}", options(*config));
            }
            Self::SveVectorLengths => "cannot read the vCPU's SVE vector lengths",
            Self::LimitSve { limit } => {
                return write!(f, "cannot limit the vCPU's SVE vectors to {limit} bits");
            }
            Self::FinalizeSve => "cannot finalise the vCPU's SVE",
            Self::CreateGic { gic } => return write!(f, "cannot create an in-kernel {gic}"),
            Self::GicAddress { part, address } => {
                return write!(f, "cannot put the GIC's {part} at {address:#x}");
            }
            Self::GicInterrupts { interrupts } => {
                return write!(
                    f,
                    "cannot give the GIC {interrupts} interrupts; multiples of 32 from 64 to 1024 \
                     work"
                );
            }
            Self::InitGic => "cannot initialise the GIC",
            Self::GicRegister { register } => {
                return write!(f, "cannot read {register} of the GIC");
            }
            Self::SetGicRegister { register, value } => {
                return write!(f, "cannot set {register} of the GIC to {value:#010x}");
            }
            Self::WriteFirmware { setting } => {
                return write!(f, "cannot write the firmware register {setting}");
            }
            Self::ReadFirmware { register } => {
                return write!(f, "cannot read the firmware register {}", register.name());
            }
            Self::FindGic => "cannot tell which in-kernel GIC the VM has",
            Self::PmuInterrupt => "cannot give the vCPU's PMU its interrupt",
            Self::InitPmu => "cannot initialise the vCPU's PMU",
            Self::WritableMasks => "cannot read which bits of the ID registers are writable",
            Self::TryImplementationIds => {
                "cannot restore REVIDR_EL1 after trying to change it; the VM must not run"
            }
            Self::ProcessorState => "cannot read PSTATE from the vCPU",
            Self::OfferTargetCpus => "cannot offer the guest the CPUs that it may come to run on",
            Self::AnswerHypercall => "cannot answer the vCPU's hypercall",
            Self::Run => "cannot run the vCPU",
        };
        f.write_str(text)
    }
}

/// Shows the message and its causes, as `main` prints the errors that it returns.
impl fmt::Debug for KvmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

/// The error number of an ioctl.
#[cfg(feature = "scratch")]
impl From<kvm_ioctls::Error> for Errno {
    fn from(error: kvm_ioctls::Error) -> Self {
        Self(error.errno())
    }
}

/// Every option of a configuration.
fn options(config: VcpuConfig) -> String {
    joined(
        &CpuOption::SWITCHES.map(|option| OptionSetting::of(option, config)),
        ",",
    )
}

/// The condition under which a host supports an option, if it is more than hardware with the
/// feature.
fn condition(option: CpuOption) -> &'static str {
    match option {
        CpuOption::El2 => {
            "; a host with nested virtualisation (FEAT_NV2) offers it if its kernel is Linux 6.16 \
             or newer and was started with `kvm-arm.mode=nested`"
        }
        _ => "",
    }
}
