//! The VMM.

use idreg_runtime::config::{Gic, VcpuConfig};
use idreg_runtime::kvm::{self, OneReg};
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::ClidrEl1;
use idreg_runtime::vcpu::VcpuRegs;
use idreg_runtime::{CpuModel, Plan};
use kvm_bindings::{
    kvm_create_device, kvm_device_attr, kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
    KVM_DEV_ARM_VGIC_CTRL_INIT, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL,
    KVM_DEV_ARM_VGIC_GRP_NR_IRQS, KVM_VGIC_V3_ADDR_TYPE_DIST, KVM_VGIC_V3_ADDR_TYPE_REDIST,
};
use kvm_ioctls::{DeviceFd, Kvm, VcpuFd, VmFd};
use std::error::Error;
use std::ffi::c_int;

/// Two levels of caches: LoUU, LoC and LoUIS 1, 2 and 1, separate caches at level 1, a unified one
/// at level 2.
const CLIDR: u64 = 0x0a20_0023;

const DISTRIBUTOR: u64 = 0x0800_0000;
const REDISTRIBUTORS: u64 = 0x080a_0000;
const INTERRUPTS: u32 = 128;
const EINTR: c_int = 4;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let model = std::env::args().nth(1);
    let model = model.unwrap_or_else(|| "host,FEAT_DotProd=off".to_owned());
    let model: CpuModel = model.parse()?;
    let config = VcpuConfig::new().with_gic(Some(Gic::V3));

    // The VMM's own part.
    let vm = Kvm::new()?.create_vm()?;
    let mut vcpus = vec![vm.create_vcpu(0)?, vm.create_vcpu(1)?];
    let _gic = initialised_gic(&vm)?;
    for (index, vcpu) in vcpus.iter().enumerate() {
        init(&vm, vcpu, config, index > 0)?;
    }

    // The library's part.
    let host = kvm::read_vm(&vm, &vcpus[0], config)?;
    let mut plan = Plan::new(&host, &model)?;
    plan.expect(ClidrEl1::DESCRIPTION, CLIDR)?;
    for vcpu in &vcpus {
        plan.apply(&OneReg::new(vcpu))?;
    }

    let id = kvm::kvm_reg_id(ClidrEl1::ENCODING);
    for vcpu in &vcpus {
        vcpu.set_one_reg(id, &CLIDR.to_ne_bytes())?;
    }

    freeze(&mut vcpus[0])?;
    for vcpu in &vcpus {
        let vcpu = OneReg::new(vcpu);
        plan.verify(&vcpu)?;
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

fn initialised_gic(vm: &VmFd) -> Result<DeviceFd, kvm_ioctls::Error> {
    let gic = vm.create_device(&mut kvm_create_device {
        type_: kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
        ..Default::default()
    })?;
    let set = |group, attr, addr| {
        gic.set_device_attr(&kvm_device_attr {
            group,
            attr: u64::from(attr),
            addr,
            flags: 0,
        })
    };
    let address = |kind, address: &u64| {
        let pointer: *const u64 = address;
        set(KVM_DEV_ARM_VGIC_GRP_ADDR, kind, pointer as u64)
    };
    address(KVM_VGIC_V3_ADDR_TYPE_DIST, &DISTRIBUTOR)?;
    address(KVM_VGIC_V3_ADDR_TYPE_REDIST, &REDISTRIBUTORS)?;
    let interrupts: *const u32 = &INTERRUPTS;
    set(KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, interrupts as u64)?;
    set(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0)?;
    Ok(gic)
}

fn init(
    vm: &VmFd,
    vcpu: &VcpuFd,
    config: VcpuConfig,
    powered_off: bool,
) -> Result<(), kvm_ioctls::Error> {
    let mut init = kvm_bindings::kvm_vcpu_init::default();
    vm.get_preferred_target(&mut init)?;
    init.features[0] = config.features();
    if powered_off {
        init.features[0] |= VcpuConfig::POWER_OFF;
    }
    vcpu.vcpu_init(&init)
}

/// Enters the guest and leaves it before its first instruction.
fn freeze(vcpu: &mut VcpuFd) -> Result<(), Box<dyn Error>> {
    vcpu.set_kvm_immediate_exit(1);
    match vcpu.run() {
        Err(error) if error.errno() == EINTR => Ok(()),
        Err(error) => Err(error.into()),
        Ok(exit) => Err(format!("KVM_RUN returned {exit:?}").into()),
    }
}
