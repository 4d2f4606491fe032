//! Warnings of plans, by kind: each has a stable name for programs.

mod hosts;

use hosts::{MAX_7_2, edited, host};
use idreg_runtime::description::RegisterField;
use idreg_runtime::host::{CoreReading, Host};
use idreg_runtime::model::CpuModel;
use idreg_runtime::plan::{Plan, Warning};
use idreg_runtime::regs::DESCRIPTION;

/// The names of a plan's warnings.
fn names(host: &Host, model: &CpuModel) -> Vec<String> {
    let plan = Plan::new(host, model).expect("a possible model");
    let warnings = plan.warnings().iter();
    warnings.map(|warning| warning.name().to_owned()).collect()
}

fn model(text: &str) -> CpuModel {
    text.parse().expect("a model")
}

#[test]
fn plan_without_a_suspicion_has_no_warning() {
    assert_eq!(names(&host(MAX_7_2), &model("host")), [] as [&str; 0]);
}

#[test]
fn overrides_that_contradict_each_other() {
    assert_eq!(
        names(&host(MAX_7_2), &model("host,FEAT_SHA512=off")),
        ["inconsistent"]
    );
}

#[test]
fn allowed_value_without_a_name() {
    let host = host(MAX_7_2);
    let unnamed = |field: &RegisterField| {
        let value = 3;
        let field_of = field.field;
        let has_names = !field_of.values().is_empty() && field_of.value_name(value).is_none();
        let changes = host.values().field(*field) != Some(value);
        has_names && changes && host.check(*field, value).is_ok()
    };
    let field = DESCRIPTION.fields().find(unnamed).unwrap();
    let mut model = CpuModel::host();
    model.set_field(field, 3);
    let plan = Plan::new(&host, &model).unwrap();
    let warning = Warning::Unnamed { field, value: 3 };
    assert!(plan.warnings().contains(&warning), "{:?}", plan.warnings());
    assert_eq!(warning.name(), "unnamed-value");
    let text = format!("{field}=0x3: the value has no name in the description");
    assert_eq!(warning.to_string(), text);
}

#[test]
fn cores_that_differ() {
    let without = edited(MAX_7_2, "ID_AA64ISAR0_EL1", "value", |value| {
        value & !(0xf << 44)
    });
    let reading = |file: &str, cpu| CoreReading {
        cpus: vec![cpu],
        values: host(file).values().clone(),
    };
    let mixed = host(MAX_7_2).with_cores(vec![reading(MAX_7_2, 0), reading(&without, 1)]);
    assert_eq!(names(&mixed, &model("host")), ["cores-differ"]);
}

#[test]
fn host_that_contradicts_itself() {
    let file = edited(MAX_7_2, "ID_AA64PFR0_EL1", "value", |value| {
        value & !(0xf << 32)
    });
    let names = names(&host(&file), &model("host"));
    assert!(
        names.iter().all(|name| name == "host-contradiction"),
        "{names:?}"
    );
    assert!(!names.is_empty());
}

#[test]
fn host_that_was_not_read_through_kvm() {
    let file = edited(MAX_7_2, "ID_AA64PFR1_EL1", "value", |value| value | 1 << 24);
    let names = names(&host(&file), &model("host"));
    assert!(names.contains(&"not-of-kvm".to_owned()), "{names:?}");
}

#[test]
fn fields_that_kvm_hides_are_listed() {
    let file = edited(MAX_7_2, "ID_AA64PFR1_EL1", "value", |value| value | 1 << 24);
    let file = edited(&file, "ID_AA64PFR0_EL1", "value", |value| value | 1 << 44);
    let plan = Plan::new(&host(&file), &model("host")).expect("a plan");
    let warnings: Vec<String> = plan.warnings().iter().map(ToString::to_string).collect();
    let expected = "the host's registers are not those of a KVM guest: ID_AA64PFR0_EL1.AMU=0x1 \
                    (IMP), ID_AA64PFR1_EL1.SME=0x1 (IMP), which KVM hides; all results are about a \
                    machine that no KVM guest sees; read the host through KVM";
    assert_eq!(warnings, [expected]);
}
