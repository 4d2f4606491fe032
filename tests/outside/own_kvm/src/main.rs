//! A VMM with its own KVM layer, whose VM has no in-kernel GIC.
//!
//! Usage, on an arm64 machine with KVM: `own-kvm [MODEL]`

mod kvm;

use idreg_runtime::config::capabilities::WritableMasks;
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::encoding::Encoding;
use idreg_runtime::host::HostInfo;
use idreg_runtime::linux::MachineInfo;
use idreg_runtime::vcpu::Errno;
use idreg_runtime::{CpuModel, Host, Plan, VcpuRegs};
use kvm::{Vcpu, Vm};
use std::error::Error;

/// System registers of 64 bits in `KVM_GET_ONE_REG` (Linux 7.2, `Documentation/virt/kvm/api.rst`,
/// 4.68).
const SYSTEM_REGISTER: u64 = 0x6030_0000_0013_0000;
/// `KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES` (Linux 7.2, `include/uapi/linux/kvm.h`).
const SUPPORTED_REG_MASK_RANGES: u64 = 230;

impl VcpuRegs for Vcpu {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        self.get_one_reg(SYSTEM_REGISTER | u64::from(register.packed()))
            .map_err(Errno)
    }

    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.set_one_reg(SYSTEM_REGISTER | u64::from(register.packed()), value)
            .map_err(Errno)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = std::env::args().nth(1);
    let model = model.unwrap_or_else(|| "host,FEAT_DotProd=off".to_owned());
    let model: CpuModel = model.parse()?;
    let config = VcpuConfig::new().with_gic(None);

    let vm = Vm::new()?;
    let vcpus = [vm.vcpu(0)?, vm.vcpu(1)?];
    for (index, vcpu) in vcpus.iter().enumerate() {
        let powered_off = if index > 0 { VcpuConfig::POWER_OFF } else { 0 };
        vcpu.init(&vm, config.features() | powered_off)?;
    }

    let machine = MachineInfo::read()?;
    let mut info = HostInfo::default();
    info.kernel_release = machine.kernel_release;
    info.implementations = machine.implementations;
    info.timer_frequency = machine.timer_frequency;
    info.vcpu = config;
    info.capabilities.writable_masks = vm.check_extension(SUPPORTED_REG_MASK_RANGES) != 0;
    let masks = if info.capabilities.writable_masks {
        Some(WritableMasks::new(vm.writable_masks()?))
    } else {
        None
    };

    let host = Host::read(info, &vcpus[0], masks.as_ref())?;
    let plan = Plan::new(&host, &model)?;
    for vcpu in &vcpus {
        plan.apply(vcpu)?;
    }
    vcpus[0].freeze(&vm)?;
    for vcpu in &vcpus {
        plan.verify(vcpu)?;
        for change in plan.changes() {
            // Not by the plan, which could be wrong about what it compares.
            let register = vcpu.get(change.field.register.encoding)?;
            assert_eq!(change.field.field.extract(register), change.new);
        }
    }
    for change in plan.changes() {
        println!("{}: {:#x} -> {:#x}", change.field, change.old, change.new);
    }
    println!("verified: {} vCPUs", vcpus.len());
    Ok(())
}
