//! The in-kernel interrupt controller.

use super::KvmError;
use crate::config::Gic;
use crate::vcpu::Errno;
use kvm_bindings::{
    KVM_DEV_ARM_VGIC_CTRL_INIT, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL,
    KVM_DEV_ARM_VGIC_GRP_NR_IRQS, KVM_VGIC_V2_ADDR_TYPE_CPU, KVM_VGIC_V2_ADDR_TYPE_DIST,
    KVM_VGIC_V3_ADDR_TYPE_DIST, KVM_VGIC_V3_ADDR_TYPE_REDIST, kvm_create_device, kvm_device_attr,
    kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2, kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
};
use kvm_ioctls::{DeviceFd, VmFd};

/// The guest physical addresses of the interrupt controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GicAddresses {
    /// A GICv2, on 4 KiB boundaries.
    V2 {
        /// The distributor, 4 KiB.
        distributor: u64,
        /// The CPU interface, 8 KiB.
        cpu_interface: u64,
    },
    /// A GICv3, on 64 KiB boundaries.
    V3 {
        /// The distributor, 64 KiB.
        distributor: u64,
        /// The redistributors, 128 KiB for each vCPU, one after the other.
        redistributors: u64,
    },
}

/// Creates the interrupt controller without addresses, which the VMM sets later.
///
/// # Errors
///
/// [`KvmError::CreateGic`], with `ENODEV` if the host does not support this version.
pub fn create_gic(vm: &VmFd, gic: Gic) -> Result<DeviceFd, KvmError> {
    let mut device = kvm_create_device {
        type_: match gic {
            Gic::V2 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V2,
            Gic::V3 => kvm_device_type_KVM_DEV_TYPE_ARM_VGIC_V3,
        },
        ..Default::default()
    };
    vm.create_device(&mut device)
        .map_err(|error| KvmError::CreateGic {
            gic,
            source: error.into(),
        })
}

/// Sets the addresses of the GIC of a VM that has all its vCPUs, and initialises it: no vCPU can be
/// added after that.
///
/// `interrupts` includes the 32 private ones of each vCPU; KVM accepts multiples of 32 from 64 to
/// 1024 (Linux 7.2, `Documentation/virt/kvm/devices/arm-vgic-v3.rst`).
///
/// # Errors
///
/// [`KvmError::GicAddress`], [`KvmError::GicInterrupts`] or [`KvmError::InitGic`].
pub fn init_gic(
    device: &DeviceFd,
    addresses: GicAddresses,
    interrupts: u32,
) -> Result<(), KvmError> {
    for (part, kind, address) in addresses.parts() {
        let value = (&raw const address) as u64;
        set(device, KVM_DEV_ARM_VGIC_GRP_ADDR, kind, value).map_err(|source| {
            KvmError::GicAddress {
                part,
                address,
                source,
            }
        })?;
    }
    let value = (&raw const interrupts) as u64;
    set(device, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, value)
        .map_err(|source| KvmError::GicInterrupts { interrupts, source })?;
    set(
        device,
        KVM_DEV_ARM_VGIC_GRP_CTRL,
        KVM_DEV_ARM_VGIC_CTRL_INIT,
        0,
    )
    .map_err(|source| KvmError::InitGic { source })
}

impl GicAddresses {
    /// The parts whose addresses KVM requires: name, `KVM_VGIC_*_ADDR_TYPE_*` and address.
    const fn parts(self) -> [(&'static str, u32, u64); 2] {
        match self {
            Self::V2 {
                distributor,
                cpu_interface,
            } => [
                ("distributor", KVM_VGIC_V2_ADDR_TYPE_DIST, distributor),
                ("CPU interface", KVM_VGIC_V2_ADDR_TYPE_CPU, cpu_interface),
            ],
            Self::V3 {
                distributor,
                redistributors,
            } => [
                ("distributor", KVM_VGIC_V3_ADDR_TYPE_DIST, distributor),
                (
                    "redistributors",
                    KVM_VGIC_V3_ADDR_TYPE_REDIST,
                    redistributors,
                ),
            ],
        }
    }
}

/// Sets an attribute; `addr` is the address of its value, or 0 if it has none.
fn set(device: &DeviceFd, group: u32, attr: u32, addr: u64) -> Result<(), Errno> {
    device
        .set_device_attr(&kvm_device_attr {
            group,
            attr: attr.into(),
            addr,
            ..Default::default()
        })
        .map_err(Errno::from)
}
