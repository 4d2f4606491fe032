//! Plans applied to a vCPU that answers as KVM does, with faults at every call.

mod hosts;

use hosts::{A64FX_7_2, MAX_7_2, edited, host};
use idreg_runtime::encoding::Encoding;
use idreg_runtime::fake::{FakeVcpu, FakeVm};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::plan::apply::{self, ApplyError};
use idreg_runtime::regs::ctr_el0::{Cwg, TminLine};
use idreg_runtime::regs::{
    self, IdAa64isar0El1, IdAa64isar1El1, IdAa64pfr0El1, IdDfr0El1, MpidrEl1,
};
use idreg_runtime::values::RegisterValues;
use idreg_runtime::vcpu::{Errno, VcpuRegs};

const NEOVERSE_N2_7_2: &str = include_str!("../../tests/data/hosts/neoverse-n2-latest.json");

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

/// A kernel that reports fewer writable bits of two registers than the kernel that the plan was
/// made for.
fn stricter_kernel() -> String {
    let without = |file: &str, register, fixed: u64| {
        edited(file, register, "writable", |mask| {
            assert_eq!(mask & fixed, fixed, "{register}");
            mask & !fixed
        })
    };
    let file = without(MAX_7_2, "ID_AA64ISAR0_EL1", 0xf000_0000_0000_0000);
    without(&file, "ID_AA64ISAR1_EL1", 0xf)
}

#[test]
fn refusals_name_the_refused_properties_and_change_nothing() {
    let (plan, _) = plan(
        MAX_7_2,
        "host,SYSREG_ID_AA64ISAR0_EL1_DP=0,SYSREG_ID_AA64ISAR0_EL1_RNDR=0,\
         SYSREG_ID_AA64ISAR1_EL1_DPB=1,SYSREG_ID_AA64PFR0_EL1_DIT=0",
    );
    let vcpu = FakeVcpu::new(&host(&stricter_kernel()));
    let before = values(&vcpu);
    let error = plan.apply(&vcpu).unwrap_err();
    assert_eq!(
        error.to_string(),
        "KVM refused SYSREG_ID_AA64ISAR0_EL1_RNDR=0x0 (NI) with EINVAL (22): the host's value \
         0x1 (IMP) works\n\
         KVM refused SYSREG_ID_AA64ISAR1_EL1_DPB=0x1 (IMP) with EINVAL (22): the host's value \
         0x2 (DPB2) works"
    );
    assert_eq!(values(&vcpu), before);
}

#[test]
fn change_after_the_guest_ran_is_busy() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    vcpu.run();
    let error = plan.apply(&vcpu).unwrap_err();
    let ApplyError::Refused(refused) = &error else {
        panic!("{error}")
    };
    assert!(
        refused.iter().all(|refused| refused.errno == Errno::EBUSY),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("EBUSY (16): the guest has run already"),
        "{error}"
    );
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

/// With Enhanced Virtualization Traps a guest whose CTR_EL0 is the host's reads it from the CPU.
#[test]
fn guest_may_read_the_cpus_own_tag_line_unless_ctr_el0_is_written() {
    let host = host(NEOVERSE_N2_7_2);
    let line = TminLine::new(4).unwrap();
    for (model, differing) in [("host", 0), ("host,SYSREG_CTR_EL0_DIC=0", 1)] {
        let plan = Plan::new(&host, &model.parse().unwrap()).unwrap();
        let mut read = plan.in_guest();
        assert_eq!(plan.differing_reads(&read), []);
        read.set_field(line);
        assert_eq!(plan.differing_reads(&read).len(), differing, "{model}");
        read.set_field(Cwg::new(3).unwrap());
        assert_eq!(plan.differing_reads(&read).len(), 1, "{model}");
    }
}

#[test]
fn differences_are_equal_by_register_and_both_values() {
    let (expected, found) = (host(MAX_7_2), host(A64FX_7_2));
    let differences = apply::differing(expected.values(), found.values());
    let [first, second, ..] = differences.as_slice() else {
        panic!("{differences:?}")
    };
    assert_eq!(first, &first.clone());
    let mut other = *first;
    other.register = second.register;
    assert_ne!(first, &other);
    other = *first;
    other.expected ^= 1;
    assert_ne!(first, &other);
    other = *first;
    other.found = None;
    assert_ne!(first, &other);
}

