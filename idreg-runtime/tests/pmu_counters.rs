//! The number of event counters of a guest's PMU: models, plans, views, fleets and files.

mod hosts;

use hosts::{A64FX_7_2, MAX_6_1, MAX_7_2, host, with_members};
use idreg_runtime::config::pmu_counters::{PMCR_EL0, pmu_counters, with_pmu_counters};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::fleet::{Fleet, MachineFact, Policy, compare, compare_models};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::apply::ApplyError;
use idreg_runtime::plan::check::rejected_everywhere;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::vcpu::{Errno, VcpuRegs};
use idreg_runtime::view::{View, ViewInfo};
use serde_json::json;

const A710_7_2: &str = include_str!("../../tests/data/hosts/cortex-a710-latest.json");
const N2_7_2: &str = include_str!("../../tests/data/hosts/neoverse-n2-latest.json");

fn model(text: &str) -> CpuModel {
    text.parse().expect("`host` and overrides")
}

fn plan(host: &Host, text: &str) -> Plan {
    Plan::new(host, &model(text)).expect("a possible model")
}

/// The only line of a refused model below the heading.
#[track_caller]
fn refused(host: &Host, text: &str, expected: &str) {
    let error = Plan::new(host, &model(text)).expect_err("a model that is not possible");
    let error = error.to_string();
    let lines: Vec<&str> = error.lines().skip(1).map(str::trim).collect();
    assert_eq!(lines, [expected]);
}

fn view(host: &Host, text: &str) -> View {
    let plan = plan(host, text);
    let vm = FakeVm::new(&host.reconfigured(plan.config()).expect("options"));
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    for vcpu in &vcpus {
        plan.apply(vcpu).expect("the plan");
    }
    vm.run();
    View::read(ViewInfo::of(&plan, host), &vcpus).expect("a view")
}

fn with_el2(file: &str) -> Host {
    let mut json: serde_json::Value = serde_json::from_str(file).expect("JSON");
    for member in ["/capabilities/el2", "/vcpu/el2"] {
        *json.pointer_mut(member).expect("a member") = true.into();
    }
    host(&json.to_string())
}

fn unknown(file: &str) -> Host {
    host(&with_members(file, json!({"pmu_counters": null})))
}

#[test]
fn model_lowers_the_number() {
    let a710 = host(A710_7_2);
    let plan = plan(&a710, "host,pmu-counters=6");
    assert_eq!(plan.config().pmu_counters, Some(6));
    assert!(
        plan.config()
            .to_string()
            .contains("PMU with 6 event counters")
    );
    assert_eq!(plan.model().to_string(), "host,pmu-counters=6");
    assert_eq!(plan.shortest_model(&a710), model("host,pmu-counters=6"));
}

#[test]
fn number_of_the_host_needs_no_write() {
    let a710 = host(A710_7_2);
    let plan = plan(&a710, "host,pmu-counters=20");
    assert_eq!(plan.config(), a710.info().vcpu);
    assert_eq!(plan.shortest_model(&a710), CpuModel::host());
}

#[test]
fn impossible_numbers_are_refused_in_words() {
    let (n2, old) = (host(N2_7_2), host(MAX_6_1));
    refused(
        &n2,
        "host,pmu-counters=7",
        "pmu-counters=7: above the host's PMU, which has 6; allowed: 0-6",
    );
    refused(
        &old,
        "host,pmu-counters=5",
        &format!(
            "pmu-counters=5: kernel {} does not keep another number of PMU event counters (Linux \
             6.7 does); keep the host's 6, or use pmu=off",
            old.info().kernel_release
        ),
    );
    refused(
        &with_el2(MAX_7_2),
        "host,pmu-counters=5",
        "pmu-counters=5: KVM does not lower the number of PMU event counters of a guest with EL2; \
         keep the host's 6, or use pmu=off",
    );
    refused(
        &unknown(N2_7_2),
        "host,pmu-counters=5",
        "pmu-counters=5: the number of PMU event counters of this host is unknown; read the host \
         again",
    );
    refused(
        &n2,
        "host,pmu-counters=32",
        "pmu-counters=32: too wide: PMCR_EL0.N has 5 bits; maximum: 31",
    );
    refused(
        &n2,
        "host,pmu-counters=on",
        "pmu-counters=on: `on` is not a number from 0 to 31",
    );
    refused(
        &n2,
        "host,pmu-counters=4,pmu-counters=5",
        "pmu-counters=5: given twice, first as pmu-counters=4; give it once",
    );
}

