//! A VM: made, given its ID registers, and ready to run.

use crate::vmm::layout;
use crate::vmm::memory::{self, MemoryError};
use crate::vmm::timeline::Timeline;
use crate::vmm::vcpus::{PROGRAM_COUNTER, X0};
use idreg_runtime::config::capabilities::Capabilities;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::host::Host;
use idreg_runtime::kvm::{self, GicAddresses, KvmError, KvmVcpu};
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::regs::MpidrEl1;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::RegList;
use kvm_ioctls::{Kvm, VcpuFd, VmFd};
use std::mem;
use thiserror::Error;
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::EventFd;

/// A VM that could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum VmError {
    /// A step that every VM takes failed.
    #[error(transparent)]
    Kvm(#[from] KvmError),
    /// The RAM.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The ID registers.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// `KVM_GET_REG_LIST` failed.
    #[error("cannot list the registers of vCPU {index}")]
    RegisterList {
        /// The vCPU's number.
        index: usize,
        /// The kernel's answer.
        source: Errno,
    },
    /// The vCPUs are not of one kind.
    #[error("vCPU {index} has other registers than vCPU 0, although both were made alike")]
    NotAlike {
        /// The vCPU's number.
        index: usize,
    },
    /// The register from which the device tree has the numbers of CPUs.
    #[error("cannot read MPIDR_EL1 of vCPU {index}")]
    Affinity {
        /// The vCPU's number.
        index: usize,
        /// The kernel's answer.
        source: Errno,
    },
    /// The registers that a guest starts with.
    #[error("cannot set where the guest starts")]
    Entry {
        /// The kernel's answer.
        source: Errno,
    },
    /// `KVM_IRQFD` failed.
    #[error("cannot connect a device with the GIC's interrupt {spi}")]
    Interrupt {
        /// The number of the SPI.
        spi: u32,
        /// The kernel's answer.
        source: Errno,
    },
}

/// What a VM is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VmConfig {
    pub(crate) config: VcpuConfig,
    pub(crate) capabilities: Capabilities,
    pub(crate) vcpus: u16,
    /// The size of RAM in bytes.
    pub(crate) ram: u64,
}

/// A VM with RAM, vCPUs and, if configured, an initialised GIC: first [made](Self::new), then
/// [given](Self::apply) its ID registers.
///
/// They are closed in this order. The vCPUs run on the memory. It comes last, since KVM unmaps what is taken from a VM that
/// is still there piece by piece, and with `el2` from the tables of the guest's own guests too: that took an emulated host
/// 95 s.
#[derive(Debug)]
pub(crate) struct Vm {
    vcpus: Vec<VcpuFd>,
    fd: VmFd,
    memory: GuestMemoryMmap,
}