#[test]
fn vcpu_of_another_host_is_not_touched() {
    let other = FakeVcpu::new(&host(A64FX_7_2));
    for model in ["host", TWO_REGISTERS] {
        let (plan, _) = plan(MAX_7_2, model);
        let error = plan.apply(&other).unwrap_err();
        assert!(matches!(error, ApplyError::OtherHost(_)), "{error}");
    }
    assert_eq!(other.writes(), 0);
}

#[test]
fn vcpu_with_other_features_is_recognised_by_a_register_that_is_not_written() {
    let (plan, _) = plan(MAX_7_2, TWO_REGISTERS);
    let without_sve = MAX_7_2.replace(
        "\"value\": \"0x1101001121110222\"",
        "\"value\": \"0x1101001021110222\"",
    );
    assert_ne!(without_sve, MAX_7_2);
    let vcpu = FakeVcpu::new(&host(&without_sve));
    let before = values(&vcpu);
    let ApplyError::OtherHost(differences) = plan.apply(&vcpu).unwrap_err() else {
        panic!()
    };
    assert_eq!(differences.len(), 1);
    let text = differences[0].to_string();
    assert!(
        text.contains("SVE is 0x0 (NI), expected 0x1 (IMP)"),
        "{text}"
    );
    assert_eq!(values(&vcpu), before);
}

#[test]
fn every_vcpu_keeps_its_own_mpidr() {
    let (plan, _) = plan(MAX_7_2, TWO_REGISTERS);
    let second = MAX_7_2.replace("0x0000000080000000", "0x0000000080000001");
    let shown = plan.apply(&FakeVcpu::new(&host(&second))).unwrap();
    assert_eq!(shown.get_as::<MpidrEl1>().unwrap().aff0().bits(), 1);
}

#[test]
fn a_fault_at_any_call_leaves_the_vcpu_as_it_was() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    let before = values(&vcpu);
    for call in 0..calls() {
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

#[test]
fn two_faults_leave_the_vcpu_as_it_was_or_name_changed_registers() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    let before = values(&vcpu);
    let mut not_restored = 0;
    for first in 0..calls() {
        for second in first + 1..first + 9 {
            vcpu.fail_at(vcpu.calls() + first, Errno::EFAULT);
            vcpu.fail_at(vcpu.calls() + second, Errno::ENOMEM);
            let error = plan
                .apply(&vcpu)
                .expect_err("the fault is in a call that is made");
            vcpu.no_fault();
            let lost: Vec<&str> = apply::differing(&before, &values(&vcpu))
                .iter()
                .map(|difference| difference.register.name)
                .collect();
            let (text, chain) = (error.to_string(), format!("{error:#}"));
            assert_eq!(format!("{error:?}"), chain);
            if let ApplyError::NotRestored { registers, error } = error {
                not_restored += 1;
                assert!(chain.starts_with(&format!("{text}: {error}")), "{chain}");
                assert!(
                    lost.iter().all(|name| registers.contains(name)),
                    "{lost:?} {error}"
                );
            } else {
                assert!(lost.is_empty(), "{first} {second}: {lost:?} {error}");
            }
            for write in plan.writes() {
                vcpu.set(write.register.encoding, write.old).unwrap();
            }
        }
    }
    assert!(not_restored > 0, "some pair hits a write and its way back");
}

/// The number of calls when a plan is applied without a fault.
fn calls() -> usize {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    plan.apply(&vcpu).expect("no fault");
    vcpu.calls()
}

#[test]
fn a_lasting_fault_names_every_register_that_is_left_changed() {
    for call in 0..calls() {
        let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
        let before = values(&vcpu);
        vcpu.fail_from(vcpu.calls() + call, Errno::EFAULT);
        let error = plan
            .apply(&vcpu)
            .expect_err("every call from there on fails");
        vcpu.no_fault();
        let changed: Vec<&str> = apply::differing(&before, &values(&vcpu))
            .iter()
            .map(|difference| difference.register.name)
            .collect();
        match error {
            ApplyError::NotRestored { registers, .. } => {
                let is_named = |name: &&str| registers.contains(name);
                assert!(
                    changed.iter().all(is_named),
                    "call {call}: {changed:?} {registers:?}"
                );
            }
            error => assert!(changed.is_empty(), "call {call}: {changed:?} {error}"),
        }
    }
}