#[test]
fn number_without_a_pmu_is_refused() {
    let n2 = host(N2_7_2);
    refused(
        &n2,
        "host,pmu-counters=4,pmu=off",
        "pmu-counters=4: contradicts pmu=off; leave one of them out",
    );
    let off = n2
        .reconfigured(n2.info().vcpu.with_pmu(false))
        .expect("options");
    assert_eq!(off.info().pmu_counters, None);
    refused(
        &off,
        "host,pmu-counters=4",
        "pmu-counters=4: the host was read with pmu=off, so its registers with pmu=on are unknown; \
         read the host with pmu=on",
    );
}

#[test]
fn number_is_checked_without_a_host() {
    assert!(rejected_everywhere(&model("host,pmu-counters=31")).is_empty());
    for text in ["32", "-1", "off"] {
        let rejected = rejected_everywhere(&model(&format!("host,pmu-counters={text}")));
        assert_eq!(rejected.len(), 1, "{text}");
    }
    let rejected = rejected_everywhere(&model("host,pmu=off,pmu-counters=4"));
    assert_eq!(rejected.len(), 1);
}

#[test]
fn all_vcpus_of_a_vm_have_the_number() {
    let a710 = host(A710_7_2);
    let plan = plan(&a710, "host,pmu-counters=6");
    let vm = FakeVm::new(&a710);
    let (first, second) = (vm.vcpu(0), vm.vcpu(1));
    plan.apply(&first).expect("the plan");
    let writes = vm.writes();
    plan.apply(&second).expect("the plan");
    assert_eq!((writes, vm.writes()), (1, 1));
    vm.run();
    for vcpu in [&first, &second] {
        plan.verify(vcpu).expect("what the plan expects");
        assert_eq!(vcpu.get(PMCR_EL0).map(pmu_counters), Ok(6));
    }
}

#[test]
fn vm_that_has_run_keeps_its_number() {
    let a710 = host(A710_7_2);
    let plan = plan(&a710, "host,pmu-counters=6");
    let vcpu = FakeVm::new(&a710).vcpu(0);
    vcpu.run();
    let error = plan.apply(&vcpu).expect_err("a VM that has run");
    assert_eq!(
        error.to_string(),
        "the PMU has 20 event counters, expected 6: KVM changes the number before the first run \
         of the VM, up to the host's"
    );
    assert_eq!(plan.verify(&vcpu), Err(error));
}

/// A plan that fails at any call leaves the number as it was, or says that it does not.
#[test]
fn failed_plan_restores_the_number() {
    let a710 = host(A710_7_2);
    let plan = plan(&a710, "host,pmu-counters=6,SYSREG_ID_AA64ISAR0_EL1_DP=0");
    let vm = FakeVm::new(&a710);
    plan.apply(&vm.vcpu(0)).expect("the plan");
    for call in 0..vm.calls() {
        let vcpu = FakeVm::new(&a710).vcpu(0);
        vcpu.fail_at(call, Errno::EFAULT);
        plan.apply(&vcpu).expect_err("a fault");
        assert_eq!(vcpu.get(PMCR_EL0).map(pmu_counters), Ok(20), "{call}");
        let vcpu = FakeVm::new(&a710).vcpu(0);
        vcpu.fail_from(call, Errno::EFAULT);
        let error = plan.apply(&vcpu).expect_err("a fault");
        vcpu.no_fault();
        let is_restored = vcpu.get(PMCR_EL0).map(pmu_counters) == Ok(20);
        let is_named = matches!(
            &error,
            ApplyError::NotRestored { registers, .. } if registers.contains(&"PMCR_EL0")
        );
        assert!(is_restored || is_named, "{call}: {error}");
    }
}

#[test]
fn view_of_more_counters_is_lowered_on_neither_side() {
    let (a710, n2) = (host(A710_7_2), host(N2_7_2));
    let view = view(&a710, "host");
    assert_eq!(view.info().pmu_counters, Some(20));
    let error = Plan::for_view(&n2, &view).expect_err("more counters");
    let reason = error
        .reasons
        .iter()
        .find(|reason| reason.name() == "too-many-pmu-counters")
        .expect("a reason");
    assert_eq!(
        reason.to_string(),
        "the guest's PMU has 20 event counters and this host's 6, which KVM does not raise; a \
         guest with pmu-counters=6 or pmu=off can run on both"
    );
}

