//! Reads a host from a VM that the caller has created.

use super::capabilities::{address_limit, capabilities_of};
use super::one_reg::REG_U64;
use super::vm::{has_implementation_ids, read_writable_masks};
use super::{KvmError, KvmStep, OneReg, in_kernel_gic, sve_vector_lengths};
use crate::config::capabilities::{Capabilities, WritableMasks};
use crate::config::options::{CpuOption, OptionSetting};
use crate::config::{GicIdentity, VcpuConfig};
use crate::description::Description;
use crate::firmware::FirmwareValues;
use crate::host::{
    ConfigurationDifference, Host, HostInfo, OptionEvidence, configuration_differences,
    read_pmu_counters, read_registers,
};
use crate::linux::MachineInfo;
use crate::regs;
use crate::values::RegisterValues;
use crate::vcpu::RegistersById;
use std::os::fd::AsRawFd;

/// PSTATE: a core register, `offsetof(struct kvm_regs, regs.pstate)` in 32-bit words (Linux 7.2,
/// `Documentation/virt/kvm/api.rst`, 4.68).
const PSTATE: u64 = REG_U64 | 0x0010 << 16 | 0x42;
/// PSTATE.nRW, the execution state (Arm ARM DDI 0487, C5.2.19, SPSR_EL1.M).
const AARCH32: u64 = 1 << 4;
/// PSTATE.M of EL0 in AArch32, which a guest with EL1 in AArch64 can be at too.
const AARCH32_USER: u64 = AARCH32;
const MODE: u64 = 0x1f;

/// Reads the host as a VM of the caller shows it, from an initialised vCPU of it.
///
/// The values are the limits of this VM, and
/// [`Capabilities::writable_implementation_ids`](crate::config::capabilities::Capabilities) says if
/// it has enabled that. `config` must be what the VM and the vCPU were created with; all of it that
/// a vCPU tells is compared. Constraints:
///
/// - The vCPU is initialised: before that KVM returns no registers.
/// - Its vector lengths are limited, if they will be: until SVE is finalised they can change.
/// - The VM has its GIC, or will have none: KVM rewrites the GIC fields when it is created.
/// - No ID register has been written: a written value is not the limit, and would pass for it.
/// - The VM has not run: the first run freezes the registers and changes some.
///
/// On a machine with several core types this is the type of the CPU on which the first vCPU was
/// initialised, and [`Host::cores`] is empty; `read_host` reads them all. With
/// [`sve_limit`](VcpuConfig::sve_limit) the vector lengths are those up to the limit.
///
/// # Errors
///
/// [`KvmError::OtherConfiguration`] and the other errors of [`check_configuration`];
/// [`KvmError::Machine`]; [`KvmStep::WritableMasks`], [`KvmStep::SveVectorLengths`],
/// [`KvmStep::TryImplementationIds`] or [`KvmError::ReadRegister`].
///
/// # System calls
///
/// `ioctl` `KVM_CHECK_EXTENSION` (0xae03), `KVM_IRQ_LINE` (0x4008ae61) and
/// `KVM_ARM_GET_REG_WRITABLE_MASKS` (0x8040aeb6) on the VM; `KVM_GET_ONE_REG` (0x4010aeab) and
/// `KVM_SET_ONE_REG` (0x4010aeac) on the vCPU. Those of
/// [`MachineInfo::read`].
pub fn read_vm(
    vm: &impl AsRawFd,
    vcpu: &impl AsRawFd,
    config: VcpuConfig,
) -> Result<Host, KvmError> {
    read_vm_with(&regs::DESCRIPTION, vm, vcpu, config, MachineInfo::read()?)
}

/// Reads the host like [`read_vm`], with another description and with what the caller knows about
/// the machine: in a sandbox without `/sys` and `/proc`, or without the time that reading them
/// takes.
///
/// # Errors
///
/// The errors of [`read_vm`] except [`KvmError::Machine`].
///
/// # System calls
///
/// The ioctls of [`read_vm`].
pub fn read_vm_with(
    description: &'static Description,
    vm: &impl AsRawFd,
    vcpu: &impl AsRawFd,
    config: VcpuConfig,
    machine: MachineInfo,
) -> Result<Host, KvmError> {
    let offered = capabilities_of(vm.as_raw_fd());
    let capabilities = Capabilities {
        writable_implementation_ids: offered.writable_implementation_ids
            && has_implementation_ids(vm, vcpu)?,
        ..offered
    };
    let mut probed = Probed {
        capabilities,
        sve_vector_lengths: sve_vector_lengths(vcpu)?,
        pmu_counters: None,
        masks: if capabilities.writable_masks {
            Some(read_writable_masks(vm.as_raw_fd())?)
        } else {
            None
        },
        physical_address_bits: address_limit(vm.as_raw_fd()),
        // The VM's device descriptor alone shows it.
        gic: GicIdentity::default(),
        firmware: FirmwareValues::read(&OneReg::new(vcpu))?,
    };
    let registers = OneReg::new(vcpu);
    let values = read_registers(description, &registers)?;
    let mut differences = configuration_differences(config, &values, &registers)?;
    let lengths = &probed.sve_vector_lengths;
    differences.extend(beyond_registers(vm, vcpu, config, lengths)?);
    if !differences.is_empty() {
        return Err(KvmError::OtherConfiguration(differences));
    }
    probed.pmu_counters = read_pmu_counters(config, &registers)?;
    Ok(host_of(config, machine, probed, values))
}

