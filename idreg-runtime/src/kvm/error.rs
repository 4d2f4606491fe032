//! Errors of the kernel's interfaces.

use crate::config::options::{CpuOption, OptionSetting};
use crate::config::{Gic, VcpuConfig};
use crate::host::ReadError;
use crate::text::comma_list;
use crate::vcpu::Errno;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A failed step of reading a host or creating a vCPU.
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
        "not permitted to open `/dev/kvm`: join the group that owns it (usually `kvm`), or run as \
         root"
    )]
    NotPermitted,
    /// `/dev/kvm` cannot be opened for another reason.
    #[error("cannot open `/dev/kvm`")]
    Open {
        /// The kernel's error.
        source: Errno,
    },
    /// `/dev/kvm` has another version of the interface.
    #[error("KVM has API version {found}, this program needs {expected}")]
    ApiVersion {
        /// The version that the kernel reports.
        found: i32,
        /// The only version since Linux 2.6.22.
        expected: u32,
    },
    /// `KVM_CREATE_VM` failed.
    #[error("cannot create a VM")]
    CreateVm {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_ENABLE_CAP` failed for a capability that the kernel offers.
    #[error("cannot enable {capability}")]
    EnableCapability {
        /// The constant's name in `linux/kvm.h`.
        capability: &'static str,
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_CREATE_VCPU` failed.
    #[error("cannot create vCPU {index}")]
    CreateVcpu {
        /// The vCPU's number.
        index: u64,
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_ARM_PREFERRED_TARGET` failed.
    #[error("the host names no vCPU type to create")]
    PreferredTarget {
        /// The kernel's error.
        source: Errno,
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
    /// `KVM_ARM_VCPU_INIT` failed although KVM supports every option.
    #[error("cannot initialise a vCPU with {}", options(*.config))]
    InitVcpu {
        /// The configuration.
        config: VcpuConfig,
        /// The kernel's error.
        source: Errno,
    },
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
    /// `KVM_REG_ARM64_SVE_VLS` cannot be set.
    #[error("cannot limit the vCPU's SVE vectors to {limit} bits")]
    LimitSve {
        /// The limit, in bits.
        limit: u32,
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_FINALIZE` failed for SVE.
    #[error("cannot finalise the vCPU's SVE")]
    FinalizeSve {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_CREATE_DEVICE` failed for the interrupt controller.
    #[error("cannot create an in-kernel {}", match gic { Gic::V2 => "GICv2", Gic::V3 => "GICv3" })]
    CreateGic {
        /// The controller's version.
        gic: Gic,
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_DEV_ARM_VGIC_GRP_ADDR` failed.
    #[error("cannot put the GIC's {part} at {address:#x}")]
    GicAddress {
        /// The part of the GIC.
        part: &'static str,
        /// The guest physical address.
        address: u64,
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_DEV_ARM_VGIC_GRP_NR_IRQS` failed.
    #[error("cannot give the GIC {interrupts} interrupts; multiples of 32 from 64 to 1024 work")]
    GicInterrupts {
        /// The number of interrupts.
        interrupts: u32,
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_DEV_ARM_VGIC_CTRL_INIT` failed.
    #[error("cannot initialise the GIC")]
    InitGic {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_PMU_V3_IRQ` failed.
    #[error("cannot give the vCPU's PMU its interrupt")]
    PmuInterrupt {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_ARM_VCPU_PMU_V3_INIT` failed.
    #[error("cannot initialise the vCPU's PMU")]
    InitPmu {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_ARM_GET_REG_WRITABLE_MASKS` failed.
    #[error("cannot read which bits of the ID registers are writable")]
    WritableMasks {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_REG_ARM64_SVE_VLS` cannot be read.
    #[error("cannot read the vCPU's SVE vector lengths")]
    SveVectorLengths {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_GET_ONE_REG` failed for a register that the vCPU has.
    #[error(transparent)]
    ReadRegister(#[from] ReadError),
    /// The kernel cannot announce the hypercalls for target CPUs.
    #[error(
        "this kernel cannot tell a guest on which CPUs it may come to run (there is no register \
         KVM_REG_ARM_VENDOR_HYP_BMAP_2): that needs Linux 6.15 or newer"
    )]
    NoTargetCpus,
    /// The hypercalls for target CPUs cannot be announced or forwarded to the VMM.
    #[error("cannot offer the guest the CPUs that it may come to run on")]
    OfferTargetCpus {
        /// The kernel's error.
        source: Errno,
    },
    /// The registers of a vCPU that made a hypercall cannot be read or written.
    #[error("cannot answer the vCPU's hypercall")]
    Hypercall {
        /// The kernel's error.
        source: Errno,
    },
    /// `KVM_RUN` failed.
    #[error("cannot run the vCPU")]
    Run {
        /// The kernel's error.
        source: Errno,
    },
    /// The affinity of the calling thread cannot be read.
    #[error("cannot tell which CPUs this thread may run on")]
    Affinity {
        /// The kernel's error.
        source: Errno,
    },
    /// The calling thread cannot be moved to a CPU, to read the registers there.
    #[error("cannot move this thread to CPU {cpu}, to read what a vCPU shows there")]
    MoveToCpu {
        /// The CPU's number.
        cpu: u32,
        /// The kernel's error.
        source: Errno,
    },
    /// A file that describes the machine cannot be read.
    #[error("cannot read `{}`", path.display())]
    Machine {
        /// The file or directory.
        path: PathBuf,
        /// The error of the read.
        source: io::Error,
    },
    /// A file of `/sys` that should list CPUs holds something else.
    #[error("`{}` holds `{text}`, expected CPUs such as `0-3,8`", path.display())]
    NotCpus {
        /// The file.
        path: PathBuf,
        /// The file's content.
        text: String,
    },
    /// A file of `/sys` that should hold a hexadecimal number holds something else.
    #[error("`{}` holds `{text}`, expected a hexadecimal number", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The file's content.
        text: String,
    },
}

/// The error number of an ioctl.
impl From<kvm_ioctls::Error> for Errno {
    fn from(error: kvm_ioctls::Error) -> Self {
        Self(error.errno())
    }
}

/// Every option of a configuration.
fn options(config: VcpuConfig) -> String {
    let settings = CpuOption::SWITCHES.map(|option| OptionSetting::of(option, config).to_string());
    settings.join(",")
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
