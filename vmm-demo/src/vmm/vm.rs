//! A VM: created, configured with its ID registers, and ready to run.

mod register_list;
mod state;

use self::register_list::check_alike;
use crate::vmm::clock::{Clock, ClockError};
use crate::vmm::layout;
use crate::vmm::memory::{self, MemoryError, MemoryKind, MemorySlot, MemorySource, slots};
use crate::vmm::pause_gate::RequestError;
use crate::vmm::state::{ResetState, StateError};
use crate::vmm::timeline::Timeline;
use crate::vmm::vcpus::{PROGRAM_COUNTER, X0};
use idreg_runtime::config::capabilities::Capabilities;
use idreg_runtime::config::target::TargetCpus;
use idreg_runtime::config::{Gic, GicIdentity, VcpuConfig};
use idreg_runtime::host::Host;
use idreg_runtime::kvm::{self, GicAddresses, KvmError, OneReg};
use idreg_runtime::linux::MachineInfo;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::regs::{self, MpidrEl1};
use idreg_runtime::vcpu::{Errno, VcpuRegs as _};
use idreg_runtime::view::ReadViewError;
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd, VmFd};
use std::mem;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use thiserror::Error;
use vm_memory::GuestMemoryMmap;
use vmm_sys_util::eventfd::EventFd;

/// A VM that cannot be created or configured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VmError {
    /// A step of the VM's creation failed.
    #[error(transparent)]
    Kvm(#[from] KvmError),
    /// The state of the guest cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The guest's view cannot be read.
    #[error(transparent)]
    ReadView(#[from] ReadViewError),
    /// The RAM cannot be allocated, attached or logged.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The ID registers cannot be applied.
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
    /// The vCPUs do not have the same registers.
    #[error(
        "vCPU {index} has other registers than vCPU 0, although both have the same configuration"
    )]
    NotAlike {
        /// The vCPU's number.
        index: usize,
    },
    /// The source of the CPU numbers in the device tree cannot be read.
    #[error("cannot read MPIDR_EL1 of vCPU {index}")]
    Affinity {
        /// The vCPU's number.
        index: usize,
        /// The kernel's answer.
        source: Errno,
    },
    /// The registers of the guest's entry point cannot be set.
    #[error("cannot set the guest's entry point")]
    Entry {
        /// The kernel's answer.
        source: Errno,
    },
    /// KVM cannot finalise the ID registers.
    #[error("cannot finalise the ID registers of the VM")]
    Finalise {
        /// The kernel's answer.
        source: Errno,
    },
    /// A paused vCPU does not answer.
    #[error(transparent)]
    Paused(RequestError),
    /// The guest's counters cannot be read or moved.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// `KVM_IRQFD` failed.
    #[error("cannot connect a device to SPI {spi} of the GIC")]
    Interrupt {
        /// The SPI's number.
        spi: u32,
        /// The kernel's answer.
        source: Errno,
    },
}

/// The configuration of a VM.
#[derive(Clone, Copy, Debug)]
pub struct VmConfig {
    /// The configuration of each vCPU, and the kind of GIC.
    pub config: VcpuConfig,
    /// The registers of a GICv3 to set before it is initialised, as far as they are known.
    pub gic_identity: GicIdentity,
    /// The capabilities of the machine's KVM.
    pub capabilities: Capabilities,
    /// The number of vCPUs.
    pub vcpus: u16,
    /// The size of RAM in bytes.
    pub ram: u64,
    /// The kind of memory behind the RAM.
    pub memory: MemoryKind,
}

/// A VM with RAM, vCPUs and, if configured, an initialised GIC. It is [created](Self::new) first;
/// then a plan for its ID registers is applied.
///
/// The fields are closed in this order. Each of the descriptors, the GIC's too, keeps the VM alive
/// in the kernel, and the vCPUs run on the memory. The memory comes last: while the VM is alive,
/// KVM handles an unmapping piece by piece, with `el2` also in the tables of the guest's own
/// guests, which took an emulated host 95 s.
#[derive(Debug)]
pub struct Vm {
    vcpus: Vec<VcpuFd>,
    gic: Option<DeviceFd>,
    clock: Arc<Clock>,
    fd: Arc<VmFd>,
    slots: Vec<MemorySlot>,
    memory: GuestMemoryMmap,
    address_bits: u32,
    /// The state after reset, once it was read.
    reset: Option<ResetState>,
}

