//! A VM that never runs, to learn what a host gives and to try what it takes.

use super::vcpu::sve_vector_lengths;
use super::{
    KvmError, KvmVcpu, capabilities, create_gic, create_vcpu, create_vm, implementations,
    init_vcpu, kernel_release, timer_frequency, writable_masks,
};
use crate::capabilities::{Capabilities, WritableMasks};
use crate::config::VcpuConfig;
use crate::description::Description;
use crate::host::{About, Host};
use crate::regs;
use kvm_ioctls::{Kvm, VcpuFd, VmFd};

/// One vCPU in a VM of its own, made with the same steps as one that runs, and dropped with its settings.
#[derive(Debug)]
pub struct ScratchVm {
    vcpu: VcpuFd,
    vm: VmFd,
    capabilities: Capabilities,
}

impl ScratchVm {
    /// Makes the VM, its vCPU and its GIC.
    ///
    /// # Errors
    ///
    /// The failure of the step that failed; [`KvmError::InitVcpu`] and [`KvmError::CreateGic`] if the host
    /// cannot offer what `config` asks for.
    pub fn new(kvm: &Kvm, config: VcpuConfig) -> Result<Self, KvmError> {
        let vm = create_vm(kvm)?;
        let vcpu = create_vcpu(&vm, 0)?;
        init_vcpu(&vm, &vcpu, config, false)?;
        if let Some(gic) = config.gic {
            create_gic(&vm, gic)?;
        }
        Ok(Self {
            vcpu,
            vm,
            capabilities: capabilities(kvm),
        })
    }

    /// The registers of the vCPU.
    #[must_use]
    pub const fn regs(&self) -> KvmVcpu<'_> {
        KvmVcpu::new(&self.vcpu)
    }

    /// The capabilities of the host.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// The writable bits of the ID registers; `None` if the kernel cannot tell (before Linux 6.7).
    ///
    /// # Errors
    ///
    /// [`KvmError::WritableMasks`].
    pub fn writable_masks(&self) -> Result<Option<WritableMasks>, KvmError> {
        writable_masks(&self.vm)
    }

    /// The SVE vector lengths of the vCPU in bits, ascending; none without SVE.
    ///
    /// # Errors
    ///
    /// [`KvmError::SveVectorLengths`].
    pub fn sve_vector_lengths(&self) -> Result<Vec<u32>, KvmError> {
        sve_vector_lengths(&self.vcpu)
    }
}

/// Reads this host: what a VM with this configuration shows before any override.
///
/// # Errors
///
/// The failure of the step that failed; [`KvmError::InitVcpu`] and [`KvmError::CreateGic`] if the host
/// cannot offer what `config` asks for.
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
    let scratch = ScratchVm::new(kvm, config)?;
    let about = About {
        kernel_release: kernel_release()?,
        capabilities: scratch.capabilities(),
        vcpu: config,
        implementations: implementations()?,
        timer_frequency: timer_frequency(),
        sve_vector_lengths: scratch.sve_vector_lengths()?,
    };
    let masks = scratch.writable_masks()?;
    let host = Host::read_described(description, about, &scratch.regs(), masks.as_ref())?;
    Ok(host)
}
