//! Reading a host with a fault at every call: the error names the register, and no register is
//! changed.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::{Host, ReadError};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::vcpu::Errno;

fn read(vm: &FakeVm, recorded: &Host) -> Result<Result<Host, ReadError>, Errno> {
    let vcpu = vm.vcpu(0);
    let masks = vm.writable_masks()?;
    Ok(Host::read(recorded.info().clone(), &vcpu, masks.as_ref()))
}

#[test]
fn a_host_is_read_as_it_was_recorded() {
    let recorded = host(MAX_7_2);
    let vm = FakeVm::new(&recorded);
    assert_eq!(read(&vm, &recorded), Ok(Ok(recorded.clone())));
    assert_eq!(
        vm.calls(),
        1 + DESCRIPTION.registers.len(),
        "the masks, and every register once"
    );
}

#[test]
fn a_fault_names_the_register() {
    let recorded = host(MAX_7_2);
    for (call, register) in DESCRIPTION.registers.iter().enumerate() {
        let vm = FakeVm::new(&recorded);
        vm.fail_at(1 + call, Errno::EFAULT);
        let error = read(&vm, &recorded).expect("the masks").unwrap_err();
        let expected = ReadError {
            register: register.name,
            source: Errno::EFAULT,
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn a_fault_of_the_masks_is_left_to_the_caller() {
    let recorded = host(MAX_7_2);
    let vm = FakeVm::new(&recorded);
    vm.fail_at(0, Errno::EINVAL);
    assert_eq!(read(&vm, &recorded), Err(Errno::EINVAL));
}

#[test]
fn a_register_that_is_not_there_is_no_fault() {
    let recorded = host(MAX_7_2);
    for (call, register) in DESCRIPTION.registers.iter().enumerate() {
        let vm = FakeVm::new(&recorded);
        vm.fail_at(1 + call, Errno::ENOENT);
        let read = read(&vm, &recorded).expect("the masks").expect("a host");
        assert_eq!(read.values().get(register), None);
    }
}
