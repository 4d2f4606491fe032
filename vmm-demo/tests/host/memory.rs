//! The memory of VMs: private, shared with another process, and mapped from a file.

use crate::state_seams::{RAM, vm_config};
use idreg_runtime::kvm;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::time::Instant;
use vm_memory::{Bytes as _, GuestAddress};
use vmm_demo::vmm::layout::RAM_START;
use vmm_demo::vmm::memory::{MemoryKind, MemorySource};
use vmm_demo::vmm::timeline::Timeline;
use vmm_demo::vmm::vm::{Vm, VmError};

const ADDRESS: GuestAddress = GuestAddress(RAM_START + 0x1000);

fn vm(source: MemorySource) -> Result<Vm, VmError> {
    let kvm = kvm::open().expect("KVM");
    let config = vm_config(&kvm, None, 1);
    let mut timeline = Timeline::since(Instant::now());
    Vm::with_memory(&kvm, config, source, &mut timeline)
}

fn refusal(source: MemorySource) -> String {
    let refused = vm(source).expect_err("a refusal");
    refused.to_string()
}

fn memfd(size: u64) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memfd = memfd_create("another", flags).expect("a memfd");
    ftruncate(&memfd, size).expect("a size");
    memfd
}

fn sealed(size: u64) -> OwnedFd {
    let memfd = memfd(size);
    fcntl_add_seals(&memfd, SealFlags::SHRINK | SealFlags::GROW).expect("seals");
    memfd
}

fn written(vm: &Vm, value: u64) {
    vm.memory().write_obj(value, ADDRESS).expect("RAM");
}

fn read(vm: &Vm) -> u64 {
    vm.memory().read_obj(ADDRESS).expect("RAM")
}

fn owned(fd: BorrowedFd<'_>) -> OwnedFd {
    fd.try_clone_to_owned().expect("a descriptor")
}

#[test]
fn shared_memory_is_adopted_with_its_contents() {
    let first = vm(MemorySource::New(MemoryKind::Shared)).expect("a VM");
    written(&first, 0x1234_5678);
    let memfd = owned(first.memory_fd().expect("a memfd"));
    assert!(ftruncate(&memfd, RAM / 2).is_err(), "sealed");
    assert!(ftruncate(&memfd, RAM * 2).is_err(), "sealed");
    drop(first);
    let second = vm(MemorySource::Adopted(memfd)).expect("a VM");
    assert_eq!(read(&second), 0x1234_5678);
    let third = owned(second.memory_fd().expect("a memfd"));
    let third = vm(MemorySource::Adopted(third)).expect("a VM");
    written(&second, 1);
    assert_eq!(read(&third), 1);
}

#[test]
fn private_memory_has_no_file() {
    let vm = vm(MemorySource::New(MemoryKind::Private)).expect("a VM");
    assert!(vm.memory_fd().is_none());
    assert_eq!(read(&vm), 0);
}

#[test]
fn memory_that_may_change_its_size_is_refused() {
    let no_seals = "the guest's memory is no memfd that is sealed against shrinking and growing";
    assert_eq!(refusal(MemorySource::Adopted(memfd(RAM))), no_seals);
    let file = File::open("/proc/self/exe").expect("a file");
    assert_eq!(refusal(MemorySource::Adopted(file.into())), no_seals);
    for size in [RAM / 2, RAM * 2] {
        let refused = refusal(MemorySource::Adopted(sealed(size)));
        assert!(refused.ends_with("; the guest has 2M"), "{refused}");
    }
}

#[test]
fn writes_to_mapped_memory_stay_out_of_the_file() {
    let offset = 0x1_0000;
    let file = File::from(memfd(offset + RAM));
    let at = offset + ADDRESS.0 - RAM_START;
    file.write_all_at(&7_u64.to_ne_bytes(), at).expect("a file");
    let same = File::from(owned(file.as_fd()));
    let vm = vm(MemorySource::Mapped { file, offset }).expect("a VM");
    assert!(vm.memory_fd().is_none());
    assert_eq!(read(&vm), 7);
    written(&vm, 8);
    assert_eq!(read(&vm), 8);
    let mut bytes = [0; 8];
    same.read_exact_at(&mut bytes, at).expect("a file");
    assert_eq!(u64::from_ne_bytes(bytes), 7);
}

#[test]
fn files_without_all_of_the_memory_are_refused() {
    for offset in [0x1000, RAM, u64::MAX - 0xfff] {
        let file = File::from(memfd(RAM));
        let refused = refusal(MemorySource::Mapped { file, offset });
        assert!(refused.ends_with("; the guest has 2M"), "{refused}");
    }
    let file = File::from(memfd(RAM + 0x1000));
    let refused = vm(MemorySource::Mapped { file, offset: 1 });
    assert!(matches!(refused, Err(VmError::Memory(_))), "not aligned");
}
