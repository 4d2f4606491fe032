//! The models with which guests of one emulated host fit another.

#![allow(
    clippy::unwrap_used,
    reason = "clippy counts helpers of an integration test as production code"
)]

mod hosts;

use hosts::host;
use idreg_runtime::fake::FakeVm;
use idreg_runtime::fleet::LoweredModel;
use idreg_runtime::host::Host;
use idreg_runtime::plan::Plan;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::{View, ViewInfo};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn recorded(name: &str) -> Host {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let file = fs::read_to_string(folder.join(format!("{name}.json")));
    host(&file.expect("a recorded host"))
}

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/hosts");
    let files = fs::read_dir(folder).expect("the recorded hosts");
    let names = files.map(|file| {
        let path = file.expect("a file").path();
        let name = path.file_stem().expect("a name");
        name.to_str().expect("UTF-8").to_owned()
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The view of a guest with two vCPUs that has run.
fn view_of(host: &Host, model: &str) -> Result<View, Box<dyn Error>> {
    let plan = Plan::new(host, &model.parse()?)?;
    let vm = FakeVm::new(&host.reconfigured(plan.config())?);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    for vcpu in &vcpus {
        plan.apply(vcpu)?;
    }
    vm.run();
    let mut info = ViewInfo::of(&plan, host);
    info.physical_address_bits = host.info().physical_address_bits;
    info.gic = host.info().gic;
    Ok(View::read(info, &vcpus)?)
}

fn el2() -> Tolerance {
    let mut tolerance = Tolerance::none();
    tolerance.allow_el2();
    tolerance
}

/// The view that a guest has on its first host with a lowered model.
fn lowered_view(first: &Host, lowered: &LoweredModel) -> Result<View, Box<dyn Error>> {
    let view = view_of(first, &lowered.model().to_string())?;
    let mut info = view.info().clone();
    for (register, value) in lowered.firmware().iter() {
        info.firmware.set(register, value);
    }
    let vcpus = (0..2).filter_map(|number| view.vcpu(number));
    Ok(View::new(info, vcpus.collect())?)
}

/// A line for each pair of which the second refuses the guests of the first, and both have a model.
/// Hosts with other kernels may refuse the model, since the view does not have their masks.
#[test]
fn guest_with_the_lowered_model_of_its_first_host_fits_the_other() {
    let hosts: Vec<(String, Host)> = names()
        .into_iter()
        .map(|name| (name.clone(), recorded(&name)))
        .collect();
    let mut table = String::new();
    for (from, first) in &hosts {
        let view = view_of(first, "host").unwrap();
        for (to, other) in &hosts {
            for tolerance in [Tolerance::none(), el2()] {
                if Plan::for_view_with(other, &view, &tolerance).is_ok() {
                    break;
                }
                let Some(lowered) = LoweredModel::new(other, &view, &tolerance) else {
                    continue;
                };
                let mut line = format!("{from} to {to}: {}", lowered.model());
                for setting in lowered.firmware().settings() {
                    write!(line, " {setting}").unwrap();
                }
                if !tolerance.is_none() {
                    write!(line, ", {tolerance} tolerated").unwrap();
                }
                match lowered_view(first, &lowered) {
                    Ok(view) => {
                        Plan::for_view_with(other, &view, &tolerance).expect(&line);
                    }
                    Err(error) => {
                        let kernels = [first, other].map(|host| &host.info().kernel_release);
                        assert_ne!(kernels[0], kernels[1], "{line}: {error}");
                        line.push_str(", which the first host's kernel refuses");
                    }
                }
                writeln!(table, "{line}").unwrap();
                break;
            }
        }
    }
    expect_test::expect_file!["data/lowered-models.txt"].assert_eq(&table);
}

#[test]
fn options_and_overrides_are_added_to_the_model_of_the_guest() {
    let (first, other) = (
        recorded("neoverse-v1-latest"),
        recorded("neoverse-n2-latest"),
    );
    let view = view_of(
        &first,
        "host,sve256=on,FEAT_DotProd=off,SYSREG_ID_AA64ISAR0_EL1_TS=0x0",
    )
    .unwrap();
    let lowered = LoweredModel::new(&other, &view, &el2()).expect("a model");
    let model = lowered.model().to_string();
    let expected = "host,FEAT_DotProd=off,SYSREG_ID_AA64ISAR0_EL1_TS=0x0,pauth=off,sve128=on,\
                    SYSREG_ID_AA64MMFR0_EL1_TGRAN4_2=0x1,SYSREG_ID_AA64MMFR0_EL1_TGRAN64_2=0x1,\
                    SYSREG_ID_AA64MMFR0_EL1_TGRAN16_2=0x1";
    assert_eq!(model, expected);
    let view = lowered_view(&first, &lowered).unwrap();
    assert!(Plan::for_view_with(&other, &view, &el2()).is_ok());
}

#[test]
fn event_counters_are_lowered_where_kvm_lowers_them() {
    let (first, other) = (
        recorded("cortex-a710-latest"),
        recorded("neoverse-n2-latest"),
    );
    let view = view_of(&first, "host,pmu-counters=15").unwrap();
    let lowered = LoweredModel::new(&other, &view, &Tolerance::none()).expect("a model");
    let expected = "host,pmu-counters=6,SYSREG_ID_MMFR4_EL1_EVT=0x0";
    assert_eq!(lowered.model().to_string(), expected);
}

#[test]
fn no_model_is_lowered_past_what_no_vmm_can_change() {
    let (first, other) = (
        recorded("neoverse-n1-latest"),
        recorded("cortex-a57-latest"),
    );
    let view = view_of(&first, "host").unwrap();
    assert_eq!(LoweredModel::new(&other, &view, &el2()), None);
    let mut info = view.info().clone();
    info.timer_frequency += 1;
    let vcpus = (0..2).filter_map(|number| view.vcpu(number));
    let view = View::new(info, vcpus.collect()).unwrap();
    assert_eq!(LoweredModel::new(&first, &view, &el2()), None);
}
