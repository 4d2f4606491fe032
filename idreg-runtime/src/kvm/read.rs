//! Reads hosts.

use super::create::new_vm;
use super::vm_host::{Probed, check_lengths, host_of, read_vm_with};
use super::{
    KvmError, ScratchVm, capabilities, check_configuration, create_gic, physical_address_bits,
    sve_vector_lengths,
};
use crate::config::{Gic, VcpuConfig};
use crate::description::Description;
use crate::firmware::FirmwareValues;
use crate::host::{CoreReading, Host, read_pmu_counters, read_registers};
use crate::linux::MachineInfo;
use crate::linux::affinity::Affinity;
use crate::linux::core_types::core_types;
use crate::regs;
use kvm_ioctls::Kvm;
use std::os::fd::AsRawFd;

/// The configuration of an ordinary guest with every option that this host supports: the options of
/// [`Capabilities::config`], and a GIC if the host supports one, a GICv3 if it supports both.
///
/// [`Capabilities::config`]: crate::config::capabilities::Capabilities::config
///
/// # Errors
///
/// [`KvmStep::CreateVm`](super::KvmStep::CreateVm): only a VM shows which GIC the host supports.
///
/// # System calls
///
/// Those of [`capabilities`]; `ioctl` on `/dev/kvm`: `KVM_CREATE_VM` (0xae01),
/// `KVM_CHECK_EXTENSION` (0xae03) and `KVM_GET_VCPU_MMAP_SIZE` (0xae04); `KVM_CREATE_DEVICE`
/// (0xc00caee0) on the VM; `close`.
pub fn supported(kvm: &Kvm) -> Result<VcpuConfig, KvmError> {
    let vm = new_vm(kvm, physical_address_bits(kvm))?;
    // Created rather than tested with KVM_CREATE_DEVICE_TEST: kvm-ioctls 0.25 then takes a
    // descriptor that the kernel does not return as its own, and closes standard input.
    let gic = [Gic::V3, Gic::V2]
        .into_iter()
        .find(|gic| create_gic(&vm, *gic).is_ok());
    Ok(capabilities(kvm).config(gic))
}

/// Reads this host: the registers of a VM with this configuration before any override.
///
/// On a machine with several core types, which MIDR_EL1, REVIDR_EL1 and AIDR_EL1 distinguish, it
/// creates a vCPU on one core of each type, and [`Host::cores`] has the reading of each. It moves
/// the calling thread to these cores and back. Cores that the thread may not run on, and cores that
/// are offline, are in no reading.
///
/// # Errors
///
/// The error of the step that failed: of [`ScratchVm::new`], [`KvmError::Machine`],
/// [`KvmStep::WritableMasks`](super::KvmStep::WritableMasks),
/// [`KvmStep::SveVectorLengths`](super::KvmStep::SveVectorLengths) or [`KvmError::ReadRegister`];
/// with several core types also [`KvmError::Affinity`] or [`KvmError::MoveToCpu`].
///
/// # System calls
///
/// Those of [`MachineInfo::read`] and [`read_host_with`].
pub fn read_host(kvm: &Kvm, config: VcpuConfig) -> Result<Host, KvmError> {
    read_host_described(&regs::DESCRIPTION, kvm, config)
}

/// Reads this host like [`read_host`], with the registers of another description.
///
/// # Errors
///
/// The errors of [`read_host`].
///
/// # System calls
///
/// Those of [`read_host`].
pub fn read_host_described(
    description: &'static Description,
    kvm: &Kvm,
    config: VcpuConfig,
) -> Result<Host, KvmError> {
    read_host_with(description, kvm, config, MachineInfo::read()?)
}

