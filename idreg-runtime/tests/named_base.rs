//! Models with a named base: how overrides change it, and every reason why a host cannot give it.

#![cfg(feature = "models")]

mod hosts;

use expect_test::expect;
use hosts::{MAX_6_1, MAX_7_2, edited, host};
use idreg_runtime::config::VcpuConfig;
use idreg_runtime::config::options::CpuOption;
use idreg_runtime::fake::FakeVm;
use idreg_runtime::model::named::{FieldSetting, Models, NamedModel};
use idreg_runtime::model::{Base, CpuModel};
use idreg_runtime::plan::check::rejected_everywhere;
use idreg_runtime::plan::{Plan, PlanError, Warning};
use idreg_runtime::regs::DESCRIPTION;
use idreg_runtime::view::{View, ViewInfo};

const N1: &str = include_str!("../../tests/data/hosts/neoverse-n1-latest.json");
const N1_6_12: &str = include_str!("../../tests/data/hosts/neoverse-n1-lts.json");
const V1: &str = include_str!("../../tests/data/hosts/neoverse-v1-latest.json");
const A72: &str = include_str!("../../tests/data/hosts/cortex-a72-latest.json");

fn plan(file: &str, model: &str) -> Result<Plan, PlanError> {
    Plan::new(&host(file), &model.parse().expect("a model of this crate"))
}

#[track_caller]
fn possible(file: &str, model: &str) -> Plan {
    plan(file, model).expect(model)
}

fn value(plan: &Plan, property: &str) -> u64 {
    let field = DESCRIPTION.property(property).expect(property);
    plan.expected().field(field).expect(property)
}

