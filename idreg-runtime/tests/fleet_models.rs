//! Two models of one host: their relation and their greatest common model.

mod hosts;

use hosts::{MAX_7_2, host};
use idreg_runtime::fleet::{Relation, common_model, compare_models};
use idreg_runtime::plan::Plan;

/// Models of the host, from those with most to those with least.
const MODELS: [&str; 8] = [
    "host",
    "host,FEAT_DotProd=off",
    "host,sve128=on",
    "host,sve=off,FEAT_LSE=off",
    "host,pauth=off,pmu=off",
    "host,midr=0x410fd0c1",
    "host,SYSREG_ID_AA64DFR0_EL1_DoubleLock=0xf,SYSREG_ID_AA64MMFR0_EL1_TGRAN4=0",
    "host,SYSREG_ID_AA64MMFR0_EL1_PARANGE=2,SYSREG_CTR_EL0_IDC=0,mte=off",
];

fn plan(model: &str) -> Plan {
    let model = model.parse().expect("a model");
    Plan::new(&host(MAX_7_2), &model).expect("a plan")
}

fn compared(a: &str, b: &str) -> (Relation, Vec<String>) {
    let comparison = compare_models(&plan(a), &plan(b));
    let responsible = comparison.responsible.iter();
    (
        comparison.relation,
        responsible.map(ToString::to_string).collect(),
    )
}

#[test]
fn higher_values_and_options_are_a_superset() {
    let dp = ["SYSREG_ID_ISAR6_EL1_DP", "SYSREG_ID_AA64ISAR0_EL1_DP"].map(str::to_owned);
    assert_eq!(
        compared("host", "host,FEAT_DotProd=off"),
        (Relation::Superset, dp.to_vec())
    );
    assert_eq!(
        compared("host,FEAT_DotProd=off", "host"),
        (Relation::Subset, dp.to_vec())
    );
    assert_eq!(compared("host", "host,sve=off").0, Relation::Superset);
    let sve128 = vec!["sve128".to_owned()];
    assert_eq!(
        compared("host,sve128=on", "host,sve256=on"),
        (Relation::Subset, sve128)
    );
}

/// DoubleLock is signed: 0xf is -1, the lower value.
#[test]
fn signed_fields_are_compared_as_such() {
    let (relation, _) = compared("host,SYSREG_ID_AA64DFR0_EL1_DoubleLock=0xf", "host");
    assert_eq!(relation, Relation::Subset);
}

#[test]
fn models_with_more_on_both_sides_are_incompatible() {
    let (relation, responsible) = compared("host,sve=off", "host,FEAT_LSE=off");
    assert_eq!(relation, Relation::Incompatible);
    assert_eq!(responsible[0], "sve");
    assert!(!responsible.contains(&"SYSREG_ID_AA64PFR0_EL1_SVE".to_owned()));
}

#[test]
fn cpus_of_other_names_are_incompatible() {
    let (relation, responsible) = compared("host", "host,midr=0x410fd0c1");
    assert_eq!(relation, Relation::Incompatible);
    assert!(responsible.contains(&"SYSREG_MIDR_EL1_PartNum".to_owned()));
}

#[test]
fn relation_of_a_model_to_itself_is_identical() {
    for model in MODELS {
        assert_eq!(
            compared(model, model),
            (Relation::Identical, Vec::new()),
            "{model}"
        );
    }
}

#[test]
fn relations_turn_around_with_their_models() {
    for a in MODELS {
        for b in MODELS {
            let turned = match compared(b, a).0 {
                Relation::Superset => Relation::Subset,
                Relation::Subset => Relation::Superset,
                other => other,
            };
            assert_eq!(compared(a, b).0, turned, "{a} {b}");
        }
    }
}

/// Models with the same MIDR_EL1; of others the common model has that of the first.
#[test]
fn common_model_is_a_subset_of_both() {
    for a in MODELS {
        for b in MODELS {
            let common = common_model(&host(MAX_7_2), &plan(a), &plan(b))
                .expect(a)
                .to_string();
            for model in [a, b] {
                let (relation, responsible) = compared(model, &common);
                let is_subset = matches!(relation, Relation::Identical | Relation::Superset);
                let other_midr = model == b && a.contains("midr") != b.contains("midr");
                assert!(is_subset || other_midr, "{a} {b} {common} {responsible:?}");
            }
        }
    }
}

#[test]
fn common_model_is_the_lesser_one() {
    for (a, b) in [
        ("host", "host,sve=off,FEAT_LSE=off"),
        ("host", "host,sve128=on"),
    ] {
        let common = common_model(&host(MAX_7_2), &plan(a), &plan(b))
            .expect(a)
            .to_string();
        assert_eq!(compared(&common, b).0, Relation::Identical, "{common}");
    }
}
