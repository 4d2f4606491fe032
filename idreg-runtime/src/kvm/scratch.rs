//! A VM without a guest, for reading a host and for trying writes.

use super::capabilities::address_limit;
use super::create::address_bits_within;
use super::vm::read_writable_masks;
use super::{
    GicAddresses, KvmError, KvmStep, OneReg, capabilities, create_gic, create_vcpu, create_vm_with,
    gic_identity, init_gic, init_pmu, init_vcpu, sve_vector_lengths,
};
use crate::config::capabilities::{Capabilities, WritableMasks};
use crate::config::{Gic, GicIdentity, VcpuConfig};
use crate::plan::Plan;
use crate::plan::apply::ApplyError;
use crate::values::RegisterValues;
use crate::vcpu::Errno;
use core::num::NonZeroU16;
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd, VmFd};
use std::os::fd::AsRawFd;

/// The GIC addresses of a VM without memory. GICv3 redistributors take 128 KiB for each vCPU, so
/// they come last.
const GIC_V2: GicAddresses = GicAddresses::V2 {
    distributor: 0,
    cpu_interface: 0x1_0000,
};
const GIC_V3: GicAddresses = GicAddresses::V3 {
    distributor: 0,
    redistributors: 0x1_0000,
};
/// The minimum that KVM accepts.
const GIC_INTERRUPTS: u32 = 64;

/// vCPUs in a VM of their own, created with the same steps as those of a guest, and dropped with
/// their settings.
///
/// It can dry-run a plan:
///
/// ```no_run
/// # use idreg_runtime::model::CpuModel;
/// # use idreg_runtime::plan::Plan;
/// use idreg_runtime::kvm::{self, ScratchVm};
///
/// let kvm = kvm::open()?;
/// let model: CpuModel = "host,sve256=on,SYSREG_ID_AA64ISAR0_EL1_DP=0".parse()?;
/// let config = model.config(kvm::supported(&kvm)?, &kvm::capabilities(&kvm));
/// let plan = Plan::new(&kvm::read_host(&kvm, config)?, &model)?;
///
/// let mut scratch = ScratchVm::new(&kvm, config)?;
/// scratch.try_plan(&plan)?; // KVM accepts and stores it
/// scratch.run_immediately()?; // the registers are now as they would be in the guest
/// plan.verify(&scratch.regs())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScratchVm {
    first: VcpuFd,
    others: Vec<VcpuFd>,
    gic: Option<(Gic, DeviceFd)>,
    vm: VmFd,
    config: VcpuConfig,
    capabilities: Capabilities,
    address_limit: Option<u32>,
    has_run: bool,
}

impl ScratchVm {
    /// Creates the VM with one vCPU and its GIC.
    ///
    /// # Errors
    ///
    /// The error of the step that failed: of [`create_vm`](super::create_vm), [`create_vcpu`],
    /// [`init_vcpu`] or [`create_gic`].
    ///
    /// # System calls
    ///
    /// Those of [`create_vm`](super::create_vm), [`create_vcpu`], [`init_vcpu`] and [`create_gic`];
    /// `munmap` and `close` when it is dropped.
    pub fn new(kvm: &Kvm, config: VcpuConfig) -> Result<Self, KvmError> {
        Self::with_vcpus(kvm, config, NonZeroU16::MIN)
    }

    /// Creates the VM like [`ScratchVm::new`], with several vCPUs, all initialised before the GIC
    /// is created.
    ///
    /// # Errors
    ///
    /// The errors of [`ScratchVm::new`].
    ///
    /// # System calls
    ///
    /// Those of [`ScratchVm::new`].
    pub fn with_vcpus(kvm: &Kvm, config: VcpuConfig, vcpus: NonZeroU16) -> Result<Self, KvmError> {
        let capabilities = capabilities(kvm);
        let address_limit = address_limit(kvm.as_raw_fd());
        let address_bits = address_bits_within(address_limit);
        let vm = create_vm_with(kvm, config, &capabilities, address_bits)?;
        let first = create_vcpu(&vm, 0)?;
        let others = (1..vcpus.get()).map(|index| create_vcpu(&vm, index.into()));
        let others = others.collect::<Result<Vec<_>, _>>()?;
        init_vcpu(&vm, &first, config, false)?;
        for vcpu in &others {
            init_vcpu(&vm, vcpu, config, true)?;
        }
        let gic = match config.gic {
            Some(gic) => Some((gic, create_gic(&vm, gic)?)),
            None => None,
        };
        Ok(Self {
            first,
            others,
            gic,
            vm,
            config,
            capabilities,
            address_limit,
            has_run: false,
        })
    }

    /// The configuration of the vCPUs.
    #[must_use]
    pub const fn config(&self) -> VcpuConfig {
        self.config
    }

