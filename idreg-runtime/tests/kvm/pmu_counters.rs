//! The number of event counters of the PMU, PMCR_EL0.N (Linux 7.2,
//! `tools/testing/selftests/kvm/arm64/vpmu_counter_access.c`).

use crate::vm::{TestVm, host, open, read, richest, skipped};
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::config::pmu_counters::{
    MOST_PMU_COUNTERS, PMCR_EL0, check_pmu_counters, pmu_counters, with_pmu_counters,
};
use idreg_runtime::kvm::{ScratchVm, init_pmu, read_view};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::Plan;
use idreg_runtime::view::ViewInfo;
use std::num::NonZeroU16;

/// The host's number, or `None` if it has no PMU.
fn of_host(row: &str) -> Option<u32> {
    let counters = host().info().pmu_counters;
    if counters.is_none() {
        skipped(row, "no PMU");
    }
    counters
}

fn config() -> VcpuConfig {
    // Without a GIC a PMU runs without an interrupt.
    richest().with_gic(None)
}

/// KVM takes a number if and only if the library says so, and takes it for all vCPUs of the VM.
#[test]
fn kvm_takes_the_predicted_numbers() {
    let Some(of_host) = of_host("numbers of event counters") else {
        return;
    };
    let capabilities = host().info().capabilities;
    if !capabilities.writable_masks {
        return older_kernels_take_every_number_for_one_vcpu(of_host);
    }
    let vm = TestVm::new(config(), 2);
    let mut present = of_host;
    for counters in (0..=MOST_PMU_COUNTERS).chain([of_host]) {
        let before = vm.get(PMCR_EL0);
        assert_eq!(pmu_counters(before), present);
        vm.set(PMCR_EL0, with_pmu_counters(before, counters))
            .expect("a write that is ignored at most");
        if check_pmu_counters(Some(of_host), &capabilities, false, counters).is_ok() {
            present = counters;
        }
        for vcpu in 0..2 {
            assert_eq!(pmu_counters(read(vm.regs(vcpu), PMCR_EL0)), present);
        }
    }
}

/// Before Linux 6.7 every vCPU has a number of its own, and KVM stores any.
fn older_kernels_take_every_number_for_one_vcpu(of_host: u32) {
    let vm = TestVm::new(config(), 2);
    for counters in 0..=MOST_PMU_COUNTERS {
        let value = with_pmu_counters(vm.get(PMCR_EL0), counters);
        vm.accepts(PMCR_EL0, value);
        let other = read(vm.regs(1), PMCR_EL0);
        assert_eq!(pmu_counters(other), of_host);
    }
}

/// The first run freezes the number.
#[test]
fn number_of_a_vm_that_has_run_stays() {
    let Some(of_host) = of_host("event counters of a VM that has run") else {
        return;
    };
    if !host().info().capabilities.writable_masks {
        return skipped(
            "event counters of a VM that has run",
            "a kernel before Linux 6.7",
        );
    }
    let mut vm = TestVm::new(config(), 1);
    for vcpu in &vm.vcpus {
        init_pmu(vcpu, config()).expect("an initialised PMU");
    }
    vm.run_once();
    let before = vm.get(PMCR_EL0);
    vm.set(PMCR_EL0, with_pmu_counters(before, of_host - 1))
        .expect("a write that is ignored");
    vm.shows(PMCR_EL0, before);
}

/// A model with fewer counters gives every vCPU that number, also after the first run.
#[test]
fn guest_has_the_number_of_its_model() {
    let Some(of_host) = of_host("a model with fewer event counters") else {
        return;
    };
    let model: CpuModel = format!("host,pmu-counters={}", of_host - 1)
        .parse()
        .expect("a model");
    let plan = Plan::new(host(), &model);
    if !host().info().capabilities.writable_masks {
        let error = plan.expect_err("a kernel before Linux 6.7").to_string();
        return assert!(error.contains("Linux 6.7 does"), "{error}");
    }
    let plan = plan.expect("a possible model");
    assert_eq!(plan.config().pmu_counters, Some(of_host - 1));
    let two = NonZeroU16::new(2).expect("not 0");
    let mut scratch = ScratchVm::with_vcpus(&open(), plan.config(), two).expect("a VM");
    scratch.try_plan(&plan).expect("the plan");
    scratch.run_immediately().expect("a first run");
    for vcpu in 0..2 {
        let registers = scratch.regs_of(vcpu).expect("a vCPU");
        plan.verify(&registers).expect("what the plan expects");
        assert_eq!(pmu_counters(read(registers, PMCR_EL0)), of_host - 1);
    }
}

/// The view of a guest with fewer counters fits its host, and one with more does not.
#[test]
fn view_has_the_number() {
    let Some(of_host) = of_host("a view with event counters") else {
        return;
    };
    let lowers = host().info().capabilities.writable_masks;
    let wanted = if lowers { of_host - 1 } else { of_host };
    let model: CpuModel = format!("host,pmu-counters={wanted}")
        .parse()
        .expect("a model");
    let plan = Plan::new(host(), &model).expect("a possible model");
    let vm = TestVm::new(plan.config(), 1);
    plan.apply(&vm.regs(0)).expect("the plan");
    let view = read_view(ViewInfo::of(&plan, host()), &vm.vcpus).expect("a view");
    assert_eq!(view.info().pmu_counters, Some(wanted));
    let again = Plan::for_view(host(), &view).expect("a guest that fits");
    assert_eq!(again.config().pmu_counters, plan.config().pmu_counters);
}
