//! The addresses and the initialisation of the interrupt controller.

use crate::layout;
use idreg_runtime::config::Gic;
use idreg_runtime::vcpu::Errno;
use kvm_bindings::{
    KVM_DEV_ARM_VGIC_CTRL_INIT, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_DEV_ARM_VGIC_GRP_CTRL,
    KVM_DEV_ARM_VGIC_GRP_NR_IRQS, KVM_VGIC_V2_ADDR_TYPE_CPU, KVM_VGIC_V2_ADDR_TYPE_DIST,
    KVM_VGIC_V3_ADDR_TYPE_DIST, KVM_VGIC_V3_ADDR_TYPE_REDIST, kvm_device_attr,
};
use kvm_ioctls::DeviceFd;
use thiserror::Error;

/// A step of setting up the GIC that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum GicError {
    /// KVM refused an address.
    #[error("cannot put the GIC's {part} at {address:#x}")]
    Address {
        /// Which part of the GIC.
        part: &'static str,
        /// The guest physical address.
        address: u64,
        /// The kernel's answer.
        source: Errno,
    },
    /// KVM refused the number of interrupts.
    #[error("cannot give the GIC {} interrupts", layout::GIC_INTERRUPTS)]
    Interrupts {
        /// The kernel's answer.
        source: Errno,
    },
    /// KVM could not initialise the GIC.
    #[error("cannot initialise the GIC")]
    Initialise {
        /// The kernel's answer.
        source: Errno,
    },
}

/// Places the GIC of a VM that has all its vCPUs, and initialises it: after that no vCPU can be added.
///
/// # Errors
///
/// The [`GicError`] of the step that failed.
pub(crate) fn configure(device: &DeviceFd, gic: Gic, vcpus: u64) -> Result<(), GicError> {
    for (part, kind, address) in parts(gic, vcpus) {
        set(
            device,
            KVM_DEV_ARM_VGIC_GRP_ADDR,
            kind,
            (&raw const address) as u64,
        )
        .map_err(|source| GicError::Address {
            part,
            address,
            source,
        })?;
    }
    let interrupts = layout::GIC_INTERRUPTS;
    set(
        device,
        KVM_DEV_ARM_VGIC_GRP_NR_IRQS,
        0,
        (&raw const interrupts) as u64,
    )
    .map_err(|source| GicError::Interrupts { source })?;
    set(
        device,
        KVM_DEV_ARM_VGIC_GRP_CTRL,
        KVM_DEV_ARM_VGIC_CTRL_INIT,
        0,
    )
    .map_err(|source| GicError::Initialise { source })
}

/// What KVM must know the address of: name, `KVM_VGIC_*_ADDR_TYPE_*` and address.
fn parts(gic: Gic, vcpus: u64) -> [(&'static str, u32, u64); 2] {
    match gic {
        Gic::V2 => [
            (
                "distributor",
                KVM_VGIC_V2_ADDR_TYPE_DIST,
                layout::GIC_DISTRIBUTOR,
            ),
            (
                "CPU interface",
                KVM_VGIC_V2_ADDR_TYPE_CPU,
                layout::GIC_CPU_INTERFACE,
            ),
        ],
        Gic::V3 => [
            (
                "distributor",
                KVM_VGIC_V3_ADDR_TYPE_DIST,
                layout::GIC_DISTRIBUTOR,
            ),
            (
                "redistributors",
                KVM_VGIC_V3_ADDR_TYPE_REDIST,
                layout::gic_redistributors(vcpus),
            ),
        ],
    }
}

/// Sets an attribute; `addr` is the address of its value, where it has one.
fn set(device: &DeviceFd, group: u32, attr: u32, addr: u64) -> Result<(), Errno> {
    device
        .set_device_attr(&kvm_device_attr {
            group,
            attr: attr.into(),
            addr,
            ..Default::default()
        })
        .map_err(|error| Errno(error.errno()))
}
