//! The same ioctls and files without the library; all their arguments are prepared in advance.

use idreg_runtime::config::options::SVE_QUADWORD_BITS;
use idreg_runtime::config::pmu_counters::{PMCR_EL0, with_pmu_counters};
use idreg_runtime::config::{Gic, GicIdentity, VcpuConfig};
use idreg_runtime::firmware::FirmwareRegister;
use idreg_runtime::host::{Host, Implementation};
use idreg_runtime::kvm::{
    GicAddresses, KvmError, gic_identity, init_gic, kvm_reg_id, writable_masks,
};
use idreg_runtime::plan::Plan;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::{
    KVM_ARM_VCPU_EL1_32BIT, KVM_ARM_VCPU_HAS_EL2, KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_PSCI_0_2,
    KVM_ARM_VCPU_PTRAUTH_ADDRESS, KVM_ARM_VCPU_PTRAUTH_GENERIC, KVM_ARM_VCPU_SVE,
    KVM_CAP_ARM_EL1_32BIT, KVM_CAP_ARM_MTE, KVM_CAP_ARM_PMU_V3, KVM_CAP_ARM_PTRAUTH_ADDRESS,
    KVM_CAP_ARM_PTRAUTH_GENERIC, KVM_CAP_ARM_SVE, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS, KVM_REG_ARM64,
    KVM_REG_ARM64_SVE, KVM_REG_SIZE_U512, kvm_create_device,
    kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2, kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
    kvm_enable_cap, kvm_vcpu_init,
};
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd, VmFd};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// The capabilities in a host file; [`writable_masks`] checks for masks. 240 is KVM_CAP_ARM_EL2
/// (Linux 7.2, `include/uapi/linux/kvm.h`), not in kvm-bindings 0.14.
const CAPABILITIES: [u32; 8] = [
    KVM_CAP_ARM_WRITABLE_IMP_ID_REGS,
    KVM_CAP_ARM_SVE,
    KVM_CAP_ARM_PTRAUTH_ADDRESS,
    KVM_CAP_ARM_PTRAUTH_GENERIC,
    KVM_CAP_ARM_PMU_V3,
    KVM_CAP_ARM_MTE,
    KVM_CAP_ARM_EL1_32BIT,
    240,
];
/// Id of the register of vector lengths (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`); not in
/// kvm-bindings 0.14.
const SVE_VLS: u64 = KVM_REG_ARM64 | KVM_REG_SIZE_U512 | KVM_REG_ARM64_SVE as u64 | 0xffff;

/// The ioctls to read one host and to apply one plan to a vCPU.
#[derive(Debug)]
pub(super) struct RawIoctls<'k> {
    kvm: &'k Kvm,
    config: VcpuConfig,
    has_writable_ids: bool,
    /// The vCPU features of the configuration, as a bitmap.
    features: u32,
    sve_lengths: [u8; 64],
    /// KVM's ids of all registers of a host: those of the description, and the firmware registers.
    all: Vec<u64>,
    /// Ids of the registers that the host has.
    present: Vec<u64>,
    /// Ids of the registers to write, and the values.
    writes: Vec<(u64, u64)>,
    /// The files that describe the machine.
    files: Vec<PathBuf>,
}

/// A VM with a vCPU. The descriptors close in the order of the fields.
#[derive(Debug)]
pub(super) struct RawVm {
    vcpu: VcpuFd,
    gic: Option<DeviceFd>,
    vm: VmFd,
}

impl<'k> RawIoctls<'k> {
    pub(super) fn new(kvm: &'k Kvm, host: &Host, plan: &Plan) -> Self {
        let described = host.description().registers.iter();
        let described = described.map(|register| kvm_reg_id(register.encoding));
        let firmware = FirmwareRegister::ALL.map(FirmwareRegister::id);
        let counters = plan.config().pmu.then(|| kvm_reg_id(PMCR_EL0));
        let present = plan.expected().iter();
        let writes = plan.writes().iter();
        Self {
            kvm,
            config: plan.config(),
            has_writable_ids: host.info().capabilities.writable_implementation_ids,
            features: features(plan.config()),
            sve_lengths: sve_lengths(&host.info().sve_vector_lengths),
            all: described.chain(firmware).chain(counters).collect(),
            present: present
                .map(|(register, _)| kvm_reg_id(register.encoding))
                .collect(),
            writes: writes
                .map(|write| (kvm_reg_id(write.register.encoding), write.new))
                .collect(),
            files: files(&host.info().implementations),
        }
    }