impl Vm {
    /// Creates a VM whose vCPUs have the host's ID registers.
    ///
    /// Only the first vCPU is on; the guest starts the others by PSCI.
    ///
    /// # Errors
    ///
    /// The [`VmError`] of the step that failed.
    pub fn new(kvm: &Kvm, vm: VmConfig, timeline: &mut Timeline) -> Result<Self, VmError> {
        Self::with_memory(kvm, vm, MemorySource::New(vm.memory), timeline)
    }

    /// Creates a VM as [`new`](Self::new) does, with RAM from `source` instead of
    /// [`VmConfig::memory`].
    ///
    /// # Errors
    ///
    /// The [`VmError`] of the step that failed.
    pub fn with_memory(
        kvm: &Kvm,
        vm: VmConfig,
        source: MemorySource,
        timeline: &mut Timeline,
    ) -> Result<Self, VmError> {
        let config = vm.config;
        let address_bits = kvm::physical_address_bits(kvm);
        let fd = kvm::create_vm_with(kvm, config, &vm.capabilities, address_bits)?;
        let fd = Arc::new(fd);
        let clock = Arc::new(Clock::new(Arc::clone(&fd), config.el2));
        let memory = memory::allocate(source, vm.ram, address_bits)?;
        let slots = slots::attach(&fd, &memory)?;
        timeline.step("vm");
        let vcpus = (0..vm.vcpus)
            .map(|index| kvm::create_vcpu(&fd, index.into()))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, vcpu) in vcpus.iter().enumerate() {
            kvm::init_vcpu(&fd, vcpu, config, index > 0)?;
        }
        timeline.step("vcpus");
        let create_gic = |kind| new_gic(&fd, kind, vcpus.len() as u64, vm.gic_identity);
        let gic = config.gic.map(create_gic).transpose()?;
        timeline.step("gic");
        Ok(Self {
            vcpus,
            gic,
            clock,
            fd,
            slots,
            memory,
            address_bits,
            reset: None,
        })
    }

    /// Reads the host from this VM, to which no plan has been applied yet.
    ///
    /// # Errors
    ///
    /// [`VmError::Kvm`].
    pub(crate) fn read_host(&self, kvm: &Kvm, config: VcpuConfig) -> Result<Host, VmError> {
        let machine = MachineInfo::read_midrs().map_err(KvmError::from)?;
        Ok(match self.vcpus.first() {
            Some(first) => kvm::read_host_from(kvm, &self.fd, first, config, machine)?,
            None => kvm::read_host_with(&regs::DESCRIPTION, kvm, config, machine)?,
        })
    }

    /// Applies the plan to every vCPU, then takes the steps that may depend on the ID registers.
    /// `targets` are the CPUs that the guest may run on, as hypercalls report them.
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
        check_alike(&self.vcpus)?;
        if let Some(first) = self.vcpus.first() {
            kvm::write_firmware(first, plan.firmware())?;
        }
        for vcpu in &self.vcpus {
            kvm::init_pmu(vcpu, plan.config())?;
        }
        if let Some(first) = self.vcpus.first().filter(|_| !targets.is_empty()) {
            kvm::offer_target_cpus(&self.fd, first)?;
        }
        timeline.step("after_id_registers");
        Ok(())
    }

    /// The ID registers of every vCPU, in the order of their numbers.
    pub(crate) fn regs(&self) -> impl Iterator<Item = OneReg<'_>> {
        self.vcpus.iter().map(OneReg::new)
    }

    /// Runs the first vCPU without entering the guest: KVM finalises the ID registers of the VM.
    ///
    /// # Errors
    ///
    /// [`VmError::Finalise`].
    pub(crate) fn finalise_registers(&mut self) -> Result<(), VmError> {
        let Some(first) = self.vcpus.first_mut() else {
            return Ok(());
        };
        first.set_kvm_immediate_exit(1);
        let outcome = first.run().map(drop);
        first.set_kvm_immediate_exit(0);
        match outcome {
            Err(error) if error.errno() != libc::EINTR => Err(VmError::Finalise {
                source: error.into(),
            }),
            _ => Ok(()),
        }
    }

    /// The guest's RAM.
    #[must_use]
    pub fn memory(&self) -> &GuestMemoryMmap {
        &self.memory
    }

    /// The memfd behind the RAM, or `None` if the RAM is private to this process.
    #[must_use]
    pub fn memory_fd(&self) -> Option<BorrowedFd<'_>> {
        memory::shared_file(&self.memory)
    }

    /// The memory slots, by number.
    #[must_use]
    pub fn memory_slots(&self) -> &[MemorySlot] {
        &self.slots
    }

    /// Switches the dirty logs of all memory slots on or off. A log that is switched on is empty.
    ///
    /// # Errors
    ///
    /// [`VmError::Memory`]; slots of lower numbers stay switched.
    pub fn set_dirty_logging(&self, on: bool) -> Result<(), VmError> {
        for slot in &self.slots {
            slots::set_dirty_logging(&self.fd, *slot, on)?;
        }
        Ok(())
    }

    /// Reads and clears the dirty log of the memory slot of this number: one bit for each page of
    /// the host's page size, set if the guest or KVM has written to the page since the last call.
    /// Writes of this program are not logged.
    ///
    /// # Errors
    ///
    /// [`VmError::Memory`]: there is no such slot, or its log is switched off.
    pub fn take_dirty_log(&self, slot: u32) -> Result<Vec<u64>, VmError> {
        let found = self.slots.iter().find(|known| known.number() == slot);
        let found = found.ok_or(MemoryError::NoSuchSlot { slot })?;
        Ok(slots::take_dirty_log(&self.fd, *found)?)
    }

    /// The GIC's device descriptor, or `None` if the VM has no GIC. KVM reads and writes the GIC's
    /// registers only while no vCPU runs.
    #[must_use]
    pub fn gic(&self) -> Option<&DeviceFd> {
        self.gic.as_ref()
    }

    /// The guest's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    pub(crate) fn vcpus(&self) -> &[VcpuFd] {
        &self.vcpus
    }

    /// Takes the vCPUs away, to be run. They must end before the VM, whose memory they run on.
    #[must_use]
    pub fn take_vcpus(&mut self) -> Vec<VcpuFd> {
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
        let mpidrs = self.regs().enumerate().map(|(index, vcpu)| {
            vcpu.get(MpidrEl1::ENCODING)
                .map_err(|source| VmError::Affinity { index, source })
        });
        mpidrs.collect()
    }

    /// Sets the entry point of the first vCPU: its PC and X0.
    ///
    /// # Errors
    ///
    /// [`VmError::Entry`].
    pub fn set_entry(&self, pc: u64, x0: u64) -> Result<(), VmError> {
        if let Some(vcpu) = self.vcpus.first() {
            for (register, value) in [(PROGRAM_COUNTER, pc), (X0, x0)] {
                vcpu.set_one_reg(register, &value.to_ne_bytes())
                    .map_err(|error| VmError::Entry {
                        source: error.into(),
                    })?;
            }
        }
        Ok(())
    }

    /// Connects an event to the GIC: it pulses the SPI whenever `event` is written.
    ///
    /// # Errors
    ///
    /// [`VmError::Interrupt`].
    pub(crate) fn connect(&self, event: &EventFd, spi: u32) -> Result<(), VmError> {
        self.fd
            .register_irqfd(event, spi)
            .map_err(|error| VmError::Interrupt {
                spi,
                source: error.into(),
            })
    }
}

fn new_gic(vm: &VmFd, kind: Gic, vcpus: u64, identity: GicIdentity) -> Result<DeviceFd, KvmError> {
    let device = kvm::create_gic(vm, kind)?;
    if kind == Gic::V3 {
        kvm::set_gic_identity(&device, identity)?;
    }
    kvm::init_gic(&device, gic_addresses(kind, vcpus), layout::GIC_INTERRUPTS)?;
    Ok(device)
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
