//! The ioctls of KVM on VMs, vCPUs and devices that the caller has created.
//!
//! They take any descriptor, so that a VMM's version of `kvm-ioctls` need not be the version of
//! this crate. Numbers and structures are those of Linux 7.2, `include/uapi/linux/kvm.h` and
//! `arch/arm64/include/uapi/asm/kvm.h`.
//!
//! Every number has the type 0xae, of which these are reserved to KVM (Linux 7.2,
//! `Documentation/userspace-api/ioctl/ioctl-number.rst`): a descriptor that is not KVM's gives
//! `ENOTTY`, one that is not open `EBADF`. No descriptor therefore makes the kernel write anything
//! else than the SAFETY comments say.

#![allow(
    unsafe_code,
    reason = "no crate wraps these ioctls for descriptors of another crate's types"
)]

use crate::config::capabilities::FEATURE_ID_REGISTERS;
use crate::vcpu::Errno;
use core::ffi::{c_int, c_ulong};
use std::io;
use std::os::fd::RawFd;

pub(super) const CHECK_EXTENSION: u32 = none(0x03);
pub(super) const IRQ_LINE: u32 = write::<IrqLevel>(0x61);
pub(super) const ENABLE_CAP: u32 = write::<EnableCap>(0xa3);
pub(super) const GET_ONE_REG: u32 = write::<OneRegister>(0xab);
pub(super) const SET_ONE_REG: u32 = write::<OneRegister>(0xac);
pub(super) const ARM_VCPU_INIT: u32 = write::<VcpuInit>(0xae);
pub(super) const ARM_PREFERRED_TARGET: u32 = read::<VcpuInit>(0xaf);
pub(super) const ARM_GET_REG_WRITABLE_MASKS: u32 = read::<RegMaskRange>(0xb6);
pub(super) const ARM_VCPU_FINALIZE: u32 = write::<c_int>(0xc2);
pub(super) const SET_DEVICE_ATTR: u32 = write::<DeviceAttr>(0xe1);
pub(super) const GET_DEVICE_ATTR: u32 = write::<DeviceAttr>(0xe2);

/// The ioctls that `kvm-ioctls` makes for this library.
#[cfg(feature = "scratch")]
pub(super) mod create {
    use super::{none, read_write};

    pub(in super::super) const GET_API_VERSION: u32 = none(0x00);
    pub(in super::super) const CREATE_VM: u32 = none(0x01);
    pub(in super::super) const GET_VCPU_MMAP_SIZE: u32 = none(0x04);
    pub(in super::super) const CREATE_VCPU: u32 = none(0x41);
    pub(in super::super) const RUN: u32 = none(0x80);
    pub(in super::super) const CREATE_DEVICE: u32 =
        read_write::<kvm_bindings::kvm_create_device>(0xe0);
}

/// The numbers of ioctls: the direction in bits 31:30, the argument's size in 29:16, the type in
/// 15:8 (Linux 7.2, `include/uapi/asm-generic/ioctl.h`).
const KVMIO: u32 = 0xae << 8;

const fn none(number: u32) -> u32 {
    KVMIO | number
}

const fn write<T>(number: u32) -> u32 {
    1 << 30 | size::<T>() << 16 | KVMIO | number
}

const fn read<T>(number: u32) -> u32 {
    2 << 30 | size::<T>() << 16 | KVMIO | number
}

#[cfg(feature = "scratch")]
const fn read_write<T>(number: u32) -> u32 {
    read::<T>(number) | write::<T>(number)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "no argument is larger than 104 bytes"
)]
const fn size<T>() -> u32 {
    size_of::<T>() as u32
}

/// `struct kvm_irq_level`.
#[repr(C)]
struct IrqLevel {
    irq: u32,
    level: u32,
}

/// `struct kvm_enable_cap`.
#[repr(C)]
struct EnableCap {
    cap: u32,
    flags: u32,
    args: [u64; 4],
    pad: [u8; 64],
}

/// `struct kvm_one_reg`.
#[repr(C)]
struct OneRegister {
    id: u64,
    addr: u64,
}

/// `struct kvm_vcpu_init`.
#[repr(C)]
#[derive(Default)]
pub(super) struct VcpuInit {
    target: u32,
    pub(super) features: [u32; 7],
}

/// `struct reg_mask_range`.
#[repr(C)]
struct RegMaskRange {
    addr: u64,
    range: u32,
    reserved: [u32; 13],
}

/// `struct kvm_device_attr`.
#[repr(C)]
struct DeviceAttr {
    flags: u32,
    group: u32,
    attr: u64,
    addr: u64,
}

/// `KVM_CHECK_EXTENSION` on `/dev/kvm` or a VM: 0 if it does not have the capability, or if the
/// call fails.
pub(super) fn check_extension(fd: RawFd, capability: u32) -> u32 {
    // SAFETY: the kernel takes a number and accesses no memory of this process.
    let answer = unsafe { ioctl(fd, CHECK_EXTENSION, capability.into()) };
    answer.map_or(0, c_int::unsigned_abs)
}

