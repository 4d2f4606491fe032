//! Registers that vCPUs share, and injected faults of calls.

use crate::hosts::{MAX_6_1, MAX_7_2, host};
use crate::{encoding, field, max, max_with, read, write};
use idreg_runtime::fake::{FakeVcpu, FakeVm};
use idreg_runtime::regs::MidrEl1;
use idreg_runtime::vcpu::{Errno, VcpuRegs};

#[test]
fn all_vcpus_share_what_is_of_the_vm() {
    let vm = FakeVm::new(&max());
    let (first, second) = (vm.vcpu(0), vm.vcpu(1));
    for (name, value) in [
        ("ID_AA64ISAR0_EL1_AES", 1),
        ("ID_ISAR5_EL1_AES", 1),
        ("CTR_EL0_IminLine", 3),
        ("MIDR_EL1_PartNum", 0xd0c),
        ("REVIDR_EL1_IMPDEF", 7),
        ("AIDR_EL1_IMPDEF", 7),
    ] {
        let field = field(name);
        write(&first, name, value).unwrap();
        assert_eq!(read(&second, name), value, "{name}");
        assert_eq!(
            second.get(field.register.encoding),
            first.get(field.register.encoding),
            "{name}"
        );
    }
    vm.run();
    assert_eq!(write(&second, "ID_AA64ISAR0_EL1_AES", 2), Err(Errno::EBUSY));
}

#[test]
fn every_vcpu_has_cache_levels_and_affinity_of_its_own() {
    let vm = FakeVm::new(&max());
    write(&vm.vcpu(0), "CLIDR_EL1_Ctype2", 3).unwrap();
    write(&vm.vcpu(0), "MPIDR_EL1_Aff3", 3).unwrap();
    assert_eq!(read(&vm.vcpu(0), "CLIDR_EL1_Ctype2"), 3);
    assert_eq!(read(&vm.vcpu(0), "MPIDR_EL1_Aff3"), 3);
    assert_eq!(read(&vm.vcpu(1), "CLIDR_EL1_Ctype2"), 0);
    assert_eq!(read(&vm.vcpu(1), "MPIDR_EL1_Aff3"), 0);
}

#[test]
fn affinity_follows_from_the_index() {
    let vm = FakeVm::new(&max());
    for (index, mpidr) in [
        (0, 0x8000_0000),
        (1, 0x8000_0001),
        (15, 0x8000_000f),
        (16, 0x8000_0100),
        (0x123, 0x8000_1203),
        (0xfff, 0x8000_ff0f),
        (0x1000, 0x8001_0000),
    ] {
        let shown = vm.vcpu(index).get(encoding("MPIDR_EL1"));
        assert_eq!(shown, Ok(mpidr), "{index:#x}");
    }
}

#[test]
fn first_vcpu_shows_the_affinity_that_was_read() {
    let host = max_with(&[("MPIDR_EL1", 0x8000_0203)]);
    let shown = FakeVm::new(&host).vcpu(0).get(encoding("MPIDR_EL1"));
    assert_eq!(shown, Ok(0x8000_0203));
}

#[test]
fn masks_are_the_hosts_and_absent_on_an_old_kernel() {
    let max = max();
    let masks = FakeVm::new(&max).writable_masks().unwrap().unwrap();
    for (register, _) in max.values().iter() {
        let mask = masks.get(register.encoding);
        assert_eq!(mask, Some(max.writable(register)), "{}", register.name);
    }
    assert_eq!(masks.get(encoding("SMIDR_EL1")), Some(0));
    let old = FakeVm::new(&host(MAX_6_1));
    assert_eq!(old.writable_masks(), Ok(None));
    assert_eq!(old.calls(), 1);
}

#[test]
fn calls_and_faults_are_counted_over_the_whole_vm() {
    let vm = FakeVm::new(&max());
    let (first, second) = (vm.vcpu(0), vm.vcpu(1));
    let register = encoding("MIDR_EL1");
    vm.fail_at(1, Errno::EFAULT);
    vm.fail_at(2, Errno::ENOMEM);
    first.get(register).unwrap();
    assert_eq!(second.set(register, 0), Err(Errno::EFAULT));
    assert_eq!(vm.writable_masks(), Err(Errno::ENOMEM));
    first.set(register, 0).unwrap();
    assert_eq!((vm.calls(), vm.writes()), (4, 2));

    vm.fail_from(5, Errno::ENODEV);
    second.get(register).unwrap();
    for vcpu in [&first, &second] {
        assert_eq!(vcpu.get(register), Err(Errno::ENODEV));
    }
    vm.no_fault();
    assert_eq!(first.get(register), Ok(0));
    assert_eq!(second.calls(), 8);
}

#[test]
fn a_call_that_fails_changes_nothing() {
    let vcpu = FakeVcpu::new(&max());
    vcpu.fail_at(1, Errno::EFAULT);
    assert_eq!(write(&vcpu, "ID_AA64ISAR0_EL1_AES", 0), Err(Errno::EFAULT));
    assert_eq!(read(&vcpu, "ID_AA64ISAR0_EL1_AES"), 2);
}

#[test]
fn writes_can_be_ignored() {
    let vcpu = FakeVcpu::new(&max());
    vcpu.ignore_writes(encoding("ID_AA64ISAR0_EL1"));
    assert_eq!(write(&vcpu, "ID_AA64ISAR0_EL1_AES", 0), Ok(()));
    assert_eq!(read(&vcpu, "ID_AA64ISAR0_EL1_AES"), 2);
}

#[test]
fn vm_and_vcpus_can_be_used_by_several_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<FakeVm>();
    is_shared::<FakeVcpu>();

    let vm = FakeVm::new(&host(MAX_7_2));
    std::thread::scope(|threads| {
        for index in 0..4 {
            let vcpu = vm.vcpu(index);
            threads.spawn(move || {
                for _ in 0..100 {
                    assert!(vcpu.get(MidrEl1::ENCODING).is_ok());
                }
            });
        }
    });
    assert_eq!(vm.calls(), 400);
}