impl Vm {
    /// Makes a VM whose vCPUs show what the host does.
    ///
    /// Only the first vCPU is on; the guest starts the others by PSCI.
    ///
    /// # Errors
    ///
    /// The [`VmError`] of the step that failed.
    pub(crate) fn new(kvm: &Kvm, vm: VmConfig, timeline: &mut Timeline) -> Result<Self, VmError> {
        let config = vm.config;
        let fd = kvm::create_vm_with(kvm, config, &vm.capabilities)?;
        let memory = memory::allocate(vm.ram, kvm::physical_address_bits(kvm))?;
        memory::attach(&fd, &memory)?;
        timeline.step("vm");
        let vcpus = (0..vm.vcpus)
            .map(|index| kvm::create_vcpu(&fd, index.into()))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, vcpu) in vcpus.iter().enumerate() {
            kvm::init_vcpu(&fd, vcpu, config, index > 0)?;
        }
        timeline.step("vcpus");
        if let Some(kind) = config.gic {
            let device = kvm::create_gic(&fd, kind)?;
            let addresses = gic_addresses(kind, vcpus.len() as u64);
            kvm::init_gic(&device, addresses, layout::GIC_INTERRUPTS)?;
        }
        timeline.step("gic");
        Ok(Self { vcpus, fd, memory })
    }

    /// Reads what the host shows, of a VM of this configuration that has no plan yet.
    ///
    /// # Errors
    ///
    /// [`VmError::Kvm`].
    pub(crate) fn read_host(&self, kvm: &Kvm, config: VcpuConfig) -> Result<Host, VmError> {
        match self.vcpus.first() {
            Some(first) => Ok(kvm::read_host_from(kvm, &self.fd, first, config)?),
            None => Ok(kvm::read_host(kvm, config)?),
        }
    }

    /// Gives every vCPU the plan's registers, then does what may depend on them. `targets` are the CPUs that the
    /// guest is told it may come to run on.
    ///
    /// # Errors
    ///
    /// The [`VmError`] of the step that failed.
    pub(crate) fn apply(
        &self,
        plan: &Plan,
        targets: &TargetCpus,
        timeline: &mut Timeline,
    ) -> Result<(), VmError> {
        for vcpu in self.regs() {
            plan.apply(&vcpu)?;
        }
        timeline.step("id_registers");
        self.check_alike()?;
        for vcpu in &self.vcpus {
            kvm::init_pmu(vcpu, plan.config())?;
        }
        if let Some(first) = self.vcpus.first().filter(|_| !targets.is_empty()) {
            kvm::offer_target_cpus(&self.fd, first)?;
        }
        timeline.step("after_id_registers");
        Ok(())
    }

    /// Whether every vCPU lists the registers of the first. KVM hides what belongs to a feature that the ID registers
    /// hide, so that this is a question of their values too.
    fn check_alike(&self) -> Result<(), VmError> {
        let mut lists = self.vcpus.iter().enumerate().map(|(index, vcpu)| {
            register_list(vcpu)
                .map(|list| (index, list))
                .map_err(|source| VmError::RegisterList { index, source })
        });
        let Some(first) = lists.next() else {
            return Ok(());
        };
        let (_, first) = first?;
        for other in lists {
            let (index, other) = other?;
            if other.as_slice() != first.as_slice() {
                return Err(VmError::NotAlike { index });
            }
        }
        Ok(())
    }

    /// The registers of every vCPU, in the order of their numbers.
    pub(crate) fn regs(&self) -> impl Iterator<Item = KvmVcpu<'_>> {
        self.vcpus.iter().map(KvmVcpu::new)
    }

    pub(crate) fn memory(&self) -> &GuestMemoryMmap {
        &self.memory
    }

    pub(crate) fn vcpus(&self) -> &[VcpuFd] {
        &self.vcpus
    }

    /// Takes the vCPUs away, to be run.
    pub(crate) fn take_vcpus(&mut self) -> Vec<VcpuFd> {
        mem::take(&mut self.vcpus)
    }

    /// Puts vCPUs back that were [taken](Self::take_vcpus).
    pub(crate) fn put_vcpus(&mut self, vcpus: Vec<VcpuFd>) {
        self.vcpus = vcpus;
    }

    /// MPIDR_EL1 of every vCPU.
    ///
    /// # Errors
    ///
    /// [`VmError::Affinity`].
    pub(crate) fn mpidrs(&self) -> Result<Vec<u64>, VmError> {
        use idreg_runtime::vcpu::VcpuRegs as _;

        let mpidrs = self.regs().enumerate().map(|(index, vcpu)| {
            vcpu.get(MpidrEl1::ENCODING)
                .map_err(|source| VmError::Affinity { index, source })
        });
        mpidrs.collect()
    }

    /// Sets where the first vCPU starts: its PC and X0.
    ///
    /// # Errors
    ///
    /// [`VmError::Entry`].
    pub(crate) fn set_entry(&self, pc: u64, x0: u64) -> Result<(), VmError> {
        if let Some(vcpu) = self.vcpus.first() {
            for (register, value) in [(PROGRAM_COUNTER, pc), (X0, x0)] {
                vcpu.set_one_reg(register, &value.to_ne_bytes())
                    .map_err(|error| VmError::Entry {
                        source: Errno(error.errno()),
                    })?;
            }
        }
        Ok(())
    }

    /// Has the GIC pulse an SPI whenever `event` is written.
    ///
    /// # Errors
    ///
    /// [`VmError::Interrupt`].
    pub(crate) fn connect(&self, event: &EventFd, spi: u32) -> Result<(), VmError> {
        self.fd
            .register_irqfd(event, spi)
            .map_err(|error| VmError::Interrupt {
                spi,
                source: Errno(error.errno()),
            })
    }
}

/// The registers that KVM has of a vCPU; there are 500 at most (kvm-bindings 0.14, `KVM_REG_LIST_MAX`).
fn register_list(vcpu: &VcpuFd) -> Result<RegList, Errno> {
    const MOST: usize = 500;
    let mut list = RegList::new(MOST).map_err(|_| Errno(libc::ENOMEM))?;
    vcpu.get_reg_list(&mut list)
        .map_err(|error| Errno(error.errno()))?;
    Ok(list)
}

fn gic_addresses(gic: Gic, vcpus: u64) -> GicAddresses {
    let distributor = layout::GIC_DISTRIBUTOR;
    match gic {
        Gic::V2 => GicAddresses::V2 {
            distributor,
            cpu_interface: layout::GIC_CPU_INTERFACE,
        },
        Gic::V3 => GicAddresses::V3 {
            distributor,
            redistributors: layout::gic_redistributors(vcpus),
        },
    }
}
