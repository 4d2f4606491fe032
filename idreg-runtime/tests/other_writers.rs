//! Registers that the VMM writes itself: a plan neither writes them nor reports them.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::description::RegisterDescription;
use idreg_runtime::fake::{FakeVcpu, FakeVm};
use idreg_runtime::host::Host;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::plan::{ExpectError, Plan};
use idreg_runtime::register::RegisterValue;
use idreg_runtime::regs::{ClidrEl1, IdAa64isar0El1, MpidrEl1, SmidrEl1};
use idreg_runtime::values::RegisterValues;
use idreg_runtime::vcpu::VcpuRegs;

const CLIDR: &RegisterDescription = ClidrEl1::DESCRIPTION;
/// Two levels of unified caches beside the first one.
const MORE_CACHES: u64 = 0x0a20_0123;

fn plan(model: &str) -> (Host, Plan) {
    let host = host(MAX_7_2);
    let plan = Plan::new(&host, &model.parse().expect("a model")).expect("a possible model");
    (host, plan)
}

/// The registers of the error that a vCPU differs, none if it does not.
fn differing(result: Result<RegisterValues, ApplyError>) -> Vec<&'static str> {
    let differences = match result {
        Ok(_) => Vec::new(),
        Err(ApplyError::Differs(differences) | ApplyError::OtherHost(differences)) => differences,
        Err(error) => return vec![error.to_string().leak()],
    };
    let differences = differences.iter();
    differences
        .map(|difference| difference.register.name)
        .collect()
}

#[test]
fn vmm_can_write_before_the_plan() {
    let (host, mut plan) = plan("host,FEAT_DotProd=off");
    let vcpu = FakeVcpu::new(&host);
    vcpu.set(ClidrEl1::ENCODING, MORE_CACHES).unwrap();
    assert_eq!(differing(plan.apply(&vcpu)), [ClidrEl1::NAME]);
    plan.expect(CLIDR, MORE_CACHES).unwrap();
    plan.apply(&vcpu).unwrap();
    assert_eq!(vcpu.get(ClidrEl1::ENCODING), Ok(MORE_CACHES));
    plan.verify(&vcpu).unwrap();
}

#[test]
fn vmm_can_write_after_the_plan() {
    let (host, mut plan) = plan("host,FEAT_DotProd=off");
    plan.expect(CLIDR, MORE_CACHES).unwrap();
    let vcpu = FakeVcpu::new(&host);
    plan.apply(&vcpu).unwrap();
    assert_eq!(differing(plan.verify(&vcpu)), [ClidrEl1::NAME]);
    vcpu.set(ClidrEl1::ENCODING, MORE_CACHES).unwrap();
    vcpu.run();
    plan.verify(&vcpu).unwrap();
    assert_eq!(plan.expected().get(CLIDR), Some(MORE_CACHES));
}

#[test]
fn third_value_is_reported() {
    let (host, mut plan) = plan("host,FEAT_DotProd=off");
    plan.expect(CLIDR, MORE_CACHES).unwrap();
    let vcpu = FakeVcpu::new(&host);
    vcpu.set(ClidrEl1::ENCODING, MORE_CACHES ^ 7).unwrap();
    assert_eq!(differing(plan.apply(&vcpu)), [ClidrEl1::NAME]);
    assert_eq!(
        vcpu.get(ClidrEl1::ENCODING),
        Ok(MORE_CACHES ^ 7),
        "not restored"
    );
}

#[test]
fn plan_does_not_write_the_register() {
    let clidr = host(MAX_7_2).values().get_as::<ClidrEl1>().unwrap().bits();
    let (host, mut plan) = plan("host,SYSREG_CLIDR_EL1_LoC=2");
    assert_eq!(plan.writes().len(), 1);
    let value = clidr & !(7 << 24) | 2 << 24 | 3;
    plan.expect(CLIDR, value).unwrap();
    assert!(plan.writes().is_empty());
    let vcpu = FakeVcpu::new(&host);
    plan.apply(&vcpu).unwrap();
    assert_eq!(
        (vcpu.writes(), vcpu.get(ClidrEl1::ENCODING)),
        (0, Ok(clidr))
    );
}

#[test]
fn value_keeps_the_changes_of_the_model() {
    let (_, mut plan) = plan("host,SYSREG_CLIDR_EL1_LoC=2");
    let before = plan.expected().clone();
    let error = plan.expect(CLIDR, 0x0300_0023).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0x0000000003000023 in CLIDR_EL1 would undo SYSREG_CLIDR_EL1_LoC=0x2 of the model; write \
         a value that has it"
    );
    assert!(matches!(
        error,
        ExpectError::Undoes {
            value: 0x0300_0023,
            ..
        }
    ));
    assert_eq!(
        (plan.expected(), plan.writes().len()),
        (&before, 1),
        "as it was"
    );
}

#[test]
fn register_must_be_there() {
    let (_, mut plan) = plan("host");
    let error = plan.expect(SmidrEl1::DESCRIPTION, 0).unwrap_err();
    assert_eq!(
        error,
        ExpectError::Absent {
            register: "SMIDR_EL1"
        }
    );
    assert_eq!(
        error.to_string(),
        "this host's KVM does not have SMIDR_EL1, so a VMM cannot write it"
    );
}

#[test]
fn other_registers_are_still_checked() {
    let (host, mut plan) = plan("host");
    plan.expect(CLIDR, MORE_CACHES).unwrap();
    let vcpu = FakeVcpu::new(&host);
    vcpu.set(ClidrEl1::ENCODING, MORE_CACHES).unwrap();
    vcpu.set(IdAa64isar0El1::ENCODING, 0).unwrap();
    assert_eq!(differing(plan.verify(&vcpu)), [IdAa64isar0El1::NAME]);
}

/// Without an expected value every vCPU may have any MPIDR_EL1.
#[test]
fn expected_number_of_a_vcpu_is_compared() {
    let (host, plan) = plan("host");
    let vm = FakeVm::new(&host);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    let numbers = [0x8000_0100, 0x8000_0200];
    for (vcpu, number) in vcpus.iter().zip(numbers) {
        plan.verify(vcpu).unwrap();
        let mut own = plan.clone();
        own.expect(MpidrEl1::DESCRIPTION, number).unwrap();
        assert_eq!(differing(own.verify(vcpu)), [MpidrEl1::NAME]);
        vcpu.set(MpidrEl1::ENCODING, number).unwrap();
        own.apply(vcpu).unwrap();
        own.verify(vcpu).unwrap();
    }
}

#[test]
fn last_expected_value_counts() {
    let (host, mut plan) = plan("host");
    plan.expect(CLIDR, 7)
        .unwrap()
        .expect(CLIDR, MORE_CACHES)
        .unwrap();
    let vcpu = FakeVcpu::new(&host);
    vcpu.set(ClidrEl1::ENCODING, MORE_CACHES).unwrap();
    plan.verify(&vcpu).unwrap();
}

#[test]
fn equal_plans_leave_the_same_registers() {
    let (host, plan) = plan("host");
    let zero = host.values().iter().filter(|(_, value)| *value == 0);
    let zero: Vec<_> = zero.map(|(register, _)| register).take(2).collect();
    let left = |register| {
        let mut plan = plan.clone();
        plan.expect(register, 0).unwrap();
        plan
    };
    assert_eq!(left(zero[0]), left(zero[0]));
    assert_ne!(
        left(zero[0]),
        left(zero[1]),
        "the expected values are equal"
    );
    assert_ne!(left(zero[0]), plan);
}