    /// Reads the files that a library call to read the host reads.
    pub(super) fn files(&self) -> Result<usize, RawError> {
        let mut text = [0; 128];
        let lengths = self
            .files
            .iter()
            .map(|path| File::open(path)?.read(&mut text));
        Ok(lengths.sum::<io::Result<usize>>()?)
    }

    /// Makes the ioctls to read a host.
    pub(super) fn probe(&self) -> Result<Vec<u64>, RawError> {
        let mut has = true;
        for capability in CAPABILITIES {
            // KVM has both kinds of keys or neither, so the second check depends on the first.
            if has || capability != KVM_CAP_ARM_PTRAUTH_GENERIC {
                has = self.kvm.check_extension_raw(capability.into()) > 0;
            }
        }
        let vm = self.create()?;
        if self.config.sve {
            vm.vcpu.get_one_reg(SVE_VLS, &mut [0; 64])?;
        }
        writable_masks(&vm.vm)?;
        let read = self.all.iter().map(|id| match vm.get(*id) {
            Err(error) if error.errno() != Errno::ENOENT.0 => Err(error),
            value => Ok(value.unwrap_or(0)),
        });
        let values = read.collect::<Result<_, _>>()?;
        if let (Some(Gic::V3), Some(gic)) = (self.config.gic, &vm.gic) {
            identify(gic)?;
        }
        Ok(values)
    }

    /// Creates a VM with a vCPU of the configuration.
    pub(super) fn create(&self) -> Result<RawVm, RawError> {
        // The same size as in the library: the time to close a VM grows with its address space.
        let bits = u32::try_from(self.kvm.get_host_ipa_limit()).unwrap_or(0);
        let vm = self.kvm.create_vm_with_ipa_size(bits.min(40))?;
        for (enabled, cap) in [
            (self.config.mte, KVM_CAP_ARM_MTE),
            (self.has_writable_ids, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS),
        ] {
            if enabled {
                vm.enable_cap(&kvm_enable_cap {
                    cap,
                    ..Default::default()
                })?;
            }
        }
        let vcpu = vm.create_vcpu(0)?;
        let mut init = kvm_vcpu_init::default();
        vm.get_preferred_target(&mut init)?;
        init.features = [self.features, 0, 0, 0, 0, 0, 0];
        vcpu.vcpu_init(&init)?;
        if self.config.sve {
            self.finalize(&vcpu)?;
        }
        let gic = self
            .config
            .gic
            .map(|gic| create_gic(&vm, gic))
            .transpose()?;
        Ok(RawVm { vcpu, gic, vm })
    }

    fn finalize(&self, vcpu: &VcpuFd) -> Result<(), RawError> {
        if self.config.sve_limit.is_some() {
            let mut lengths = [0; 64];
            vcpu.get_one_reg(SVE_VLS, &mut lengths)?;
            if lengths != self.sve_lengths {
                vcpu.set_one_reg(SVE_VLS, &self.sve_lengths)?;
            }
        }
        Ok(vcpu.vcpu_finalize(&KVM_ARM_VCPU_SVE.cast_signed())?)
    }

    /// Makes the ioctls to apply a plan.
    pub(super) fn apply(&self, vm: &RawVm) -> Result<Vec<u64>, RawError> {
        for (id, _) in &self.writes {
            vm.get(*id)?;
        }
        for (id, value) in &self.writes {
            vm.vcpu.set_one_reg(*id, &value.to_ne_bytes())?;
        }
        if let Some(counters) = self.config.pmu_counters {
            let id = kvm_reg_id(PMCR_EL0);
            let pmcr = with_pmu_counters(vm.get(id)?, counters);
            vm.vcpu.set_one_reg(id, &pmcr.to_ne_bytes())?;
            vm.get(id)?;
        }
        let read = self.present.iter().map(|id| vm.get(*id));
        Ok(read.collect::<Result<_, _>>()?)
    }
}