#[test]
fn view_of_fewer_counters_is_planned() {
    let a710 = host(A710_7_2);
    let view = view(&a710, "host,pmu-counters=6");
    assert_eq!(view.info().pmu_counters, Some(6));
    let file = serde_json::to_string(&view).expect("JSON");
    assert_eq!(serde_json::from_str::<View>(&file).expect("a view"), view);
    let plan = Plan::for_view(&a710, &view).expect("a guest that fits");
    assert_eq!(plan.config().pmu_counters, Some(6));
    let file = serde_json::to_string(&plan).expect("JSON");
    let read: Plan = serde_json::from_str(&file).expect("a plan");
    assert_eq!(read.config(), plan.config());
    let vcpu = FakeVm::new(&a710).vcpu(0);
    read.apply(&vcpu).expect("the plan");
    assert_eq!(vcpu.get(PMCR_EL0).map(pmu_counters), Ok(6));
}

#[test]
fn kernel_that_keeps_no_other_number_refuses_the_view() {
    let old = host(MAX_6_1);
    let more = host(&with_members(MAX_6_1, json!({"pmu_counters": 20})));
    let error = Plan::for_view(&more, &view(&old, "host")).expect_err("fewer counters");
    assert_eq!(error.reasons.len(), 1);
    assert_eq!(error.reasons[0].name(), "fixed-pmu-counters");
    assert!(error.to_string().contains("Linux 6.7 does"), "{error}");
}

#[test]
fn unknown_number_is_not_compared() {
    let n2 = host(N2_7_2);
    let other = unknown(N2_7_2);
    let not_compared = |host: &Host, view: &View| {
        let plan = Plan::for_view(host, view).expect("a guest that fits");
        let mut warnings = plan.warnings().iter().map(Warning::to_string);
        warnings.any(|warning| warning.contains("the number of PMU event counters"))
    };
    assert!(not_compared(&other, &view(&n2, "host")));
    assert!(!not_compared(&n2, &view(&n2, "host")));
    let without = view(&n2, "host,pmu=off");
    assert_eq!(without.info().pmu_counters, None);
    assert!(!not_compared(&n2, &without));
}

#[test]
fn baseline_has_the_least_number() {
    let mut fleet = Fleet::new();
    for (name, file) in [("a710", A710_7_2), ("n2", N2_7_2)] {
        fleet.add(name, &host(file)).expect("our registers");
    }
    let baseline = fleet.baseline(&Policy::default()).expect("a model");
    assert_eq!(baseline.options().pmu_counters, Some(6));
    let models = baseline.fits().iter().map(|fit| fit.model().to_string());
    let models: Vec<String> = models.collect();
    assert!(models[0].contains("pmu-counters=6"), "{models:?}");
    assert!(!models[1].contains("pmu-counters"), "{models:?}");
    for (file, model) in [(A710_7_2, &models[0]), (N2_7_2, &models[1])] {
        assert_eq!(view(&host(file), model).info().pmu_counters, Some(6));
    }
}

/// Where KVM keeps no other number, guests of all hosts go without a PMU.
#[test]
fn baseline_of_older_kernels_has_no_pmu() {
    let mut fleet = Fleet::new();
    let more = with_members(MAX_6_1, json!({"pmu_counters": 20}));
    for (name, file) in [("six", MAX_6_1), ("twenty", &more)] {
        fleet.add(name, &host(file)).expect("our registers");
    }
    let baseline = fleet.baseline(&Policy::default()).expect("a model");
    assert!(!baseline.options().pmu);
    assert_eq!(baseline.options().pmu_counters, None);
    for fit in baseline.fits() {
        assert!(fit.model().to_string().contains("pmu=off"));
    }
    let facts: Vec<_> = baseline.machine().iter().collect();
    assert_eq!(facts[0].fact, MachineFact::PmuCounters);
    assert_eq!(facts[0].advice(), "equal with the model's option `pmu=off`");
}

#[test]
fn comparison_tells_the_numbers() {
    let (a710, n2) = (host(A710_7_2), host(N2_7_2));
    let comparison = compare(&a710, &n2, &Policy::default()).expect("our registers");
    let mut facts = comparison.machine().iter();
    let counters = facts
        .find(|difference| difference.fact == MachineFact::PmuCounters)
        .expect("a difference");
    assert_eq!(counters.fact.name(), "pmu-counters");
    let values = [("20".to_owned(), vec![0]), ("6".to_owned(), vec![1])];
    assert_eq!(counters.values, values);
    let advice = "equal with the model's option `pmu-counters=6`";
    assert_eq!(counters.advice(), advice);
}

