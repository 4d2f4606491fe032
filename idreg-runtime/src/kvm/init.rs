//! Initialisation of vCPUs.

use super::capabilities::capabilities_of;
use super::sve::limit_vector_lengths;
use super::{KvmError, KvmStep, ioctl};
use crate::config::options::{CpuOption, OptionSetting};
use crate::config::{Gic, VcpuConfig};
use crate::vcpu::Errno;
use core::ffi::c_int;
use std::os::fd::{AsRawFd, RawFd};

/// The interrupt of every vCPU's PMU: PPI 7, which the Arm Base System Architecture (DEN0094, level
/// 1) reserves for it.
const PMU_INTID: c_int = 16 + 7;
/// The number of `KVM_ARM_VCPU_SVE`, for `KVM_ARM_VCPU_FINALIZE` (Linux 7.2,
/// `arch/arm64/include/uapi/asm/kvm.h`).
const VCPU_SVE: c_int = 4;
/// The attributes of a vCPU (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`):
/// `KVM_ARM_VCPU_PMU_V3_CTRL`, with `KVM_ARM_VCPU_PMU_V3_IRQ` and `KVM_ARM_VCPU_PMU_V3_INIT`.
const PMU_V3_CTRL: u32 = 0;
const PMU_V3_IRQ: u32 = 0;
const PMU_V3_INIT: u32 = 1;

/// Initialises a vCPU with the options of `config` and PSCI, limits its vector lengths, and
/// finalises its SVE.
///
/// A vCPU that starts `powered_off` waits for the guest's `CPU_ON`; all vCPUs except the first
/// should.
///
/// # Errors
///
/// [`KvmStep::PreferredTarget`]; [`KvmError::NotOffered`], [`KvmError::Exclusive`],
/// [`KvmError::El2WithoutGicV3`] or [`KvmStep::InitVcpu`] if KVM refuses the options; the errors of
/// [`limit_vector_lengths`]; [`KvmStep::FinalizeSve`].
///
/// # System calls
///
/// `ioctl` `KVM_ARM_PREFERRED_TARGET` (0x8020aeaf) on the VM, `KVM_ARM_VCPU_INIT` (0x4020aeae) on
/// the vCPU; with SVE also `KVM_ARM_VCPU_FINALIZE` (0x4004aec2) on the vCPU, and with a limit the
/// system calls of [`limit_vector_lengths`]. If KVM refuses the options, `KVM_CHECK_EXTENSION`
/// (0xae03) on the VM.
pub fn init_vcpu(
    vm: &impl AsRawFd,
    vcpu: &impl AsRawFd,
    config: VcpuConfig,
    powered_off: bool,
) -> Result<(), KvmError> {
    // Linux 7.2 itself reports this only at the first run, and only as EAGAIN.
    if config.el2 && config.gic != Some(Gic::V3) {
        return Err(KvmError::El2WithoutGicV3);
    }
    let power = if powered_off {
        VcpuConfig::POWER_OFF
    } else {
        0
    };
    let vm = vm.as_raw_fd();
    let mut init = ioctl::preferred_target(vm).map_err(KvmStep::PreferredTarget.failed())?;
    init.features = [config.features() | power, 0, 0, 0, 0, 0, 0];
    ioctl::vcpu_init(vcpu.as_raw_fd(), &init).map_err(|error| refused(vm, config, error))?;
    if !config.sve {
        return Ok(());
    }
    if let Some(limit) = config.sve_limit {
        limit_vector_lengths(vcpu, limit)?;
    }
    ioctl::vcpu_finalize(vcpu.as_raw_fd(), VCPU_SVE).map_err(KvmStep::FinalizeSve.failed())
}

/// The error of a refused initialisation, with the option that explains it if there is one: KVM
/// returns the same error for all options.
fn refused(vm: RawFd, config: VcpuConfig, source: Errno) -> KvmError {
    not_offered(vm, config).unwrap_or_else(|| match exclusive(config) {
        Some(options) => KvmError::Exclusive { options },
        None => KvmStep::InitVcpu { config }.failed()(source),
    })
}

/// The error of the first option that KVM does not support, or `None` if it supports all.
pub(super) fn not_offered(vm: RawFd, config: VcpuConfig) -> Option<KvmError> {
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
/// [`KvmStep::PmuInterrupt`] or [`KvmStep::InitPmu`].
///
/// # System calls
///
/// With a PMU, `ioctl` `KVM_SET_DEVICE_ATTR` (0x4018aee1) on the vCPU: twice with a GIC, else once.
pub fn init_pmu(vcpu: &impl AsRawFd, config: VcpuConfig) -> Result<(), KvmError> {
    if !config.pmu {
        return Ok(());
    }
    let vcpu = vcpu.as_raw_fd();
    if config.gic.is_some() {
        ioctl::set_device_attr(vcpu, PMU_V3_CTRL, PMU_V3_IRQ, Some(PMU_INTID))
            .map_err(KvmStep::PmuInterrupt.failed())?;
    }
    ioctl::set_device_attr::<c_int>(vcpu, PMU_V3_CTRL, PMU_V3_INIT, None)
        .map_err(KvmStep::InitPmu.failed())
}
