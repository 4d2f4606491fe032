//! The ioctls of KVM, without a crate for them. Numbers and structures are those of Linux 7.2,
//! `include/uapi/linux/kvm.h` and `arch/arm64/include/uapi/asm/kvm.h`.

use std::ffi::{c_int, c_ulong};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

const KVM_CREATE_VM: c_ulong = 0xae01;
const KVM_CHECK_EXTENSION: c_ulong = 0xae03;
const KVM_GET_VCPU_MMAP_SIZE: c_ulong = 0xae04;
const KVM_CREATE_VCPU: c_ulong = 0xae41;
const KVM_RUN: c_ulong = 0xae80;
const KVM_GET_ONE_REG: c_ulong = 0x4010_aeab;
const KVM_SET_ONE_REG: c_ulong = 0x4010_aeac;
const KVM_ARM_VCPU_INIT: c_ulong = 0x4020_aeae;
const KVM_ARM_PREFERRED_TARGET: c_ulong = 0x8020_aeaf;
const KVM_ARM_GET_REG_WRITABLE_MASKS: c_ulong = 0x8040_aeb6;

/// `KVM_ARM_FEATURE_ID_RANGE_SIZE`.
const MASKS: usize = 192;
/// Offset of `immediate_exit` in `struct kvm_run`.
const IMMEDIATE_EXIT: usize = 1;

#[repr(C)]
struct OneReg {
    id: u64,
    address: u64,
}

#[repr(C)]
#[derive(Default)]
struct VcpuInit {
    target: u32,
    features: [u32; 7],
}

#[repr(C)]
struct MaskRange {
    address: u64,
    range: u32,
    reserved: [u32; 13],
}

pub(crate) struct Vm {
    kvm: File,
    vm: OwnedFd,
}

pub(crate) struct Vcpu(OwnedFd);

impl Vm {
    pub(crate) fn new() -> io::Result<Self> {
        let kvm = File::options().read(true).write(true).open("/dev/kvm")?;
        let vm = descriptor(ioctl(kvm.as_raw_fd(), KVM_CREATE_VM, 0)?);
        Ok(Self { kvm, vm })
    }

    pub(crate) fn vcpu(&self, index: u64) -> io::Result<Vcpu> {
        let vcpu = ioctl(self.vm.as_raw_fd(), KVM_CREATE_VCPU, index)?;
        Ok(Vcpu(descriptor(vcpu)))
    }

    pub(crate) fn check_extension(&self, capability: u64) -> c_int {
        ioctl(self.vm.as_raw_fd(), KVM_CHECK_EXTENSION, capability).unwrap_or(0)
    }

    pub(crate) fn writable_masks(&self) -> io::Result<[u64; MASKS]> {
        let mut masks = [0; MASKS];
        let mut range = MaskRange {
            address: masks.as_mut_ptr() as u64,
            range: 0,
            reserved: [0; 13],
        };
        let range = ptr::from_mut(&mut range) as u64;
        ioctl(self.vm.as_raw_fd(), KVM_ARM_GET_REG_WRITABLE_MASKS, range)?;
        Ok(masks)
    }
}

impl Vcpu {
    pub(crate) fn init(&self, vm: &Vm, features: u32) -> io::Result<()> {
        let mut init = VcpuInit::default();
        let address = ptr::from_mut(&mut init) as u64;
        ioctl(vm.vm.as_raw_fd(), KVM_ARM_PREFERRED_TARGET, address)?;
        init.features = [features, 0, 0, 0, 0, 0, 0];
        let address = ptr::from_mut(&mut init) as u64;
        ioctl(self.0.as_raw_fd(), KVM_ARM_VCPU_INIT, address)?;
        Ok(())
    }

    pub(crate) fn get_one_reg(&self, id: u64) -> Result<u64, i32> {
        let mut value = 0_u64;
        self.one_reg(KVM_GET_ONE_REG, id, &mut value)?;
        Ok(value)
    }

    pub(crate) fn set_one_reg(&self, id: u64, mut value: u64) -> Result<(), i32> {
        self.one_reg(KVM_SET_ONE_REG, id, &mut value)
    }

    fn one_reg(&self, request: c_ulong, id: u64, value: &mut u64) -> Result<(), i32> {
        let mut register = OneReg {
            id,
            address: ptr::from_mut(value) as u64,
        };
        let register = ptr::from_mut(&mut register) as u64;
        ioctl(self.0.as_raw_fd(), request, register)
            .map(drop)
            .map_err(|error| error.raw_os_error().unwrap_or(0))
    }

    /// Enters the guest and leaves it before its first instruction.
    pub(crate) fn freeze(&self, vm: &Vm) -> io::Result<()> {
        let length = ioctl(vm.kvm.as_raw_fd(), KVM_GET_VCPU_MMAP_SIZE, 0)?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping, which nothing else refers to.
        let run = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                access,
                flags,
                self.0.as_raw_fd(),
                0,
            )
        };
        if run == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is a `struct kvm_run`, which is longer than this offset.
        unsafe { run.cast::<u8>().add(IMMEDIATE_EXIT).write_volatile(1) };
        let result = ioctl(self.0.as_raw_fd(), KVM_RUN, 0);
        // SAFETY: the mapping from above; no pointer to it is used later.
        unsafe { libc::munmap(run, length) };
        match result {
            Err(error) if error.raw_os_error() == Some(libc::EINTR) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(io::Error::other("KVM_RUN ran the guest")),
        }
    }
}

fn descriptor(result: c_int) -> OwnedFd {
    // SAFETY: KVM has just made the descriptor for this caller.
    unsafe { OwnedFd::from_raw_fd(result) }
}

fn ioctl(descriptor: RawFd, request: c_ulong, argument: u64) -> io::Result<c_int> {
    // SAFETY: every caller passes a number, or the address of a structure that outlives the call
    // and is of the type of its request. The C libraries disagree on the type of the request.
    match unsafe { libc::ioctl(descriptor, request as _, argument) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
