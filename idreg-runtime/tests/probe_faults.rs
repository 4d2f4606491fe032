//! Reading a host with a fault at every call: the error names the register, and no register is
//! changed.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::{Host, ReadError, ReadHostError};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::vcpu::Errno;

fn read(vm: &FakeVm, recorded: &Host) -> Result<Result<Host, ReadHostError>, Errno> {
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
        1 + DESCRIPTION.registers.len() + 3,
        "the masks, every register once, a register each of mte and el2, which are off, and the \
         number of event counters"
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
        assert_eq!(error, ReadHostError::Register(expected));
    }
}

/// The registers that show an option without an ID register.
#[test]
fn a_fault_names_the_register_of_an_option() {
    let recorded = host(MAX_7_2);
    let calls = 1 + DESCRIPTION.registers.len();
    for (call, register) in [
        (calls, "GCR_EL1"),
        (calls + 1, "HCR_EL2"),
        (calls + 2, "PMCR_EL0"),
    ] {
        let vm = FakeVm::new(&recorded);
        vm.fail_at(call, Errno::EFAULT);
        let error = read(&vm, &recorded).expect("the masks").unwrap_err();
        assert_eq!(
            format!("{error}"),
            format!("cannot read {register} from the vCPU")
        );
        assert_eq!(
            format!("{error:#}"),
            format!("cannot read {register} from the vCPU: EFAULT (14)")
        );
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