/// A vCPU that takes one write of each register and ignores all others without an error.
struct OneWriteEach(FakeVcpu);

impl VcpuRegs for OneWriteEach {
    fn get(&self, register: Encoding) -> Result<u64, Errno> {
        self.0.get(register)
    }

    fn set(&self, register: Encoding, value: u64) -> Result<(), Errno> {
        self.0.set(register, value)?;
        self.0.ignore_writes(register);
        Ok(())
    }
}

#[test]
fn ignored_write_of_an_old_value_is_named() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    vcpu.ignore_writes(IdAa64isar1El1::ENCODING);
    let error = plan.apply(&OneWriteEach(vcpu)).unwrap_err();
    let ApplyError::NotRestored { registers, error } = error else {
        panic!("{error}")
    };
    assert_eq!(registers, [IdAa64isar0El1::NAME]);
    assert!(matches!(*error, ApplyError::Differs(_)), "{error}");
}

#[test]
fn an_error_names_the_register_of_the_call_that_failed() {
    let (plan, _) = plan(MAX_7_2, TWO_REGISTERS);
    let written = plan.writes().len();
    for call in 0..calls() {
        let vcpu = FakeVcpu::new(&host(MAX_7_2));
        vcpu.fail_at(call, Errno::EFAULT);
        let text = plan.apply(&vcpu).unwrap_err().to_string();
        // Reads before the writes, the writes, and reads of everything, in the order of the
        // registers.
        let of_write =
            |position: usize| plan.writes().get(position).map(|write| write.register.name);
        let name = of_write(call)
            .or_else(|| of_write(call - written))
            .unwrap_or_else(|| {
                let (register, _) = plan
                    .expected()
                    .iter()
                    .nth(call - 2 * written)
                    .expect("a register");
                register.name
            });
        assert!(text.contains(name), "call {call}: {name} is not in: {text}");
    }
}

#[test]
fn calls_are_the_fewest_that_leave_nothing_to_chance() {
    let (plan, _) = plan(MAX_7_2, TWO_REGISTERS);
    let registers = plan.expected().iter().count();
    assert_eq!(calls(), 2 * plan.writes().len() + registers);
}

#[test]
fn after_the_first_run_the_vcpu_is_as_planned() {
    let (plan, vcpu) = plan(MAX_7_2, TWO_REGISTERS);
    plan.apply(&vcpu).unwrap();
    vcpu.run();
    assert_eq!(&plan.verify(&vcpu).unwrap(), plan.expected());
}

#[test]
fn a_guest_without_a_gic_in_the_kernel_sees_none() {
    let without = MAX_7_2.replace("\"gic\": \"v3\"", "\"gic\": null");
    let (plan, vcpu) = plan(&without, "host");
    let gic =
        |values: &RegisterValues| values.get_as().map(|pfr0: IdAa64pfr0El1| pfr0.gic().bits());
    assert_eq!(gic(&plan.apply(&vcpu).unwrap()), Some(1));
    vcpu.run();
    assert_eq!(gic(&plan.verify(&vcpu).unwrap()), Some(0));
}

#[test]
fn fields_that_a_later_kernel_clears_at_the_first_run_are_reported() {
    let with = |file: &str, register, bits| edited(file, register, "value", |value| value | bits);
    // S1PIE, TCRX and, in another register, ATS1A.
    let file = with(MAX_7_2, "ID_AA64MMFR3_EL1", 0x101);
    let host = host(&with(&file, "ID_AA64ISAR2_EL1", 1 << 60));
    let vm = FakeVm::new(&host).enforcing_dependencies();
    let vcpu = vm.vcpu(0);
    let model = "host,SYSREG_ID_AA64MMFR3_EL1_TCRX=0".parse().unwrap();
    let plan = Plan::new(&host, &model).unwrap();
    plan.apply(&vcpu).unwrap();
    vcpu.run();
    let error = plan.verify(&vcpu).unwrap_err().to_string();
    assert!(
        error.contains("S1PIE is 0x0 (NI), expected 0x1 (IMP)"),
        "{error}"
    );
}
