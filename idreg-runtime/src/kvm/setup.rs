//! The steps that make a VM and its vCPUs, each in one place for every VM of this project.

use super::KvmError;
use super::vcpu::errno;
use crate::capabilities::Capabilities;
use crate::config::{Gic, VcpuConfig};
use crate::vcpu::Errno;
use kvm_bindings::{
    KVM_API_VERSION, KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_PMU_V3_CTRL, KVM_ARM_VCPU_PMU_V3_INIT,
    KVM_ARM_VCPU_PMU_V3_IRQ, KVM_ARM_VCPU_POWER_OFF, KVM_ARM_VCPU_PSCI_0_2,
    KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_GENERIC, KVM_ARM_VCPU_SVE,
    KVM_CAP_ARM_EL1_32BIT, KVM_CAP_ARM_MTE, KVM_CAP_ARM_PMU_V3, KVM_CAP_ARM_PTRAUTH_ADDRESS,
    KVM_CAP_ARM_PTRAUTH_GENERIC, KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES, KVM_CAP_ARM_SVE,
    KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, kvm_create_device, kvm_device_attr,
    kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2, kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
    kvm_enable_cap, kvm_vcpu_init,
};
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd, VmFd};

/// Nested virtualisation (Linux 7.2, `include/uapi/linux/kvm.h`); not in kvm-bindings 0.14.
const KVM_CAP_ARM_EL2: u32 = 240;

/// The interrupt of every vCPU's PMU: PPI 7, which the Arm Base System Architecture (DEN0094, level 1)
/// reserves for it.
const PMU_INTID: u32 = 16 + 7;

/// Opens `/dev/kvm`.
///
/// # Errors
///
/// [`KvmError::Missing`], [`KvmError::NotPermitted`] or [`KvmError::Open`] if that fails,
/// [`KvmError::ApiVersion`] if what answers is not the KVM of today.
pub fn open() -> Result<Kvm, KvmError> {
    let kvm = Kvm::new().map_err(|error| match error.errno() {
        libc::ENOENT | libc::ENXIO | libc::ENODEV => KvmError::Missing,
        libc::EACCES | libc::EPERM => KvmError::NotPermitted,
        number => KvmError::Open {
            source: Errno(number),
        },
    })?;
    let found = kvm.get_api_version();
    if u32::try_from(found) != Ok(KVM_API_VERSION) {
        return Err(KvmError::ApiVersion {
            found,
            expected: KVM_API_VERSION,
        });
    }
    Ok(kvm)
}

/// Asks the kernel for the capabilities that matter to ID registers.
#[must_use]
pub fn capabilities(kvm: &Kvm) -> Capabilities {
    let has = |capability: u32| kvm.check_extension_raw(capability.into()) > 0;
    Capabilities {
        writable_masks: has(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES),
        writable_implementation_ids: has(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS),
        sve: has(KVM_CAP_ARM_SVE),
        pauth: has(KVM_CAP_ARM_PTRAUTH_ADDRESS) && has(KVM_CAP_ARM_PTRAUTH_GENERIC),
        pmu: has(KVM_CAP_ARM_PMU_V3),
        mte: has(KVM_CAP_ARM_MTE),
        el1_32bit: has(KVM_CAP_ARM_EL1_32BIT),
        el2: has(KVM_CAP_ARM_EL2),
    }
}

/// The richest configuration that this host can give a vCPU.
///
/// # Errors
///
/// [`KvmError::CreateVm`] or [`KvmError::EnableCapability`]: which GIC there is, only a VM can tell.
pub fn supported(kvm: &Kvm) -> Result<VcpuConfig, KvmError> {
    let Capabilities {
        sve, pauth, pmu, ..
    } = capabilities(kvm);
    let vm = create_vm(kvm)?;
    // Created rather than asked for with KVM_CREATE_DEVICE_TEST: kvm-ioctls 0.25 takes the descriptor
    // that the kernel does not return then as its own, and closes standard input.
    let gic = [Gic::V3, Gic::V2]
        .into_iter()
        .find(|gic| create_gic(&vm, *gic).is_ok());
    Ok(VcpuConfig {
        sve,
        pauth,
        pmu,
        gic,
    })
}

/// Creates a VM with the host's largest address space, whose MIDR_EL1, REVIDR_EL1 and AIDR_EL1 are
/// writable where the kernel can do that.
///
/// # Errors
///
/// [`KvmError::CreateVm`] or [`KvmError::EnableCapability`].
pub fn create_vm(kvm: &Kvm) -> Result<VmFd, KvmError> {
    let vm = kvm.create_vm().map_err(|error| KvmError::CreateVm {
        source: errno(error),
    })?;
    if vm.check_extension_raw(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS.into()) > 0 {
        // Refused once the VM has a vCPU.
        vm.enable_cap(&kvm_enable_cap {
            cap: KVM_CAP_ARM_WRITABLE_IMP_ID_REGS,
            ..Default::default()
        })
        .map_err(|error| KvmError::EnableCapability {
            capability: "KVM_CAP_ARM_WRITABLE_IMP_ID_REGS",
            source: errno(error),
        })?;
    }
    Ok(vm)
}

