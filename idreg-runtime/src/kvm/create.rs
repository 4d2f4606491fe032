//! Creation of VMs and vCPUs: each step in one place for every VM of this project.

use super::KvmError;
use super::capabilities::capabilities_of;
use super::sve::limit_vector_lengths;
use crate::config::capabilities::Capabilities;
use crate::config::options::{CpuOption, OptionSetting};
use crate::config::{Gic, VcpuConfig};
use crate::vcpu::Errno;
use kvm_bindings::{
    KVM_ARM_VCPU_EL1_32BIT, KVM_ARM_VCPU_HAS_EL2, KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_PMU_V3_CTRL,
    KVM_ARM_VCPU_PMU_V3_INIT, KVM_ARM_VCPU_PMU_V3_IRQ, KVM_ARM_VCPU_POWER_OFF,
    KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_GENERIC,
    KVM_ARM_VCPU_SVE, KVM_CAP_ARM_MTE, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, kvm_device_attr,
    kvm_enable_cap, kvm_vcpu_init,
};
use kvm_ioctls::{Kvm, VcpuFd, VmFd};

/// The interrupt of every vCPU's PMU: PPI 7, which the Arm Base System Architecture (DEN0094, level
/// 1) reserves for it.
const PMU_INTID: u32 = 16 + 7;

/// The maximum number of bits of a guest physical address: KVM's own default (Linux 7.2,
/// `Documentation/virt/kvm/api.rst`, 4.2). The host's maximum is expensive: with 52 bits, Linux 7.2
/// takes seconds to destroy an empty VM.
const PHYSICAL_ADDRESS_BITS: u32 = 40;

/// Creates a VM with physical addresses of 40 bits, or fewer if the host has fewer.
///
/// It has memory tagging if `config` has it, and MIDR_EL1, REVIDR_EL1 and AIDR_EL1 are writable if
/// the kernel supports that.
///
/// # Errors
///
/// [`KvmError::CreateVm`], [`KvmError::NotOffered`] or [`KvmError::EnableCapability`].
pub fn create_vm(kvm: &Kvm, config: VcpuConfig) -> Result<VmFd, KvmError> {
    let writable = kvm.check_extension_raw(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS.into()) > 0;
    create(kvm, config, writable)
}

/// Creates a VM like [`create_vm`], with capabilities that were read before, by
/// [`capabilities`](super::capabilities) or with a [`Host`](crate::host::Host).
///
/// # Errors
///
/// The errors of [`create_vm`].
pub fn create_vm_with(
    kvm: &Kvm,
    config: VcpuConfig,
    capabilities: &Capabilities,
) -> Result<VmFd, KvmError> {
    create(kvm, config, capabilities.writable_implementation_ids)
}

fn create(
    kvm: &Kvm,
    config: VcpuConfig,
    writable_implementation_ids: bool,
) -> Result<VmFd, KvmError> {
    let vm = new_vm(kvm)?;
    // KVM refuses both once the VM has a vCPU.
    if config.mte {
        enable(&vm, KVM_CAP_ARM_MTE, "KVM_CAP_ARM_MTE")
            .map_err(|error| not_offered(&vm, config).unwrap_or(error))?;
    }
    if writable_implementation_ids {
        enable(
            &vm,
            KVM_CAP_ARM_WRITABLE_IMP_ID_REGS,
            "KVM_CAP_ARM_WRITABLE_IMP_ID_REGS",
        )?;
    }
    Ok(vm)
}

/// The number of physical address bits of a VM from [`create_vm`]: a guest's memory must end below
/// that.
#[must_use]
pub fn physical_address_bits(kvm: &Kvm) -> u32 {
    match u32::try_from(kvm.get_host_ipa_limit()) {
        Ok(bits @ 1..) => bits.min(PHYSICAL_ADDRESS_BITS),
        _ => PHYSICAL_ADDRESS_BITS,
    }
}

/// Creates a VM without enabling any capability.
pub(super) fn new_vm(kvm: &Kvm) -> Result<VmFd, KvmError> {
    // Before Linux 4.20 there is no limit to read, and no other size than the default, which is
    // type 0.
    let bits = u32::try_from(kvm.get_host_ipa_limit()).unwrap_or(0);
    kvm.create_vm_with_ipa_size(bits.min(PHYSICAL_ADDRESS_BITS))
        .map_err(|error| KvmError::CreateVm {
            source: error.into(),
        })
}

fn enable(vm: &VmFd, cap: u32, name: &'static str) -> Result<(), KvmError> {
    let capability = kvm_enable_cap {
        cap,
        ..Default::default()
    };
    vm.enable_cap(&capability)
        .map_err(|error| KvmError::EnableCapability {
            capability: name,
            source: error.into(),
        })
}

/// Creates the vCPU with this number; [`init_vcpu`] initialises it.
///
/// # Errors
///
/// [`KvmError::CreateVcpu`].
pub fn create_vcpu(vm: &VmFd, index: u64) -> Result<VcpuFd, KvmError> {
    vm.create_vcpu(index).map_err(|error| KvmError::CreateVcpu {
        index,
        source: error.into(),
    })
}

