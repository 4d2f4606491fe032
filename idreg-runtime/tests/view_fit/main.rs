//! Views on hosts: the plan for a guest that comes from elsewhere, and every reason why there is
//! none.

mod cpus;
mod fields;
mod gic;
#[path = "../hosts/mod.rs"]
mod hosts;
mod machine;
mod options;
mod tolerance;

use hosts::{MAX_6_1, MAX_6_12, MAX_7_2, host, random_model, with_members};
use idreg_runtime::fake::FakeVm;
use idreg_runtime::host::Host;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::register::FieldValue;
use idreg_runtime::regs::id_aa64isar0_el1::{Aes, Dp};
use idreg_runtime::regs::{DESCRIPTION, IdAa64isar0El1};
use idreg_runtime::view::{Incompatible, VcpuReading, View, ViewInfo};
use serde_json::json;
use std::error::Error;

/// GICD_IIDR and GICD_TYPER2 of KVM's GIC on Linux 7.2, on a GICv4.1.
const IIDR: u32 = 0x4b00_343b;
const TYPER2: u32 = 0x100;

/// The file of a host that tells everything that a view is compared with.
fn complete() -> String {
    file_with_gic(IIDR, TYPER2)
}

fn file_with_gic(iidr: u32, typer2: u32) -> String {
    let members = json!({
        "physical_address_bits": 40,
        "gic": {"iidr": format!("{iidr:#x}"), "typer2": format!("{typer2:#x}")},
        "firmware": {
            "KVM_REG_ARM_PSCI_VERSION": "0x10001",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1": "0x1",
            "KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2": "0x0",
            "KVM_REG_ARM_STD_BMAP": "0x1",
            "KVM_REG_ARM_VENDOR_HYP_BMAP_2": "0x0",
        },
    });
    with_members(MAX_7_2, members)
}

/// The host of Linux 7.2 as a file that an older `dump` wrote.
fn incomplete() -> Host {
    let members = json!({"physical_address_bits": null, "gic": null, "firmware": null});
    host(&with_members(MAX_7_2, members))
}

/// The view of a guest with two vCPUs that has run.
fn view_of(host: &Host, model: &str) -> Result<View, Box<dyn Error>> {
    let plan = Plan::new(host, &model.parse()?)?;
    view_with(host, &plan)
}

fn view_with(host: &Host, plan: &Plan) -> Result<View, Box<dyn Error>> {
    let vm = FakeVm::new(&host.reconfigured(plan.config())?);
    let vcpus = [vm.vcpu(0), vm.vcpu(1)];
    for vcpu in &vcpus {
        plan.apply(vcpu)?;
    }
    vm.run();
    let mut info = ViewInfo::of(plan, host);
    info.physical_address_bits = host.info().physical_address_bits;
    info.gic = host.info().gic;
    Ok(View::read(info, &vcpus)?)
}

/// The view of a guest on the complete host, changed.
fn changed(change: impl Fn(&mut ViewInfo, &mut Vec<VcpuReading>)) -> View {
    let view = view_of(&host(&complete()), "host").expect("a view");
    let mut info = view.info().clone();
    let mut vcpus: Vec<VcpuReading> = (0..2).filter_map(|number| view.vcpu(number)).collect();
    change(&mut info, &mut vcpus);
    View::new(info, vcpus).expect("a view that a VM can have")
}

fn all_vcpus(vcpus: &mut [VcpuReading], change: impl Fn(&mut VcpuReading)) {
    vcpus.iter_mut().for_each(change);
}

fn refused(host: &Host, view: &View) -> Incompatible {
    Plan::for_view(host, view).expect_err("a guest that cannot run there")
}

/// The names and messages of the reasons why a guest cannot run on the complete host.
fn reasons(view: &View) -> Vec<(&'static str, String)> {
    let error = refused(&host(&complete()), view);
    let reasons = error.reasons.iter();
    reasons
        .map(|reason| (reason.name(), reason.to_string()))
        .collect()
}