#[test]
fn models_of_one_host_differ_in_the_number() {
    let a710 = host(A710_7_2);
    let comparison = compare_models(&plan(&a710, "host"), &plan(&a710, "host,pmu-counters=6"));
    assert_eq!(comparison.relation.name(), "superset");
    let responsible = comparison.responsible.iter().map(ToString::to_string);
    assert_eq!(responsible.collect::<Vec<_>>(), ["pmu-counters"]);
}

/// A model of a view names the number, and gives it to guests of another host.
#[cfg(feature = "models")]
#[test]
fn named_model_has_the_number() {
    use idreg_runtime::model::named::{Models, NamedModel};

    let a710 = host(A710_7_2);
    let view = view(&a710, "host,pmu-counters=6");
    let named = NamedModel::of_view("six", &view).expect("a name");
    let text = named.to_string();
    assert!(text.contains("\npmu_counters = 6\n"), "{text}");
    assert_eq!(NamedModel::parse_file("six.toml", &text), Ok(named.clone()));
    let mut models = Models::new();
    models.add(named).expect("the only one");
    let six = models.parse("six-v1").expect("a model");
    let plan = Plan::new(&a710, &six).expect("a possible model");
    assert_eq!(plan.config().pmu_counters, Some(6));
    let other = models.parse("six-v1,pmu-counters=4").expect("a model");
    let plan = Plan::new(&a710, &other).expect("a possible model");
    assert_eq!(plan.config().pmu_counters, Some(4));
    let off = models.parse("six-v1,pmu=off").expect("a model");
    let plan = Plan::new(&a710, &off).expect("a possible model");
    assert_eq!(plan.config().pmu_counters, None);
    let fewer = host(&with_members(A710_7_2, json!({"pmu_counters": 4})));
    refused_base(&fewer, &six);
}

#[cfg(feature = "models")]
#[track_caller]
fn refused_base(host: &Host, model: &CpuModel) {
    let error = Plan::new(host, model).expect_err("too few counters");
    let line = "six-v1 has pmu-counters=6: above the host's PMU, which has 4; allowed: 0-4";
    assert!(error.to_string().contains(line), "{error}");
}

/// A fake VM answers as KVM does: a number above the host's is no error and changes nothing.
#[test]
fn greater_number_is_ignored() {
    let a64fx = host(A64FX_7_2);
    let vm = FakeVm::new(&a64fx);
    let (first, second) = (vm.vcpu(0), vm.vcpu(1));
    for (counters, expected) in [(9, 8), (3, 3), (8, 8), (31, 8)] {
        let pmcr = with_pmu_counters(1, counters);
        assert_eq!(first.set(PMCR_EL0, pmcr), Ok(()));
        assert_eq!(first.get(PMCR_EL0), Ok(with_pmu_counters(1, expected)));
        assert_eq!(second.get(PMCR_EL0), Ok(with_pmu_counters(0, expected)));
    }
}

/// Before Linux 6.7 every vCPU has a number of its own, and KVM stores any.
#[test]
fn older_kernel_stores_any_number_for_one_vcpu() {
    let vm = FakeVm::new(&host(MAX_6_1));
    let (first, second) = (vm.vcpu(0), vm.vcpu(1));
    assert_eq!(first.set(PMCR_EL0, with_pmu_counters(0, 31)), Ok(()));
    assert_eq!(first.get(PMCR_EL0).map(pmu_counters), Ok(31));
    assert_eq!(second.get(PMCR_EL0).map(pmu_counters), Ok(6));
}

#[test]
fn host_files_with_impossible_numbers_are_errors() {
    for (members, expected) in [
        (
            json!({"pmu_counters": 32}),
            "`pmu_counters` is 32, expected a number up to 31, with `vcpu.pmu`",
        ),
        (
            json!({"pmu_counters": 6, "vcpu": {"pmu": false}}),
            "`pmu_counters` is 6, expected a number up to 31, with `vcpu.pmu`",
        ),
        (
            json!({"pmu_counters": null, "vcpu": {"pmu": true, "pmu_counters": 99}}),
            "`vcpu.pmu_counters` is 99, expected a number up to 31, with `vcpu.pmu`",
        ),
    ] {
        let file = with_members(N2_7_2, members);
        let error = serde_json::from_str::<Host>(&file).expect_err("no host");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