/// Initialises a vCPU with the options of `config` and PSCI, limits its vector lengths, and
/// finalises its SVE.
///
/// A vCPU that starts `powered_off` waits for the guest's `CPU_ON`; all vCPUs except the first
/// should.
///
/// # Errors
///
/// [`KvmError::PreferredTarget`]; [`KvmError::NotOffered`], [`KvmError::Exclusive`],
/// [`KvmError::El2WithoutGicV3`] or [`KvmError::InitVcpu`] if KVM refuses the options;
/// [`KvmError::SveLimit`], [`KvmError::SveVectorLengths`] or [`KvmError::LimitSve`] if the vector
/// lengths cannot be limited; [`KvmError::FinalizeSve`].
pub fn init_vcpu(
    vm: &VmFd,
    vcpu: &VcpuFd,
    config: VcpuConfig,
    powered_off: bool,
) -> Result<(), KvmError> {
    // Linux 7.2 itself reports this only at the first run, and only as EAGAIN.
    if config.el2 && config.gic != Some(Gic::V3) {
        return Err(KvmError::El2WithoutGicV3);
    }
    let mut init = kvm_vcpu_init::default();
    vm.get_preferred_target(&mut init)
        .map_err(|error| KvmError::PreferredTarget {
            source: error.into(),
        })?;
    init.features = [features(config, powered_off), 0, 0, 0, 0, 0, 0];
    vcpu.vcpu_init(&init)
        .map_err(|error| refused(vm, config, error.into()))?;
    if !config.sve {
        return Ok(());
    }
    if let Some(limit) = config.sve_limit {
        limit_vector_lengths(vcpu, limit)?;
    }
    vcpu.vcpu_finalize(&KVM_ARM_VCPU_SVE.cast_signed())
        .map_err(|error| KvmError::FinalizeSve {
            source: error.into(),
        })
}

/// The vCPU features of a configuration, as a bitmap.
fn features(config: VcpuConfig, powered_off: bool) -> u32 {
    let features = [
        (true, KVM_ARM_VCPU_PSCI_0_2),
        (powered_off, KVM_ARM_VCPU_POWER_OFF),
        (config.sve, KVM_ARM_VCPU_SVE),
        // KVM refuses one without the other.
        (config.pauth, KVM_ARM_VCPU_PTRAUTH_ADDRESS),
        (config.pauth, KVM_ARM_VCPU_PTRAUTH_GENERIC),
        (config.pmu, KVM_ARM_VCPU_PMU_V3),
        (config.el2, KVM_ARM_VCPU_HAS_EL2),
        (config.aarch32, KVM_ARM_VCPU_EL1_32BIT),
    ];
    features
        .iter()
        .filter(|(on, _)| *on)
        .fold(0, |bits, (_, bit)| bits | 1 << bit)
}

/// The error of a refused initialisation, with the option that explains it if there is one: KVM
/// returns the same error for all options.
fn refused(vm: &VmFd, config: VcpuConfig, source: Errno) -> KvmError {
    not_offered(vm, config).unwrap_or_else(|| match exclusive(config) {
        Some(options) => KvmError::Exclusive { options },
        None => KvmError::InitVcpu { config, source },
    })
}

/// The error of the first option that KVM does not support, or `None` if it supports all.
fn not_offered(vm: &VmFd, config: VcpuConfig) -> Option<KvmError> {
    let capabilities = capabilities_of(vm);
    CpuOption::SWITCHES.into_iter().find_map(|option| {
        let setting = OptionSetting::of(option, config);
        match option.capability(setting.on, &capabilities)? {
            (_, true) => None,
            (capability, false) => Some(KvmError::NotOffered {
                setting,
                capability,
            }),
        }
    })
}

/// The first two options that exclude each other in KVM, or `None`
/// (Linux 7.2, `arch/arm64/kvm/arm.c`, `kvm_vcpu_init_check_features`).
fn exclusive(config: VcpuConfig) -> Option<[OptionSetting; 2]> {
    let aarch64 = OptionSetting::of(CpuOption::Aarch64, config);
    let others = [CpuOption::Mte, CpuOption::El2];
    let mut others = others
        .map(|option| OptionSetting::of(option, config))
        .into_iter();
    let excluded = others.find(|other| other.on)?;
    (!aarch64.on).then_some([aarch64, excluded])
}

/// Initialises the PMU of a vCPU that has one, with INTID 23 as its interrupt if there is an
/// in-kernel GIC.
///
/// KVM requires an initialised GIC ([`init_gic`](super::init_gic)) before this, and refuses to run
/// a vCPU whose PMU is not initialised. ID registers do not depend on it, so a
/// [`ScratchVm`](super::ScratchVm) initialises it only before it runs.
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
                source: error.into(),
            })?;
    }
    vcpu.set_device_attr(&attribute(KVM_ARM_VCPU_PMU_V3_INIT, 0))
        .map_err(|error| KvmError::InitPmu {
            source: error.into(),
        })
}
