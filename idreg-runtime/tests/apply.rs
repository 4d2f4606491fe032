//! Applying a plan to a vCPU that answers as KVM does, with faults at every call.

mod hosts;

use hosts::{A64FX_7_2, MAX_7_2, host};
use idreg_runtime::apply::ApplyError;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::regs::{self, IdAa64isar0El1, IdDfr0El1};
use idreg_runtime::values::RegisterValues;
use idreg_runtime::vcpu::{Errno, FakeVcpu, VcpuRegs};

const TWO_REGISTERS: &str = "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR1_EL1_DPB=0";

fn plan(host_file: &str, model: &str) -> (Plan, FakeVcpu) {
    let host = host(host_file);
    let model: CpuModel = model.parse().expect("`host` and overrides");
    let plan = Plan::new(&host, &model).expect("a model that the masks allow");
    (plan, FakeVcpu::new(&host))
}

fn values(vcpu: &FakeVcpu) -> RegisterValues {
    let mut values = RegisterValues::new(&regs::DESCRIPTION);
    for register in regs::DESCRIPTION.registers {
        if let Ok(value) = vcpu.get(register.encoding) {
            values.set(register, value);
        }
    }
    values
}

#[test]
fn the_vcpu_shows_the_model_afterwards() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    let shown = plan.apply(&vcpu).unwrap();
    assert_eq!(&shown, plan.expected());
    assert_eq!(vcpu.writes(), 2);
}

#[test]
fn nothing_is_written_twice() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    plan.apply(&vcpu).unwrap();
    plan.apply(&vcpu).unwrap();
    assert_eq!(vcpu.writes(), 2);
}

#[test]
fn host_model_writes_nothing_even_after_the_guest_ran() {
    let (plan, vcpu) = plan(MAX_7_2, "host");
    vcpu.run();
    plan.apply(&vcpu).unwrap();
    assert_eq!(vcpu.writes(), 0);
}

#[test]
fn refusal_names_the_property_at_fault_and_leaves_nothing_behind() {
    let (plan, vcpu) = plan(
        MAX_7_2,
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_RNDR=0xf,\
         SYSREG_ID_AA64ISAR1_EL1_DPB=0",
    );
    let before = values(&vcpu);
    let error = plan.apply(&vcpu).unwrap_err();
    assert_eq!(
        error.to_string(),
        "KVM refused SYSREG_ID_AA64ISAR0_EL1_RNDR=0xf with EINVAL (22): the host has 0x1 (IMP), \
         which works"
    );
    assert_eq!(values(&vcpu), before);
}

#[test]
fn change_after_the_guest_ran_is_busy() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    vcpu.run();
    let ApplyError::Refused { errno, .. } = plan.apply(&vcpu).unwrap_err() else {
        panic!()
    };
    assert_eq!(errno, Errno::EBUSY);
}

#[test]
fn silently_ignored_write_is_reported() {
    let (plan, vcpu) = plan(MAX_7_2, "host,SYSREG_ID_DFR0_EL1_CopDbg=6");
    vcpu.ignore_writes(IdDfr0El1::ENCODING);
    let ApplyError::Differs(differences) = plan.apply(&vcpu).unwrap_err() else {
        panic!()
    };
    assert_eq!(differences.len(), 1);
    let text = differences[0].to_string();
    assert!(text.starts_with("ID_DFR0_EL1 is 0x"), "{text}");
    assert!(
        text.contains("; CopDbg is 0xa (Debugv8p8), expected 0x6 (Armv8)"),
        "{text}"
    );
}

#[test]
fn another_hosts_vcpu_is_not_touched() {
    let (plan, _) = plan(MAX_7_2, TWO_REGISTERS);
    let other = FakeVcpu::new(&host(A64FX_7_2));
    let ApplyError::OtherHost { register, .. } = plan.apply(&other).unwrap_err() else {
        panic!()
    };
    assert_eq!(register, IdAa64isar0El1::NAME);
    assert_eq!(other.writes(), 0);
}

#[test]
fn a_fault_at_any_call_leaves_the_vcpu_as_it_was() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    let before = values(&vcpu);
    let calls = {
        let (plan, vcpu) = self::plan(MAX_7_2, TWO_REGISTERS);
        plan.apply(&vcpu).unwrap();
        vcpu.calls()
    };
    for call in 0..calls {
        vcpu.fail_at(vcpu.calls() + call, Errno::EFAULT);
        let error = plan
            .apply(&vcpu)
            .expect_err("the fault is in a call that is made");
        assert!(
            !matches!(error, ApplyError::NotRestored { .. }),
            "call {call}: {error}"
        );
        vcpu.no_fault();
        assert_eq!(values(&vcpu), before, "call {call}");
    }
}
