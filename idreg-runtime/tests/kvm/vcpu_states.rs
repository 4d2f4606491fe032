//! Rows that the kernel's selftests lack: the vCPU that a register belongs to, and the time of a
//! write.

use crate::vm::{TestVm, open, plainest, read, richest, skipped};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::kvm::{OneReg, create_vcpu, create_vm, sve_vector_lengths};
use idreg_runtime::regs::{ClidrEl1, IdAa64isar0El1, MpidrEl1, id_aa64isar0_el1::Crc32};
use idreg_runtime::vcpu::{Errno, VcpuRegs};

/// The vector lengths (Linux 7.2, `arch/arm64/include/uapi/asm/kvm.h`, `KVM_REG_ARM64_SVE_VLS`).
const SVE_VLS: u64 = 0x6060_0000_0015_ffff;

#[test]
fn registers_exist_after_init_only() {
    let vm = create_vm(&open(), plainest()).expect("a VM");
    let vcpu = create_vcpu(&vm, 0).expect("a vCPU");
    let regs = OneReg::new(&vcpu);
    assert_eq!(regs.get(IdAa64isar0El1::ENCODING), Err(Errno::ENOEXEC));
    assert_eq!(regs.set(IdAa64isar0El1::ENCODING, 0), Err(Errno::ENOEXEC));
}

/// CCSIDR2_EL1, GMID_EL1, SMIDR_EL1 and DCZID_EL0 are in the range but not in KVM.
#[test]
fn registers_that_kvm_hides_are_unknown() {
    let vm = TestVm::rich();
    let hidden = [(1, 0, 2), (1, 0, 4), (1, 0, 6), (3, 0, 7)];
    for register in hidden.map(|(op1, crm, op2)| Encoding::new(3, op1, 0, crm, op2)) {
        assert_eq!(vm.regs(0).get(register), Err(Errno::ENOENT), "{register}");
        assert_eq!(vm.set(register, 0), Err(Errno::ENOENT), "{register}");
    }
}

#[test]
fn first_run_freezes_feature_registers() {
    let mut vm = TestVm::new(plainest(), 1);
    let register = IdAa64isar0El1::ENCODING;
    let with = vm.get(register);
    let without = with & !Crc32::MASK;
    assert_ne!(with, without, "the host has CRC32");
    vm.accepts(register, without);
    vm.accepts(register, with);
    vm.run_once();
    assert_eq!(vm.set(register, without), Err(Errno::EBUSY));
    vm.accepts(register, with);
}

#[test]
fn first_run_leaves_registers_of_the_vcpu_writable() {
    let mut vm = TestVm::new(plainest(), 1);
    vm.run_once();
    for register in [MpidrEl1::ENCODING, ClidrEl1::ENCODING] {
        vm.accepts(register, vm.get(register));
    }
    vm.accepts(MpidrEl1::ENCODING, vm.get(MpidrEl1::ENCODING) + 1);
}

#[test]
fn vcpus_share_the_registers_of_the_vm() {
    let vm = TestVm::new(richest(), 2);
    let register = IdAa64isar0El1::ENCODING;
    let without = vm.get(register) & !Crc32::MASK;
    assert_ne!(vm.get(register), without, "the host has CRC32");
    assert_eq!(vm.regs(1).set(register, without), Ok(()));
    vm.shows(register, without);
    assert_eq!(read(vm.regs(1), register), without);
}

#[test]
fn each_vcpu_has_its_own_mpidr_and_clidr() {
    let vm = TestVm::new(richest(), 2);
    let other = |register| read(vm.regs(1), register);
    assert_ne!(vm.get(MpidrEl1::ENCODING), other(MpidrEl1::ENCODING));
    for register in [MpidrEl1::ENCODING, ClidrEl1::ENCODING] {
        let of_second = other(register);
        // CLIDR_EL1 can have no cache at any level on every host.
        let value = if register == ClidrEl1::ENCODING {
            0
        } else {
            0x8000_0105
        };
        assert_ne!(vm.get(register), value);
        vm.accepts(register, value);
        assert_eq!(other(register), of_second, "{register}");
    }
}

#[test]
fn vector_lengths_are_fixed_once_sve_is_finalised() {
    const ROW: &str = "vector_lengths_are_fixed_once_sve_is_finalised";
    if !richest().sve {
        return skipped(ROW, "the host has no SVE");
    }
    let vm = TestVm::rich();
    let vcpu = vm.vcpus.first().expect("a vCPU");
    let lengths = sve_vector_lengths(vcpu).expect("vector lengths");
    assert_eq!(lengths.first(), Some(&128), "{lengths:?}");
    assert!(lengths.is_sorted());
    let mut bitmap = [0; 64];
    vcpu.get_one_reg(SVE_VLS, &mut bitmap)
        .expect("the register");
    let answer = vcpu.set_one_reg(SVE_VLS, &bitmap);
    assert_eq!(
        answer.map_err(|error| Errno(error.errno())),
        Err(Errno::EPERM)
    );
}