/// Facts that a VM reports apart from its registers.
pub(super) struct Probed {
    pub(super) capabilities: Capabilities,
    pub(super) sve_vector_lengths: Vec<u32>,
    pub(super) pmu_counters: Option<u32>,
    pub(super) masks: Option<WritableMasks>,
    /// The maximum number of bits of a guest physical address, or `None` before Linux 4.20.
    pub(super) physical_address_bits: Option<u32>,
    pub(super) gic: GicIdentity,
    pub(super) firmware: FirmwareValues,
}

/// The host whose vCPUs, of this configuration, have these values.
pub(super) fn host_of(
    config: VcpuConfig,
    machine: MachineInfo,
    probed: Probed,
    values: RegisterValues,
) -> Host {
    let info = HostInfo {
        kernel_release: machine.kernel_release,
        capabilities: probed.capabilities,
        vcpu: config,
        implementations: machine.implementations,
        timer_frequency: machine.timer_frequency,
        sve_vector_lengths: probed.sve_vector_lengths,
        pmu_counters: probed.pmu_counters,
        physical_address_bits: probed.physical_address_bits,
        gic: probed.gic,
        firmware: probed.firmware,
    };
    Host::from_values(info, values, probed.masks.as_ref())
}

/// Compares an initialised vCPU and its VM, which have not run, with a configuration.
///
/// Every option is compared: `sve`, `pauth`, `pmu`, `mte` and `el2` by registers that a vCPU has
/// with the option alone, `aarch32` by PSTATE, which KVM sets when it initialises the vCPU, the
/// interrupt controller by [`in_kernel_gic`]. A vCPU whose vectors are longer than
/// [`sve_limit`](VcpuConfig::sve_limit) differs. Not found: vectors that are shorter than the host
/// and the configuration permit, and AArch32 at EL1 if the VMM has set PSTATE to EL0 in AArch32.
///
/// # Errors
///
/// [`KvmError::OtherConfiguration`] with every difference; [`KvmError::ReadRegister`],
/// [`KvmStep::SveVectorLengths`], [`KvmStep::ProcessorState`] or [`KvmStep::FindGic`].
///
/// # System calls
///
/// `ioctl` `KVM_GET_ONE_REG` (0x4010aeab) on the vCPU; `KVM_IRQ_LINE` (0x4008ae61) and
/// `KVM_CHECK_EXTENSION` (0xae03) on the VM.
pub fn check_configuration(
    vm: &impl AsRawFd,
    vcpu: &impl AsRawFd,
    config: VcpuConfig,
) -> Result<(), KvmError> {
    let registers = OneReg::new(vcpu);
    let values = read_registers(&regs::DESCRIPTION, &registers)?;
    let mut differences = configuration_differences(config, &values, &registers)?;
    let lengths = sve_vector_lengths(vcpu)?;
    differences.extend(beyond_registers(vm, vcpu, config, &lengths)?);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(KvmError::OtherConfiguration(differences))
    }
}

/// The differences that system registers do not show.
fn beyond_registers(
    vm: &impl AsRawFd,
    vcpu: &impl AsRawFd,
    config: VcpuConfig,
    lengths: &[u32],
) -> Result<Vec<ConfigurationDifference>, KvmError> {
    let mut differences = Vec::new();
    let pstate = OneReg::new(vcpu)
        .get_by_id(PSTATE)
        .map_err(KvmStep::ProcessorState.failed())?;
    let is_aarch32 = pstate & AARCH32 != 0;
    if pstate & MODE != AARCH32_USER && is_aarch32 != config.aarch32 {
        differences.push(ConfigurationDifference::Option {
            configured: OptionSetting::of(CpuOption::Aarch64, config),
            shown: OptionEvidence::ProcessorState { value: pstate },
        });
    }
    let found = in_kernel_gic(vm)?;
    if found != config.gic {
        differences.push(ConfigurationDifference::Gic {
            configured: config.gic,
            found,
        });
    }
    if let (true, Some(limit), Some(&longest)) = (config.sve, config.sve_limit, lengths.last())
        && longest > limit
    {
        differences.push(ConfigurationDifference::SveLength { limit, longest });
    }
    Ok(differences)
}

/// Compares the vector lengths of a vCPU, none above the limit, with those of the host.
#[cfg(feature = "scratch")]
pub(super) fn check_lengths(
    config: VcpuConfig,
    vcpu: &[u32],
    host: &[u32],
) -> Result<(), KvmError> {
    let (Some(limit), Some(&longest)) = (config.sve_limit, vcpu.last()) else {
        return Ok(());
    };
    let within = host.iter().rev().find(|length| **length <= limit);
    match within {
        Some(&host) if host > longest => {
            let difference = ConfigurationDifference::SveLengths {
                limit,
                longest,
                host,
            };
            Err(KvmError::OtherConfiguration(vec![difference]))
        }
        _ => Ok(()),
    }
}
