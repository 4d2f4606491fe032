//! The state that KVM keeps, by its ioctls. This module alone of the state has unsafe code.

use super::access::{GicAccess, VcpuAccess, VcpuEvents};
use super::gic_register::GicRegister;
use super::register::RegisterId;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::{
    KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS, KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
    KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS,
    KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT, RegList, VGIC_LEVEL_INFO_LINE_LEVEL, kvm_device_attr,
    kvm_mp_state, kvm_vcpu_events,
};
use kvm_ioctls::{DeviceFd, VcpuFd};
use std::mem;

/// The maximum number of registers of a list (kvm-bindings 0.14, `KVM_REG_LIST_MAX`).
const MOST_REGISTERS: usize = 500;

impl VcpuAccess for VcpuFd {
    fn registers(&self) -> Result<Vec<RegisterId>, Errno> {
        let mut list = RegList::new(MOST_REGISTERS).map_err(|_| Errno::ENOMEM)?;
        self.get_reg_list(&mut list)?;
        let ids = list.as_slice().iter().copied();
        // KVM on arm64 lists arm64 registers.
        Ok(ids.filter_map(RegisterId::new).collect())
    }

    fn get(&self, register: RegisterId, value: &mut [u8]) -> Result<(), Errno> {
        self.get_one_reg(register.number(), value)?;
        Ok(())
    }

    fn set(&self, register: RegisterId, value: &[u8]) -> Result<(), Errno> {
        self.set_one_reg(register.number(), value)?;
        Ok(())
    }

    fn power(&self) -> Result<u32, Errno> {
        Ok(self.get_mp_state()?.mp_state)
    }

    fn set_power(&self, power: u32) -> Result<(), Errno> {
        Ok(self.set_mp_state(kvm_mp_state { mp_state: power })?)
    }

    fn events(&self) -> Result<VcpuEvents, Errno> {
        let exception = self.get_vcpu_events()?.exception;
        Ok(VcpuEvents {
            serror_pending: exception.serror_pending != 0,
            serror_syndrome: (exception.serror_has_esr != 0).then_some(exception.serror_esr),
            data_abort_pending: exception.ext_dabt_pending != 0,
        })
    }

    fn set_events(&self, events: VcpuEvents) -> Result<(), Errno> {
        let mut kvm_events = kvm_vcpu_events::default();
        let exception = &mut kvm_events.exception;
        exception.serror_pending = events.serror_pending.into();
        exception.serror_has_esr = events.serror_syndrome.is_some().into();
        exception.serror_esr = events.serror_syndrome.unwrap_or_default();
        exception.ext_dabt_pending = events.data_abort_pending.into();
        Ok(self.set_vcpu_events(&kvm_events)?)
    }
}

impl GicAccess for DeviceFd {
    #[allow(unsafe_code, reason = "the kernel gets a pointer to the value")]
    fn read(&self, register: GicRegister) -> Result<u64, Errno> {
        // The kernel writes 4 or 8 bytes by the group; arm64 Linux is little-endian here.
        let mut value = 0_u64;
        let (group, attribute) = attribute(register);
        let mut attribute = kvm_device_attr {
            group,
            attr: attribute,
            addr: (&raw mut value).expose_provenance() as u64,
            flags: 0,
        };
        // SAFETY: the kernel writes at most 8 bytes at the address, which is that of `value`.
        unsafe { self.get_device_attr(&mut attribute) }?;
        Ok(value)
    }

    fn write(&self, register: GicRegister, value: u64) -> Result<(), Errno> {
        let (group, attribute) = attribute(register);
        let attribute = kvm_device_attr {
            group,
            attr: attribute,
            addr: (&raw const value).expose_provenance() as u64,
            flags: 0,
        };
        Ok(self.set_device_attr(&attribute)?)
    }
}

/// The group and the attribute of a register (Linux 7.2,
/// `Documentation/virt/kvm/devices/arm-vgic-v3.rst`).
fn attribute(register: GicRegister) -> (u32, u64) {
    let of_cpu = |cpu: u32, low: u64| u64::from(cpu) << 32 | low;
    match register {
        GicRegister::Distributor { offset } => (KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset.into()),
        GicRegister::Redistributor { cpu, offset } => {
            (KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, of_cpu(cpu, offset.into()))
        }
        GicRegister::Interface { cpu, register } => (
            KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS,
            of_cpu(cpu, register.packed().into()),
        ),
        GicRegister::LineLevels { cpu, first } => {
            let info = VGIC_LEVEL_INFO_LINE_LEVEL << KVM_DEV_ARM_VGIC_LINE_LEVEL_INFO_SHIFT;
            (
                KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO,
                of_cpu(cpu, (info | first).into()),
            )
        }
    }
}

// The layouts that the conversions above rely on.
const _: () = assert!(mem::size_of::<kvm_mp_state>() == 4);