impl RawVm {
    fn get(&self, id: u64) -> Result<u64, kvm_ioctls::Error> {
        let mut bytes = [0; 8];
        self.vcpu.get_one_reg(id, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }
}

/// Reads the identity of a GICv3, which kernels before 6.17 tell only after its initialisation. The
/// bare ioctls on a device need `unsafe`, so the library makes them.
fn identify(gic: &DeviceFd) -> Result<GicIdentity, KvmError> {
    const ADDRESSES: GicAddresses = GicAddresses::V3 {
        distributor: 0,
        redistributors: 0x1_0000,
    };
    match gic_identity(gic) {
        Err(KvmError::Failed {
            source: Errno::EBUSY,
            ..
        }) => {
            init_gic(gic, ADDRESSES, 64)?;
            gic_identity(gic)
        }
        identity => identity,
    }
}

fn create_gic(vm: &VmFd, gic: Gic) -> Result<DeviceFd, kvm_ioctls::Error> {
    let mut device = kvm_create_device {
        type_: match gic {
            Gic::V2 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2,
            Gic::V3 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
        },
        ..Default::default()
    };
    vm.create_device(&mut device)
}

fn features(config: VcpuConfig) -> u32 {
    let features = [
        (true, KVM_ARM_VCPU_PSCI_0_2),
        (config.sve, KVM_ARM_VCPU_SVE),
        (config.pauth, KVM_ARM_VCPU_PTRAUTH_ADDRESS),
        (config.pauth, KVM_ARM_VCPU_PTRAUTH_GENERIC),
        (config.pmu, KVM_ARM_VCPU_PMU_V3),
        (config.el2, KVM_ARM_VCPU_HAS_EL2),
        (config.aarch32, KVM_ARM_VCPU_EL1_32BIT),
    ];
    let on = features.iter().filter(|(on, _)| *on);
    on.fold(0, |bits, (_, feature)| bits | 1 << feature)
}

/// The files that [`implementations`](idreg_runtime::linux::implementations) and
/// [`kernel_release`](idreg_runtime::linux::kernel_release) read.
fn files(implementations: &[Implementation]) -> Vec<PathBuf> {
    let of_cpus = implementations.iter().flat_map(|one| {
        let shown = [
            ("midr_el1", one.midr),
            ("revidr_el1", one.revidr),
            ("aidr_el1", one.aidr),
        ];
        let shown = shown.into_iter().filter(|(_, value)| value.is_some());
        let cpu = one.cpu;
        shown.map(move |(name, _)| {
            format!("/sys/devices/system/cpu/cpu{cpu}/regs/identification/{name}").into()
        })
    });
    let present = PathBuf::from("/sys/devices/system/cpu/present");
    [present].into_iter().chain(of_cpus).collect()
}

/// The bitmap of vector lengths, in which bit n is a vector of n + 1 quadwords (Linux 7.2,
/// `Documentation/virt/kvm/api.rst`, 4.68).
fn sve_lengths(lengths: &[u32]) -> [u8; 64] {
    let mut bitmap = [0; 64];
    for (quadwords, byte) in (1..).step_by(8).zip(&mut bitmap) {
        for bit in 0..8 {
            if lengths.contains(&((quadwords + bit) * SVE_QUADWORD_BITS)) {
                *byte |= 1 << bit;
            }
        }
    }
    bitmap
}

/// Errors of the bare ioctls, in places where the library succeeded.
#[derive(Debug, thiserror::Error)]
pub(super) enum RawError {
    #[error("one of the bare ioctls failed; the library's ioctls succeeded")]
    Ioctl(#[from] kvm_ioctls::Error),
    #[error(transparent)]
    Masks(#[from] KvmError),
    #[error("cannot read a file that the library reads")]
    File(#[from] io::Error),
}