/// Creates the vCPU with this number; [`init_vcpu`] makes it usable.
///
/// # Errors
///
/// [`KvmError::CreateVcpu`].
pub fn create_vcpu(vm: &VmFd, index: u64) -> Result<VcpuFd, KvmError> {
    vm.create_vcpu(index).map_err(|error| KvmError::CreateVcpu {
        index,
        source: errno(error),
    })
}

/// Initialises a vCPU with the features of `config` and PSCI, and finalises its SVE.
///
/// A vCPU that starts `powered_off` waits for the guest's `CPU_ON`; all but the first should.
///
/// # Errors
///
/// [`KvmError::PreferredTarget`], [`KvmError::InitVcpu`] or [`KvmError::FinalizeSve`].
pub fn init_vcpu(
    vm: &VmFd,
    vcpu: &VcpuFd,
    config: VcpuConfig,
    powered_off: bool,
) -> Result<(), KvmError> {
    let mut init = kvm_vcpu_init::default();
    vm.get_preferred_target(&mut init)
        .map_err(|error| KvmError::PreferredTarget {
            source: errno(error),
        })?;
    let features = features(config);
    let mut bits = features.iter().fold(0, |bits, (bit, _)| bits | 1 << bit);
    if powered_off {
        bits |= 1 << KVM_ARM_VCPU_POWER_OFF;
    }
    init.features = [bits, 0, 0, 0, 0, 0, 0];
    vcpu.vcpu_init(&init).map_err(|error| KvmError::InitVcpu {
        features: features
            .iter()
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(", "),
        source: errno(error),
    })?;
    if config.sve {
        vcpu.vcpu_finalize(&KVM_ARM_VCPU_SVE.cast_signed())
            .map_err(|error| KvmError::FinalizeSve {
                source: errno(error),
            })?;
    }
    Ok(())
}

/// The vCPU features of a configuration: bit number and name.
fn features(config: VcpuConfig) -> Vec<(u32, &'static str)> {
    let mut features = vec![(KVM_ARM_VCPU_PSCI_0_2, "PSCI_0_2")];
    if config.sve {
        features.push((KVM_ARM_VCPU_SVE, "SVE"));
    }
    if config.pauth {
        // KVM refuses one without the other.
        features.push((KVM_ARM_VCPU_PTRAUTH_ADDRESS, "PTRAUTH_ADDRESS"));
        features.push((KVM_ARM_VCPU_PTRAUTH_GENERIC, "PTRAUTH_GENERIC"));
    }
    if config.pmu {
        features.push((KVM_ARM_VCPU_PMU_V3, "PMU_V3"));
    }
    features
}

/// Creates the interrupt controller, without addresses: those are the VMM's.
///
/// # Errors
///
/// [`KvmError::CreateGic`], with `ENODEV` if the host cannot offer this kind.
pub fn create_gic(vm: &VmFd, gic: Gic) -> Result<DeviceFd, KvmError> {
    let mut device = kvm_create_device {
        type_: match gic {
            Gic::V2 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2,
            Gic::V3 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
        },
        ..Default::default()
    };
    vm.create_device(&mut device)
        .map_err(|error| KvmError::CreateGic {
            gic,
            source: errno(error),
        })
}

/// Initialises the PMU of a vCPU that has one, with INTID 23 as its interrupt where there is a GIC in the kernel.
///
/// KVM wants the GIC initialised before (`KVM_DEV_ARM_VGIC_CTRL_INIT`), and refuses to run a vCPU whose PMU is not.
/// ID registers do not depend on it, so a [`ScratchVm`](super::ScratchVm) goes without.
///
/// # Errors
///
/// [`KvmError::PmuInterrupt`] or [`KvmError::InitPmu`].
pub fn init_pmu(vcpu: &VcpuFd, config: VcpuConfig) -> Result<(), KvmError> {
    if !config.pmu {
        return Ok(());
    }
    let attribute = |attr: u32, addr: u64| kvm_device_attr {
        group: KVM_ARM_VCPU_PMU_V3_CTRL,
        attr: attr.into(),
        addr,
        ..Default::default()
    };
    if config.gic.is_some() {
        let interrupt = PMU_INTID;
        let address = (&raw const interrupt) as u64;
        vcpu.set_device_attr(&attribute(KVM_ARM_VCPU_PMU_V3_IRQ, address))
            .map_err(|error| KvmError::PmuInterrupt {
                source: errno(error),
            })?;
    }
    vcpu.set_device_attr(&attribute(KVM_ARM_VCPU_PMU_V3_INIT, 0))
        .map_err(|error| KvmError::InitPmu {
            source: errno(error),
        })
}