#[track_caller]
fn reasons(file: &str, model: &str) -> Vec<String> {
    let error = plan(file, model).expect_err(model).to_string();
    error
        .lines()
        .skip(1)
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn alias_is_the_newest_version_and_shown_with_it() {
    let model: CpuModel = "neoverse-n1,FEAT_LSE=off".parse().expect("a model");
    assert_eq!(model.to_string(), "neoverse-n1-v1,FEAT_LSE=off");
    assert_eq!(model, model.to_string().parse().expect("its text"));
    let json = serde_json::to_string(&model).expect("JSON");
    assert_eq!(
        serde_json::from_str::<CpuModel>(&json).expect("its JSON"),
        model
    );
    // A name that ends like a version is a name.
    let model: CpuModel = "neoverse-v1".parse().expect("a model");
    assert_eq!(model.to_string(), "neoverse-v1-v1");
    assert!("neoverse-n1-v2".parse::<CpuModel>().is_err());
    assert!("neoverse-n1-v01".parse::<CpuModel>().is_err());
}

#[test]
fn overrides_are_relative_to_the_base() {
    let base = possible(V1, "neoverse-v1-v1");
    let field = "SYSREG_ID_AA64ISAR1_EL1_LRCPC";
    assert_eq!(value(&base, field), 2);
    let lowered = possible(V1, "neoverse-v1-v1,FEAT_LRCPC2=off");
    assert_eq!(value(&lowered, field), 1);
    // The host has what the model lacks.
    let raised = possible(MAX_7_2, "armv8.4-v1,FEAT_RNG=on");
    assert_eq!(value(&raised, "SYSREG_ID_AA64ISAR0_EL1_RNDR"), 1);
    assert_eq!(
        value(
            &possible(MAX_7_2, "armv8.4-v1"),
            "SYSREG_ID_AA64ISAR0_EL1_RNDR"
        ),
        0
    );
    let set = possible(MAX_7_2, "armv8.4-v1,SYSREG_ID_AA64ISAR1_EL1_LRCPC=1");
    assert_eq!(value(&set, field), 1);
}

#[test]
fn override_changes_nothing_else() {
    let base = possible(V1, "neoverse-v1-v1");
    let lowered = possible(V1, "neoverse-v1-v1,FEAT_JSCVT=off");
    let differing = DESCRIPTION
        .fields()
        .filter(|field| base.expected().field(*field) != lowered.expected().field(*field));
    let differing: Vec<String> = differing.map(|field| field.to_string()).collect();
    assert_eq!(
        differing,
        ["SYSREG_ID_ISAR6_EL1_JSCVT", "SYSREG_ID_AA64ISAR1_EL1_JSCVT"]
    );
}

#[test]
fn every_value_that_a_host_cannot_give_is_a_reason() {
    let reasons = reasons(A72, "neoverse-n1-v1,FEAT_Nothing=on");
    let has = |start: &str| reasons.iter().any(|reason| reason.starts_with(start));
    assert!(has(
        "neoverse-n1-v1 has SYSREG_ID_AA64ISAR0_EL1_ATOMIC=0x2 (IMP): above the host's value \
         0x0 (NI); no other value is allowed"
    ));
    assert!(has(
        "neoverse-n1-v1 has SYSREG_ID_AA64PFR0_EL1_FP=0x1 (FP16): kernel 7.2"
    ));
    assert!(has("FEAT_Nothing=on: no such property"));
    assert!(reasons.len() > 20, "{reasons:#?}");
    let error = plan(A72, "neoverse-n1-v1,FEAT_Nothing=on").expect_err("a refusal");
    let heading = error.to_string();
    let heading = heading.lines().next().expect("a line");
    let count = reasons.len() - 1;
    assert_eq!(
        heading,
        format!(
            "{count} values of neoverse-n1-v1 and 1 override are not possible on this host; \
             nothing was written:"
        )
    );
    // The model alone is not impossible everywhere.
    let model = "neoverse-n1-v1".parse().expect("a model");
    assert_eq!(rejected_everywhere(&model), []);
}

#[test]
fn override_removes_the_reason_of_its_field() {
    let without = |property: &str| {
        let field = DESCRIPTION.property(property).expect(property);
        edited(N1, field.register.name, "value", |old| {
            field.field.insert(old, 0)
        })
    };
    let file = without("SYSREG_ID_AA64ISAR1_EL1_LRCPC");
    assert_eq!(
        reasons(&file, "neoverse-n1-v1"),
        [
            "neoverse-n1-v1 has SYSREG_ID_AA64ISAR1_EL1_LRCPC=0x1 (IMP): above the host's value \
          0x0 (NI); no other value is allowed"
        ]
    );
    possible(&file, "neoverse-n1-v1,FEAT_LRCPC=off");
    possible(&file, "neoverse-n1-v1,SYSREG_ID_AA64ISAR1_EL1_LRCPC=0");
    let on = reasons(&file, "neoverse-n1-v1,FEAT_LRCPC=on");
    assert_eq!(on.len(), 1, "{on:#?}");
}

#[test]
fn kernel_without_writable_registers_is_named() {
    let error = plan(MAX_6_1, "armv8.4-v1").expect_err("a refusal");
    assert!(matches!(
        error,
        PlanError::Rejected(_) | PlanError::NoWritableRegisters { .. }
    ));
}

#[test]
fn options_of_the_base_configure_the_vcpus() {
    let model: CpuModel = "neoverse-v1-v1".parse().expect("a model");
    let on = host(MAX_7_2);
    let config = model.config(on.info().vcpu, &on.info().capabilities);
    let gic = on.info().vcpu.gic;
    let expected = VcpuConfig::new()
        .with_sve(true)
        .with_sve_limit(Some(256))
        .with_pmu(true);
    assert_eq!(config, expected.with_gic(gic));
    let plan = possible(V1, "neoverse-v1-v1");
    assert!(plan.config().sve && plan.config().pmu && !plan.config().pauth);
    let shorter = possible(V1, "neoverse-v1-v1,sve128=on");
    assert_eq!(shorter.config().sve_limit, Some(128));
    let without = possible(V1, "neoverse-v1-v1,sve=off");
    assert!(!without.config().sve);
    assert_eq!(value(&without, "SYSREG_ID_AA64ZFR0_EL1_I8MM"), 0);
    let with = possible(V1, "neoverse-v1-v1,pauth=on");
    assert_eq!(value(&with, "SYSREG_ID_AA64ISAR1_EL1_API"), 3);
    // Where an option is impossible, it is the reason, and not all of its fields.
    let reasons = reasons(N1, "armv9.0-v1");
    let of_sve = |reason: &&String| reason.contains("sve") || reason.contains("ZFR0");
    assert_eq!(
        reasons.iter().filter(of_sve).collect::<Vec<_>>(),
        [
            "armv9.0-v1 has sve=on: not supported by this host's KVM (no KVM_CAP_ARM_SVE); leave \
             it out",
            "armv9.0-v1 has sve128=on: not supported by this host's KVM (no KVM_CAP_ARM_SVE); \
             leave it out",
        ]
    );
}

#[test]
fn fields_that_stay_the_hosts_are_a_warning() {
    let plan = possible(V1, "neoverse-v1-v1");
    let names: Vec<&str> = plan.warnings().iter().map(Warning::name).collect();
    assert_eq!(names, ["of-host"]);
    let text = plan
        .warnings()
        .iter()
        .map(Warning::to_string)
        .collect::<String>();
    assert!(
        text.starts_with("neoverse-v1-v1 leaves these to the host: MIDR_EL1=0x00000000411fd402, "),
        "{text}"
    );
    assert!(text.contains("ID_AA64MMFR2_EL1.EVT=0x2"), "{text}");
    let plan = possible(V1, "neoverse-v1-v1,midr=0x411fd401");
    let text = plan
        .warnings()
        .iter()
        .map(Warning::to_string)
        .collect::<String>();
    assert!(
        !text.contains("MIDR_EL1=0x00000000") && text.contains("EVT"),
        "{text}"
    );
    assert_eq!(
        plan.expected()
            .get_as()
            .map(idreg_runtime::regs::MidrEl1::bits),
        Some(0x411f_d401)
    );
}

#[test]
fn plan_of_a_base_applies_and_fits_both_kernels() {
    let (lts, latest) = (host(N1_6_12), host(N1));
    let model = "neoverse-n1-v1,FEAT_LSE=off".parse().expect("a model");
    let plan = Plan::new(&lts, &model).expect("a plan");
    let vm = FakeVm::new(&lts);
    plan.apply(&vm.vcpu(0)).expect("KVM takes it");
    let view = View::read(ViewInfo::of(&plan, &lts), &[vm.vcpu(0)]).expect("a view");
    let there = Plan::for_view(&latest, &view).expect("it fits");
    let own = Plan::new(&latest, &model).expect("a plan");
    assert_eq!(there.expected(), own.expected());
}

#[test]
fn shortest_model_of_a_plan_has_the_base_host() {
    let n1 = host(N1);
    for model in ["armv8.2-v1", "cortex-a76-v1,pmu=off,FEAT_LSE=off"] {
        let plan = possible(N1, model);
        let shortest = plan.shortest_model(&n1);
        assert_eq!(*shortest.base(), Base::Host);
        let same = Plan::new(&n1, &shortest).expect(model);
        assert_eq!(same.expected(), plan.expected());
        assert_eq!(same.config(), plan.config());
    }
}

#[test]
fn records_keep_models_that_are_not_known() {
    let on = host(N1);
    let mut models = Models::built_in();
    let own = NamedModel::of_host("our-rack", &on).expect("a name");
    models.add(own).expect("a new name");
    let model = models.parse("our-rack,FEAT_LSE=off").expect("a model");
    let plan = Plan::new(&on, &model).expect("a plan");
    let vm = FakeVm::new(&on);
    plan.apply(&vm.vcpu(0)).expect("KVM takes it");
    let view = View::read(ViewInfo::of(&plan, &on), &[vm.vcpu(0)]).expect("a view");

    let file = serde_json::to_string(&view).expect("JSON");
    let read: View = serde_json::from_str(&file).expect("a view file");
    assert_eq!(read.info().model.to_string(), "our-rack-v1,FEAT_LSE=off");
    assert_eq!(
        read.info().model.base(),
        &Base::Unknown("our-rack-v1".to_owned())
    );
    assert_eq!(serde_json::to_string(&read).expect("JSON"), file);
    Plan::for_view(&on, &read).expect("the view fits without its model");
    let plan_file = serde_json::to_string(&plan).expect("JSON");
    let read_plan: Plan = serde_json::from_str(&plan_file).expect("a plan file");
    assert_eq!(read_plan.expected(), plan.expected());

    let recorded = read.info().model.clone();
    assert_eq!(
        Plan::new(&on, &recorded).expect_err("a model without values"),
        PlanError::UnknownBase {
            name: "our-rack-v1".to_owned()
        }
    );
    assert_eq!(recorded.clone().resolved(&models), Ok(model));
    assert!(recorded.resolved(&Models::built_in()).is_err());
    // A name that no model has with its version is still a mistake.
    assert!(CpuModel::recorded("hots").is_err());
    assert!(CpuModel::recorded("neoverse-n1-v9").is_ok());
}

#[test]
fn view_is_a_model_of_its_values() {
    let on = host(V1);
    let plan = Plan::new(
        &on,
        &"host,FEAT_RNG=off,sve128=on".parse().expect("a model"),
    );
    let plan = plan.expect("a plan");
    let vm = FakeVm::new(&on);
    plan.apply(&vm.vcpu(0)).expect("KVM takes it");
    let view = View::read(ViewInfo::of(&plan, &on), &[vm.vcpu(0)]).expect("a view");
    let mut models = Models::new();
    models
        .add(NamedModel::of_view("seen", &view).expect("a name"))
        .expect("a new name");
    let again = Plan::new(&on, &models.parse("seen").expect("a model")).expect("a plan");
    assert_eq!(again.expected(), plan.expected());
    assert_eq!(again.config(), plan.config());
}

#[test]
fn lineage_follows_from_the_safety_of_the_fields() {
    let models = Models::built_in();
    let lines = models.iter().map(|model| {
        let names: Vec<&str> = models.subsets_of(model).map(|it| it.full_name()).collect();
        format!("{}: {}\n", model.full_name(), names.join(" "))
    });
    expect![[r"
        armv8.0-v1:
        armv8.2-v1: armv8.0-v1
        armv8.4-v1:
        armv9.0-v1: armv8.4-v1
        cortex-a72-v1: armv8.0-v1
        cortex-a76-v1: armv8.0-v1 armv8.2-v1
        neoverse-n1-v1: armv8.0-v1 armv8.2-v1
        neoverse-n2-v1: armv8.4-v1 armv9.0-v1
        neoverse-v1-v1: armv8.4-v1
        neoverse-v2-v1: armv8.4-v1 armv9.0-v1
        neoverse-v3-v1: armv8.4-v1 armv9.0-v1 neoverse-v2-v1
    "]]
    .assert_eq(&lines.collect::<String>().replace(": \n", ":\n"));
}

/// A plan with a feature off differs from the base's in fields of the feature alone, and one with
/// the feature on has it.
#[test]
fn every_feature_is_switched_from_the_base() {
    let (mut off, mut on) = (0, 0);
    for (file, name) in [
        (V1, "neoverse-v1-v1"),
        (MAX_7_2, "armv9.0-v1"),
        (N1, "armv8.2-v1"),
    ] {
        let base = possible(file, name);
        for feature in DESCRIPTION.features.iter() {
            let plan = |switch| plan(file, &format!("{name},{}={switch}", feature.name()));
            if let Ok(plan) = plan("off") {
                off += 1;
                assert!(!plan.expected().has(feature), "{name} {}", feature.name());
                let mirrors = feature.mirrors().iter().map(|range| range.field);
                let known: Vec<_> = feature
                    .fields()
                    .map(|range| range.field)
                    .chain(mirrors)
                    .collect();
                for field in DESCRIPTION.fields().filter(|field| !known.contains(field)) {
                    let (before, after) =
                        (base.expected().field(field), plan.expected().field(field));
                    assert_eq!(before, after, "{name} {}: {field}", feature.name());
                }
            }
            if let Ok(plan) = plan("on") {
                on += 1;
                assert!(plan.expected().has(feature), "{name} {}", feature.name());
            }
        }
    }
    assert!(off > 300 && on > 100, "{off} off, {on} on");
}

#[test]
fn core_that_cannot_honour_a_value_is_a_warning() {
    let mut json: serde_json::Value = serde_json::from_str(N1).expect("JSON");
    let little = serde_json::json!({ "ID_AA64ISAR0_EL1": "0x0000100010010120" });
    json["cores"] = serde_json::json!([
        { "cpus": [0], "registers": {} },
        { "cpus": [1], "registers": little },
    ]);
    let file = json.to_string();
    let names = |model: &str| {
        let plan = possible(&file, model);
        let names = plan
            .warnings()
            .iter()
            .map(|warning| warning.name().to_owned());
        names.collect::<Vec<_>>()
    };
    assert!(names("neoverse-n1-v1").contains(&"cores-differ".to_owned()));
    let lowered = names("neoverse-n1-v1,FEAT_LSE=off,FEAT_SHA256=off");
    assert!(!lowered.contains(&"cores-differ".to_owned()), "{lowered:?}");
}

#[test]
fn override_of_a_field_can_be_the_value_that_the_model_has() {
    let overrides = |model: &str| {
        let named = Models::built_in();
        let named = named.get(model).expect("a model").clone();
        let mut model = CpuModel::named(named.clone());
        for (field, setting) in named.fields() {
            let rule = field.field.rule();
            let mut owners = [rule.owner, rule.needs].into_iter().flatten();
            let is_of_option = owners.any(|owner| CpuOption::of(owner).is_some());
            if let (FieldSetting::Value(value), false) = (setting, is_of_option) {
                model.set_field(field, value);
            }
        }
        model
    };
    let model = overrides("neoverse-n1-v1");
    // Values without a name, such as ID_PFR0_EL1.State1=0x3, and registers that KVM does not have.
    assert_eq!(rejected_everywhere(&model), []);
    let same = Plan::new(&host(N1), &model).expect("a plan");
    let named = possible(N1, "neoverse-n1-v1");
    assert_eq!(same.in_guest(), named.in_guest());
    // Another value is still a mistake, without a host only one without a name.
    let other = "neoverse-n1-v1,SYSREG_ID_PFR0_EL1_State1=5,SYSREG_SMIDR_EL1_SH=1";
    let other = other.parse().expect("a model");
    assert_eq!(rejected_everywhere(&other).len(), 1);
    assert_eq!(reasons(N1, &other.to_string()).len(), 2);
}