    /// The registers of the first vCPU.
    #[must_use]
    pub fn regs(&self) -> OneReg<'_> {
        OneReg::new(&self.first)
    }

    /// The registers of the vCPU with this number, from 0, or `None` if there are fewer vCPUs.
    #[must_use]
    pub fn regs_of(&self, index: u16) -> Option<OneReg<'_>> {
        self.vcpus().nth(index.into()).map(OneReg::new)
    }

    /// The capabilities of the host.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// The maximum number of bits of a guest physical address on the host, or `None` before Linux
    /// 4.20.
    pub(super) const fn address_limit(&self) -> Option<u32> {
        self.address_limit
    }

    /// The identity of the VM's GICv3; unknown for another. Kernels before 6.17 tell it only after
    /// the GIC is initialised, at arbitrary addresses.
    pub(super) fn gic_identity(&self) -> Result<GicIdentity, KvmError> {
        let Some((Gic::V3, device)) = &self.gic else {
            return Ok(GicIdentity::default());
        };
        match gic_identity(device) {
            Err(KvmError::Failed {
                source: Errno::EBUSY,
                ..
            }) => {
                init_gic(device, GIC_V3, GIC_INTERRUPTS)?;
                gic_identity(device)
            }
            identity => identity,
        }
    }

    /// The writable bits of the ID registers, or `None` if the kernel does not report them (before
    /// Linux 6.7).
    ///
    /// # Errors
    ///
    /// [`KvmStep::WritableMasks`].
    ///
    /// # System calls
    ///
    /// `ioctl` `KVM_ARM_GET_REG_WRITABLE_MASKS` (0x8040aeb6) on the VM.
    pub fn writable_masks(&self) -> Result<Option<WritableMasks>, KvmError> {
        let offered = self.capabilities.writable_masks;
        offered
            .then(|| read_writable_masks(self.vm.as_raw_fd()))
            .transpose()
    }

    /// The SVE vector lengths of a vCPU in bits, ascending; empty without SVE.
    ///
    /// # Errors
    ///
    /// [`KvmStep::SveVectorLengths`].
    ///
    /// # System calls
    ///
    /// Those of [`sve_vector_lengths`].
    pub fn sve_vector_lengths(&self) -> Result<Vec<u32>, KvmError> {
        if self.config.sve {
            sve_vector_lengths(&self.first)
        } else {
            Ok(Vec::new())
        }
    }

    /// Applies a plan to every vCPU, and returns the first vCPU's registers afterwards. The vCPUs
    /// keep the plan, so that [`run_immediately`](Self::run_immediately) shows its effect.
    ///
    /// # Errors
    ///
    /// The error of [`Plan::apply`] on the first vCPU that fails.
    ///
    /// # System calls
    ///
    /// Those of [`OneReg`].
    pub fn try_plan(&self, plan: &Plan) -> Result<RegisterValues, ApplyError> {
        let shown = plan.apply(&self.regs())?;
        for vcpu in &self.others {
            plan.apply(&OneReg::new(vcpu))?;
        }
        Ok(shown)
    }

    /// Enters and leaves `KVM_RUN` on the first vCPU before it runs an instruction.
    ///
    /// KVM treats that as the first run of the VM: it finalises and freezes the ID registers (Linux
    /// 7.2, `arch/arm64/kvm/arm.c`, `kvm_arch_vcpu_run_pid_change`), so they have the values that a
    /// guest would see.
    ///
    /// KVM does not run a vCPU without an initialised PMU and GIC, so both are initialised first,
    /// the GIC at arbitrary addresses. A second call does nothing.
    ///
    /// # Errors
    ///
    /// The error of [`init_gic`] or [`init_pmu`]; [`KvmStep::Run`].
    ///
    /// # System calls
    ///
    /// Those of [`init_gic`] and [`init_pmu`]; `ioctl` `KVM_RUN` (0xae80) on the vCPU.
    pub fn run_immediately(&mut self) -> Result<(), KvmError> {
        if self.has_run {
            return Ok(());
        }
        if let Some((gic, device)) = &self.gic {
            let addresses = match gic {
                Gic::V2 => GIC_V2,
                Gic::V3 => GIC_V3,
            };
            init_gic(device, addresses, GIC_INTERRUPTS)?;
        }
        init_pmu(&self.first, self.config)?;
        self.first.set_kvm_immediate_exit(1);
        match self.first.run() {
            Ok(_) => {}
            Err(error) if error.errno() == libc::EINTR => {}
            Err(error) => return Err(KvmStep::Run.failed()(error)),
        }
        self.has_run = true;
        Ok(())
    }

    fn vcpus(&self) -> impl Iterator<Item = &VcpuFd> {
        [&self.first].into_iter().chain(&self.others)
    }
}
