//! The shipped facts against the shipped description.

use crate::{facts, feature_names, model};
use std::collections::BTreeSet;
use sysreg::facts::{Audience, Condition, FieldRange};
use sysreg::{AARCH64_FACTS, AARCH64_ID};

#[test]
fn shipped_facts_are_valid_and_fit_the_description() {
    let of_project = facts(AARCH64_FACTS);
    let model = model(AARCH64_ID);
    assert_eq!(of_project.for_model(&model), of_project);
    assert!(feature_names(&of_project).len() > 250);
}

#[test]
fn shipped_rules_are_unique() {
    let of_project = facts(AARCH64_FACTS);
    let rules = of_project
        .consistency()
        .iter()
        .map(|one| format!("{one:?}"));
    let different: BTreeSet<String> = rules.collect();
    assert_eq!(different.len(), of_project.consistency().len());
}

/// Only a feature of AArch32 may be defined by fields of AArch32.
#[test]
fn shipped_features_are_defined_by_fields_of_aarch64() {
    let of_project = facts(AARCH64_FACTS);
    for feature in of_project.features() {
        let fields = feature.definitions.iter().flat_map(|one| &one.fields);
        for range in fields {
            let register = &range.place.register;
            let of_aarch32 = !register.starts_with("ID_AA64") && register != "CTR_EL0";
            let is_aarch32 = feature.name.starts_with("FEAT_AA32") && !feature.name.contains("EL");
            assert_eq!(of_aarch32, is_aarch32, "{}", feature.name);
        }
    }
}

/// A definition without a condition that a field can fail would make its feature always present.
#[test]
fn no_shipped_feature_is_always_present() {
    let of_project = facts(AARCH64_FACTS);
    let model = model(AARCH64_ID);
    let excludes_a_value = |range: &FieldRange| {
        let register = model.register(&range.place.register);
        let layout = register.and_then(|register| model.layout(register));
        let field = layout.and_then(|layout| layout.field(&range.place.field));
        let field = field.expect("the description takes all facts");
        let values = of_project.value_range(range, field).expect("it fits");
        values.last - values.first < u64::MAX >> (64 - field.bits().width())
    };
    for feature in of_project.features() {
        for one in feature.definitions {
            let with_feature = |it: &Condition| matches!(it, Condition::Feature(_));
            let can_fail = one.fields.iter().any(excludes_a_value);
            assert!(
                can_fail || one.with.iter().any(with_feature),
                "{}",
                feature.name
            );
        }
    }
}

#[test]
fn every_field_has_an_audience() {
    let (facts, model) = (facts(AARCH64_FACTS), model(AARCH64_ID));
    for register in model.registers() {
        let layout = model.layout(register).expect("no opaque register");
        for field in layout.fields() {
            let audience = facts.rule(register.name(), field).audience;
            assert!(audience.is_some(), "{}", register.property(field));
        }
    }
}

/// A sample over the exception levels, by the Arm ARM's description of each field.
#[test]
fn audiences_are_those_of_the_architecture() {
    let (facts, model) = (facts(AARCH64_FACTS), model(AARCH64_ID));
    for (register, field, audience) in [
        ("ID_AA64ISAR0_EL1", "DP", Audience::El0),
        ("ID_AA64PFR0_EL1", "SVE", Audience::El0),
        ("ID_AA64MMFR1_EL1", "PAN", Audience::El1),
        ("ID_AA64MMFR2_EL1", "IDS", Audience::El1),
        ("ID_AA64MMFR2_EL1", "EVT", Audience::El2),
        ("ID_AA64MMFR2_EL1", "FWB", Audience::El2),
        ("ID_AA64MMFR1_EL1", "VMIDBits", Audience::El2),
        ("ID_AA64MMFR0_EL1", "TGRAN4_2", Audience::El2),
        ("ID_AA64DFR0_EL1", "BRPs", Audience::Debugger),
    ] {
        let layout = model.register(register).and_then(|it| model.layout(it));
        let field = layout.and_then(|layout| layout.field(field)).expect(field);
        assert_eq!(
            facts.rule(register, field).audience,
            Some(audience),
            "{register} {field:?}"
        );
    }
}