fn check(view: &View, expected: &[(&str, &str)]) {
    let reasons = reasons(view);
    let reasons: Vec<(&str, &str)> = reasons
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    assert_eq!(reasons, expected);
}

fn warnings(plan: &Plan) -> Vec<String> {
    plan.warnings().iter().map(Warning::to_string).collect()
}

#[test]
fn plan_expects_the_values_of_the_view() {
    let host = host(&complete());
    let view = view_of(&host, "host,FEAT_DotProd=off,sve256=on,pmu=off").unwrap();
    let plan = Plan::for_view(&host, &view).unwrap();
    assert_eq!(
        plan.expected().get_as(),
        view.common().get_as::<IdAa64isar0El1>()
    );
    assert_eq!(plan.config(), view.info().vcpu);
    assert_eq!(plan.model(), &view.info().model);
    assert_eq!(warnings(&plan), [] as [&str; 0]);
    let field = DESCRIPTION.property(Dp::PROPERTY).unwrap();
    let change = plan
        .changes()
        .iter()
        .find(|change| change.field == field)
        .unwrap();
    assert_eq!((change.old, change.new), (1, 0));
    let vm = FakeVm::new(&host.reconfigured(plan.config()).unwrap());
    plan.apply(&vm.vcpu(3)).unwrap();
    vm.run();
    plan.verify(&vm.vcpu(3)).unwrap();
}

/// A guest fits the host that it comes from, with the writes of its plan.
#[test]
fn view_of_any_plan_fits_the_same_host() {
    let mut random = fastrand::Rng::with_seed(13);
    let mut changed = 0;
    for file in [&complete(), MAX_7_2, MAX_6_12, MAX_6_1] {
        let host = host(file);
        for _ in 0..50 {
            let model = random_model(&host, &mut random);
            // Values can contradict each other, such as cache levels that imply CTR_EL0.IDC.
            let Ok(plan) = Plan::new(&host, &model) else {
                continue;
            };
            let view = view_with(&host, &plan).unwrap();
            let file = serde_json::to_string(&view).unwrap();
            assert_eq!(
                serde_json::from_str::<View>(&file).unwrap(),
                view,
                "{model}"
            );
            let again = match Plan::for_view(&host, &view) {
                Ok(again) => again,
                Err(error) => panic!("{model}\n{error}"),
            };
            assert_eq!(again.config(), plan.config(), "{model}");
            assert_eq!(again.in_guest(), plan.in_guest(), "{model}");
            let writes = |plan: &Plan| -> Vec<(&str, u64)> {
                let writes = plan.writes().iter();
                writes
                    .map(|write| (write.register.name, write.new))
                    .collect()
            };
            assert_eq!(writes(&again), writes(&plan), "{model}");
            changed += plan.changes().len();
        }
    }
    assert!(changed > 1000, "{changed}");
}

#[test]
fn every_reason_is_given_in_order() {
    let view = changed(|info, vcpus| {
        info.timer_frequency += 1;
        info.physical_address_bits = Some(48);
        info.vcpu.mte = true;
        all_vcpus(vcpus, |vcpu| {
            vcpu.values.set_field(Aes::new(3).expect("four bits"));
        });
    });
    let error = refused(&host(&complete()), &view);
    assert_eq!(
        error.to_string(),
        "the guest cannot run on this host, for 4 reasons:\n  \
         mte=on: the guest's vCPUs have it, and this host's KVM does not support it (no \
         KVM_CAP_ARM_MTE)\n  \
         SYSREG_ID_AA64ISAR0_EL1_AES: the guest has 0x3 and this host 0x2 (PMULL), which allows \
         0x0-0x2\n  \
         the guest's timer counts at 1000000001 Hz and this host's at 1000000000 Hz, which no VMM \
         can change\n  \
         the guest's physical addresses have 48 bits, and a VM of this host at most 40"
    );
    assert_eq!(error.reasons[1].field(), Some(Aes::FIELD));
    assert_eq!(error.reasons[0].field(), None);
}
