//! The in-kernel interrupt controller.

use super::{KvmError, KvmStep, ioctl};
use crate::config::{Gic, GicIdentity};
use crate::vcpu::Errno;
use std::os::fd::AsRawFd;

/// The attributes of the device (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`):
/// `KVM_DEV_ARM_VGIC_GRP_ADDR`.
const GROUP_ADDRESSES: u32 = 0;
/// `KVM_DEV_ARM_VGIC_GRP_DIST_REGS`; an attribute is the register's offset.
const GROUP_DISTRIBUTOR: u32 = 1;
/// `KVM_DEV_ARM_VGIC_GRP_NR_IRQS`.
const GROUP_INTERRUPTS: u32 = 3;
/// `KVM_DEV_ARM_VGIC_GRP_CTRL` and `KVM_DEV_ARM_VGIC_CTRL_INIT`.
const CONTROL_INIT: (u32, u32) = (4, 0);

/// The offsets of registers of the distributor (Arm IHI 0069, 12.8): GICD_IIDR and GICD_TYPER2.
const IIDR: u32 = 0x8;
const TYPER2: u32 = 0xc;

/// The maximum number of vCPUs of a VM (Linux 7.2, `include/uapi/linux/kvm.h`).
const KVM_CAP_MAX_VCPUS: u32 = 66;
/// The maximum number of vCPUs with a GICv2 (Linux 7.2, `include/kvm/arm_vgic.h`,
/// `VGIC_V2_MAX_CPUS`).
const GIC_V2_VCPUS: u32 = 8;

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

/// Sets the addresses of the GIC of a VM that has all its vCPUs, and initialises it: no vCPU can be
/// added after that.
///
/// `device` is the descriptor from `KVM_CREATE_DEVICE`. `interrupts` includes the 32 private ones
/// of each vCPU; KVM accepts multiples of 32 from 64 to 1024 (Linux 7.2,
/// `Documentation/virt/kvm/devices/arm-vgic-v3.rst`).
///
/// # Errors
///
/// [`KvmStep::GicAddress`], [`KvmStep::GicInterrupts`] or [`KvmStep::InitGic`].
///
/// # System calls
///
/// `ioctl` `KVM_SET_DEVICE_ATTR` (0x4018aee1) on the device, four times.
pub fn init_gic(
    device: &impl AsRawFd,
    addresses: GicAddresses,
    interrupts: u32,
) -> Result<(), KvmError> {
    let device = device.as_raw_fd();
    for (part, kind, address) in addresses.parts() {
        ioctl::set_device_attr(device, GROUP_ADDRESSES, kind, Some(address))
            .map_err(KvmStep::GicAddress { part, address }.failed())?;
    }
    ioctl::set_device_attr(device, GROUP_INTERRUPTS, 0, Some(interrupts))
        .map_err(KvmStep::GicInterrupts { interrupts }.failed())?;
    let (group, attribute) = CONTROL_INIT;
    ioctl::set_device_attr::<u32>(device, group, attribute, None).map_err(KvmStep::InitGic.failed())
}

/// The registers by which a GICv3 identifies itself, while no vCPU runs.
///
/// `device` is the descriptor from `KVM_CREATE_DEVICE`, and the VM has its vCPUs. From Linux 6.17
/// on the GIC need not be initialised; earlier kernels then answer `EBUSY`.
///
/// # Errors
///
/// [`KvmStep::GicRegister`].
///
/// # System calls
///
/// `ioctl` `KVM_GET_DEVICE_ATTR` (0x4018aee2) on the device, twice.
pub fn gic_identity(device: &impl AsRawFd) -> Result<GicIdentity, KvmError> {
    let device = device.as_raw_fd();
    let read = |register, offset: u32| {
        ioctl::get_device_attr(device, GROUP_DISTRIBUTOR, offset.into())
            .map_err(KvmStep::GicRegister { register }.failed())
    };
    Ok(GicIdentity {
        iidr: Some(read("GICD_IIDR", IIDR)?),
        typer2: Some(read("GICD_TYPER2", TYPER2)?),
    })
}