/// `KVM_ENABLE_CAP` on a VM, for a capability without arguments.
pub(super) fn enable_cap(vm: RawFd, capability: u32) -> Result<(), Errno> {
    let argument = EnableCap {
        cap: capability,
        flags: 0,
        args: [0; 4],
        pad: [0; 64],
    };
    // SAFETY: the kernel reads the structure that the number names.
    unsafe { ioctl_with(vm, ENABLE_CAP, &raw const argument) }
}

/// `KVM_IRQ_LINE` on a VM.
pub(super) fn irq_line(vm: RawFd, irq: u32, level: u32) -> Result<(), Errno> {
    let argument = IrqLevel { irq, level };
    // SAFETY: the kernel reads the structure that the number names.
    unsafe { ioctl_with(vm, IRQ_LINE, &raw const argument) }
}

/// `KVM_GET_ONE_REG` on a vCPU; `EINVAL` if the id means a register of another size.
pub(super) fn get_one_reg(vcpu: RawFd, id: u64, value: &mut [u8]) -> Result<(), Errno> {
    if value.len() != register_size(id) {
        return Err(Errno::EINVAL);
    }
    let argument = OneRegister {
        id,
        addr: address(value.as_mut_ptr()),
    };
    // SAFETY: the kernel reads the structure that the number names, and writes the size that the
    // id names to `addr`: the length of `value`, which nothing else accesses meanwhile.
    unsafe { ioctl_with(vcpu, GET_ONE_REG, &raw const argument) }
}

/// `KVM_SET_ONE_REG` on a vCPU; `EINVAL` if the id means a register of another size.
pub(super) fn set_one_reg(vcpu: RawFd, id: u64, value: &[u8]) -> Result<(), Errno> {
    if value.len() != register_size(id) {
        return Err(Errno::EINVAL);
    }
    let argument = OneRegister {
        id,
        addr: address(value.as_ptr()),
    };
    // SAFETY: the kernel reads the structure that the number names, and the size that the id names
    // from `addr`: the length of `value`.
    unsafe { ioctl_with(vcpu, SET_ONE_REG, &raw const argument) }
}

/// The size of a register in bytes: its logarithm is in bits 55:52 of the id
/// (Linux 7.2, `include/uapi/linux/kvm.h`, `KVM_REG_SIZE_MASK`).
pub(super) const fn register_size(id: u64) -> usize {
    1 << (id >> 52 & 0xf)
}

/// `KVM_ARM_PREFERRED_TARGET` on a VM.
pub(super) fn preferred_target(vm: RawFd) -> Result<VcpuInit, Errno> {
    let mut target = VcpuInit::default();
    // SAFETY: the kernel writes the structure that the number names.
    unsafe { ioctl_with(vm, ARM_PREFERRED_TARGET, &raw mut target) }?;
    Ok(target)
}

/// `KVM_ARM_VCPU_INIT` on a vCPU.
pub(super) fn vcpu_init(vcpu: RawFd, init: &VcpuInit) -> Result<(), Errno> {
    // SAFETY: the kernel reads the structure that the number names.
    unsafe { ioctl_with(vcpu, ARM_VCPU_INIT, &raw const *init) }
}

/// `KVM_ARM_VCPU_FINALIZE` on a vCPU, for the vCPU feature of this number.
pub(super) fn vcpu_finalize(vcpu: RawFd, feature: c_int) -> Result<(), Errno> {
    // SAFETY: the kernel reads an int.
    unsafe { ioctl_with(vcpu, ARM_VCPU_FINALIZE, &raw const feature) }
}

/// `KVM_ARM_GET_REG_WRITABLE_MASKS` on a VM, for the one range that kernels have.
pub(super) fn writable_masks(vm: RawFd) -> Result<[u64; FEATURE_ID_REGISTERS], Errno> {
    /// `KVM_ARM_FEATURE_ID_RANGE`. The range is no parameter: the kernel tells no range's length,
    /// so that another one could be longer than the array.
    const FEATURE_ID_RANGE: u32 = 0;
    let mut masks = [0; FEATURE_ID_REGISTERS];
    let argument = RegMaskRange {
        addr: address((&raw mut masks).cast()),
        range: FEATURE_ID_RANGE,
        reserved: [0; 13],
    };
    // SAFETY: the kernel reads the structure that the number names, and writes
    // KVM_ARM_FEATURE_ID_RANGE_SIZE (192) words to `addr`, the length of `masks`.
    unsafe { ioctl_with(vm, ARM_GET_REG_WRITABLE_MASKS, &raw const argument) }?;
    Ok(masks)
}

/// `KVM_SET_DEVICE_ATTR` on a VM, a vCPU or a device, for an attribute whose value is a `T`, or
/// that has no value.
///
/// For a descriptor of another kind the same numbers can mean an attribute with a longer value. The
/// kernel reads it only, and at most the 64 bytes that are there.
pub(super) fn set_device_attr<T: Copy>(
    fd: RawFd,
    group: u32,
    attr: u32,
    value: Option<T>,
) -> Result<(), Errno> {
    #[repr(C, align(64))]
    struct Padded<T>(T, [u8; 64]);

    let value = value.map(|value| Padded(value, [0; 64]));
    let argument = DeviceAttr {
        flags: 0,
        group,
        attr: attr.into(),
        addr: value
            .as_ref()
            .map_or(0, |value| address((&raw const *value).cast())),
    };
    // SAFETY: the kernel reads the structure that the number names, and the attribute's value from
    // `addr`. No attribute that can be set is longer than `Padded`.
    unsafe { ioctl_with(fd, SET_DEVICE_ATTR, &raw const argument) }
}

