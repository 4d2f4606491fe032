//! Reading a host.

use super::affinity::Affinity;
use super::cores::kinds_of_cores;
use super::{KvmError, ScratchVm, implementations, kernel_release, timer_frequency};
use crate::config::VcpuConfig;
use crate::description::Description;
use crate::host::{About, Host, Implementation, read_registers};
use crate::regs;
use kvm_ioctls::Kvm;

/// Reads this host: what a VM with this configuration shows before any override.
///
/// On a machine with several kinds of cores, which their MIDR_EL1, REVIDR_EL1 and AIDR_EL1 tell apart, a
/// vCPU is made on one core of each, and [`Host::cores`] has what each shows. The calling thread is moved
/// there and back for it. Cores that it may not run on, and those that are offline, are in no reading.
///
/// # Errors
///
/// The failure of the step that failed: of [`ScratchVm::new`], of reading `/sys` or `/proc`,
/// [`KvmError::WritableMasks`], [`KvmError::SveVectorLengths`] or [`KvmError::ReadRegister`];
/// with several kinds of cores also [`KvmError::Affinity`] or [`KvmError::MoveToCpu`].
pub fn read_host(kvm: &Kvm, config: VcpuConfig) -> Result<Host, KvmError> {
    read_host_described(&regs::DESCRIPTION, kvm, config)
}

/// As [`read_host`], with the registers of another description.
///
/// # Errors
///
/// As [`read_host`].
pub fn read_host_described(
    description: &'static Description,
    kvm: &Kvm,
    config: VcpuConfig,
) -> Result<Host, KvmError> {
    let implementations = implementations()?;
    if kinds_of_cores(&implementations, |_| true).len() < 2 {
        return read_here(description, kvm, config, implementations);
    }
    let thread = Affinity::of_this_thread()?;
    let kinds = kinds_of_cores(&implementations, |cpu| thread.may_run_on(cpu));
    let Some((first, others)) = kinds.split_first() else {
        return read_here(description, kvm, config, implementations);
    };
    let host = thread.on(first.representative, || {
        read_here(description, kvm, config, implementations)
    })?;
    let mut cores = vec![first.reading(host.values().clone())];
    for kind in others {
        let values = thread.on(kind.representative, || {
            let scratch = ScratchVm::new(kvm, config)?;
            Ok(read_registers(description, &scratch.regs())?)
        })?;
        cores.push(kind.reading(values));
    }
    Ok(host.with_cores(cores))
}

/// Reads the host from a vCPU on whichever CPU this thread is.
fn read_here(
    description: &'static Description,
    kvm: &Kvm,
    config: VcpuConfig,
    implementations: Vec<Implementation>,
) -> Result<Host, KvmError> {
    // No register tells of the vector lengths, and a vCPU without the limit tells which ones there are.
    let unlimited = VcpuConfig {
        sve_limit: None,
        ..config
    };
    let scratch = ScratchVm::new(kvm, unlimited)?;
    let about = About {
        kernel_release: kernel_release(),
        capabilities: scratch.capabilities(),
        vcpu: config,
        implementations,
        timer_frequency: timer_frequency(),
        sve_vector_lengths: scratch.sve_vector_lengths()?,
    };
    let masks = scratch.writable_masks()?;
    let host = Host::read_described(description, about, &scratch.regs(), masks.as_ref())?;
    Ok(host)
}