/// Gives a GICv3 the known registers of an identity, such as
/// [`Plan::gic_identity`](crate::plan::Plan::gic_identity), and reads them back.
///
/// `device` is the descriptor from `KVM_CREATE_DEVICE`. The VM has its vCPUs, and the GIC is not
/// initialised yet: KVM then fixes GICD_TYPER2.nASSGIcap (Linux 7.2,
/// `arch/arm64/kvm/vgic/vgic-mmio-v3.c`, `vgic_mmio_uaccess_write_v3_misc`).
///
/// # Errors
///
/// [`KvmStep::SetGicRegister`], with `EBUSY` before Linux 6.17 and in a GIC that is initialised,
/// and `EINVAL` for a value that [`GicIdentity::refused`] names; [`KvmStep::GicRegister`];
/// [`KvmError::GicRegisterDiffers`] on kernels that take a revision and do not store it.
///
/// # System calls
///
/// `ioctl` on the device: `KVM_SET_DEVICE_ATTR` (0x4018aee1) and `KVM_GET_DEVICE_ATTR` (0x4018aee2)
/// for each register.
pub fn set_gic_identity(device: &impl AsRawFd, identity: GicIdentity) -> Result<(), KvmError> {
    let device = device.as_raw_fd();
    for (register, offset, value) in [
        ("GICD_IIDR", IIDR, identity.iidr),
        ("GICD_TYPER2", TYPER2, identity.typer2),
    ] {
        let Some(value) = value else { continue };
        ioctl::set_device_attr(device, GROUP_DISTRIBUTOR, offset, Some(value))
            .map_err(KvmStep::SetGicRegister { register, value }.failed())?;
        let found = ioctl::get_device_attr(device, GROUP_DISTRIBUTOR, offset.into())
            .map_err(KvmStep::GicRegister { register }.failed())?;
        if found != value {
            return Err(KvmError::GicRegisterDiffers {
                register,
                value,
                found,
            });
        }
    }
    Ok(())
}

/// The in-kernel interrupt controller of a VM, or `None` if it has none (yet).
///
/// ID registers do not tell: before the first run a VM without one, or on some kernels with a
/// GICv2, shows a GICv3.
///
/// # Errors
///
/// [`KvmStep::FindGic`] if `vm` is not a VM.
///
/// # System calls
///
/// `ioctl` on the VM: `KVM_IRQ_LINE` (0x4008ae61), which KVM refuses in any case, and
/// `KVM_CHECK_EXTENSION` (0xae03).
pub fn in_kernel_gic(vm: &impl AsRawFd) -> Result<Option<Gic>, KvmError> {
    /// The input of vCPU 0 of type `KVM_ARM_IRQ_TYPE_CPU` with a number that no vCPU has. KVM
    /// checks first that the VM has no interrupt controller that would own the inputs, then the
    /// number (Linux 7.2, `arch/arm64/kvm/arm.c`, `kvm_vm_ioctl_irq_line`).
    const NO_SUCH_INPUT: u32 = 0xffff;
    let vm = vm.as_raw_fd();
    match ioctl::irq_line(vm, NO_SUCH_INPUT, 0) {
        Err(Errno::ENXIO) => {}
        Err(Errno::EINVAL) => return Ok(None),
        Err(error) => return Err(KvmStep::FindGic.failed()(error)),
        // No kernel has such an input.
        Ok(()) => return Err(KvmStep::FindGic.failed()(Errno::EINVAL)),
    }
    // The controller decides the maximum when it is created (arch/arm64/kvm/vgic/vgic-init.c,
    // kvm_vgic_create).
    if ioctl::check_extension(vm, KVM_CAP_MAX_VCPUS) <= GIC_V2_VCPUS {
        Ok(Some(Gic::V2))
    } else {
        Ok(Some(Gic::V3))
    }
}

impl GicAddresses {
    /// The parts whose addresses KVM requires: name, `KVM_VGIC_V2_ADDR_TYPE_DIST` (0) and `_CPU`
    /// (1) or `KVM_VGIC_V3_ADDR_TYPE_DIST` (2) and `_REDIST` (3), and address.
    const fn parts(self) -> [(&'static str, u32, u64); 2] {
        match self {
            Self::V2 {
                distributor,
                cpu_interface,
            } => [
                ("distributor", 0, distributor),
                ("CPU interface", 1, cpu_interface),
            ],
            Self::V3 {
                distributor,
                redistributors,
            } => [
                ("distributor", 2, distributor),
                ("redistributors", 3, redistributors),
            ],
        }
    }
}