/// `KVM_GET_DEVICE_ATTR` on a device, for an attribute of 32 bits.
///
/// For a descriptor of another kind the same numbers can mean an attribute with a longer value: the
/// kernel writes at most the 64 bytes that are there.
pub(super) fn get_device_attr(device: RawFd, group: u32, attr: u64) -> Result<u32, Errno> {
    let mut value = [0_u32; 16];
    let argument = DeviceAttr {
        flags: 0,
        group,
        attr,
        addr: address((&raw mut value).cast()),
    };
    // SAFETY: the kernel reads the structure that the number names, and writes the attribute's
    // value to `addr`. No attribute that can be read is longer than 64 bytes.
    unsafe { ioctl_with(device, GET_DEVICE_ATTR, &raw const argument) }?;
    let [first, ..] = value;
    Ok(first)
}

/// The address of memory that the kernel accesses through a number in a structure.
fn address(pointer: *const u8) -> u64 {
    pointer.expose_provenance() as u64
}

/// Calls an ioctl whose argument is a pointer to a structure.
///
/// # Safety
///
/// The kernel must access nothing but the structure and the memory that it names, as the ioctl
/// permits.
unsafe fn ioctl_with<T>(fd: RawFd, request: u32, argument: *const T) -> Result<(), Errno> {
    let argument = argument.expose_provenance() as c_ulong;
    // SAFETY: the caller's promise.
    unsafe { ioctl(fd, request, argument) }.map(drop)
}

/// Calls an ioctl.
///
/// # Safety
///
/// The kernel must access only memory that `argument` permits it to access.
#[inline(never)]
unsafe fn ioctl(fd: RawFd, request: u32, argument: c_ulong) -> Result<c_int, Errno> {
    #[allow(
        clippy::cast_possible_wrap,
        clippy::cast_lossless,
        reason = "the type is c_int in musl and c_ulong in glibc; the kernel takes 32 bits"
    )]
    let request = request as libc::Ioctl;
    // SAFETY: the caller's promise.
    let answer = unsafe { libc::ioctl(fd, request, argument) };
    if answer < 0 {
        let number = io::Error::last_os_error().raw_os_error();
        return Err(Errno(number.unwrap_or_default()));
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_kernel_header() {
        for (number, expected) in [
            (CHECK_EXTENSION, 0x0000_ae03),
            (IRQ_LINE, 0x4008_ae61),
            (ENABLE_CAP, 0x4068_aea3),
            (GET_ONE_REG, 0x4010_aeab),
            (SET_ONE_REG, 0x4010_aeac),
            (ARM_VCPU_INIT, 0x4020_aeae),
            (ARM_PREFERRED_TARGET, 0x8020_aeaf),
            (ARM_GET_REG_WRITABLE_MASKS, 0x8040_aeb6),
            (ARM_VCPU_FINALIZE, 0x4004_aec2),
            (SET_DEVICE_ATTR, 0x4018_aee1),
            (GET_DEVICE_ATTR, 0x4018_aee2),
        ] {
            assert_eq!(number, expected, "{expected:#x}");
        }
    }

    #[test]
    fn the_id_tells_the_size_of_a_register() {
        assert_eq!(register_size(0x6030_0000_0013_c020), 8);
        assert_eq!(register_size(0x6060_0000_0015_ffff), 64);
    }

    #[test]
    fn a_register_of_another_size_is_refused() {
        let id = 0x6060_0000_0015_ffff;
        assert_eq!(get_one_reg(-1, id, &mut [0; 8]), Err(Errno::EINVAL));
        assert_eq!(set_one_reg(-1, id, &[0; 8]), Err(Errno::EINVAL));
    }

    #[test]
    fn descriptors_that_are_not_kvm_s_are_errors() {
        use std::fs::File;
        use std::os::fd::AsRawFd;

        let null = File::open("/dev/null").unwrap();
        for (fd, errno) in [(null.as_raw_fd(), libc::ENOTTY), (-1, libc::EBADF)] {
            let errno = Err(Errno(errno));
            assert_eq!(check_extension(fd, 0), 0);
            assert_eq!(enable_cap(fd, 0), errno);
            assert_eq!(irq_line(fd, 0, 0), errno);
            assert_eq!(get_one_reg(fd, 0x6030_0000_0013_c020, &mut [0; 8]), errno);
            assert_eq!(writable_masks(fd).map(drop), errno);
            assert_eq!(preferred_target(fd).map(drop), errno);
            assert_eq!(set_device_attr(fd, 0, 0, Some(0_u32)), errno);
            assert_eq!(get_device_attr(fd, 0, 0).map(drop), errno);
        }
    }
}