/// Reads this host like [`read_host_described`], with what the caller knows about the machine: in a
/// sandbox without `/sys` and `/proc`, or without the time that reading them takes.
///
/// # Errors
///
/// The errors of [`read_host`] except [`KvmError::Machine`].
///
/// # System calls
///
/// Those of [`ScratchVm::new`], [`ScratchVm::writable_masks`],
/// [`ScratchVm::sve_vector_lengths`], [`gic_identity`](super::gic_identity) and, before Linux 6.17,
/// [`init_gic`](super::init_gic); `ioctl` `KVM_GET_ONE_REG` (0x4010aeab) on the vCPU; with
/// several core types also `sched_getaffinity` and `sched_setaffinity`.
pub fn read_host_with(
    description: &'static Description,
    kvm: &Kvm,
    config: VcpuConfig,
    machine: MachineInfo,
) -> Result<Host, KvmError> {
    if core_types(&machine.implementations, |_| true).len() < 2 {
        return read_here(description, kvm, config, machine);
    }
    let thread = Affinity::of_this_thread().map_err(|source| KvmError::Affinity { source })?;
    let types = core_types(&machine.implementations, |cpu| thread.may_run_on(cpu));
    let mut types = types.into_iter();
    let Some(first) = types.next() else {
        return read_here(description, kvm, config, machine);
    };
    let host = on(&thread, first.representative, || {
        read_here(description, kvm, config, machine)
    })?;
    let mut cores = vec![CoreReading {
        cpus: first.cpus,
        values: host.values().clone(),
    }];
    for core_type in types {
        let values = on(&thread, core_type.representative, || {
            let scratch = ScratchVm::new(kvm, config)?;
            Ok(read_registers(description, &scratch.regs())?)
        })?;
        cores.push(CoreReading {
            cpus: core_type.cpus,
            values,
        });
    }
    Ok(host.with_cores(cores))
}

/// Reads a part of the host on one CPU.
fn on<T>(
    thread: &Affinity,
    cpu: u32,
    read: impl FnOnce() -> Result<T, KvmError>,
) -> Result<T, KvmError> {
    let moved = thread.on(cpu, read);
    moved.map_err(|source| KvmError::MoveToCpu { cpu, source })?
}

/// Reads this host like [`read_host_with`], from the first vCPU of the guest's own VM.
///
/// The VM must have been created with `config`, have its GIC, and have no plan yet; [`read_vm`]
/// gives the reasons. This saves the time of a scratch VM if one vCPU is enough. Machines with
/// several core types and configurations that limit the vector lengths still use a scratch VM.
///
/// [`read_vm`]: super::read_vm
///
/// # Errors
///
/// The errors of [`read_host`] and [`check_configuration`].
///
/// # System calls
///
/// Those of [`read_vm`]; with several core types or a limit of the vector lengths those of
/// [`read_host_with`] and [`check_configuration`].
pub fn read_host_from(
    kvm: &Kvm,
    vm: &impl AsRawFd,
    vcpu: &impl AsRawFd,
    config: VcpuConfig,
    machine: MachineInfo,
) -> Result<Host, KvmError> {
    let types = core_types(&machine.implementations, |_| true).len();
    if types <= 1 && config.sve_limit.is_none() {
        return read_vm_with(&regs::DESCRIPTION, vm, vcpu, config, machine);
    }
    check_configuration(vm, vcpu, config)?;
    let host = read_host_with(&regs::DESCRIPTION, kvm, config, machine)?;
    check_lengths(
        config,
        &sve_vector_lengths(vcpu)?,
        &host.info().sve_vector_lengths,
    )?;
    Ok(host)
}

/// Reads the host from a vCPU on the CPU that this thread runs on.
fn read_here(
    description: &'static Description,
    kvm: &Kvm,
    config: VcpuConfig,
    machine: MachineInfo,
) -> Result<Host, KvmError> {
    // No register shows the vector lengths; only a vCPU without the limit has all of them.
    let unlimited = VcpuConfig {
        sve_limit: None,
        ..config
    };
    let scratch = ScratchVm::new(kvm, unlimited)?;
    // The vCPU was created with this configuration above, so the two are not compared.
    let values = read_registers(description, &scratch.regs())?;
    let probed = Probed {
        capabilities: scratch.capabilities(),
        sve_vector_lengths: scratch.sve_vector_lengths()?,
        pmu_counters: read_pmu_counters(config, &scratch.regs())?,
        masks: scratch.writable_masks()?,
        physical_address_bits: scratch.address_limit(),
        firmware: FirmwareValues::read(&scratch.regs())?,
        // Last, since it may initialise the GIC.
        gic: scratch.gic_identity()?,
    };
    Ok(host_of(config, machine, probed, values))
}
