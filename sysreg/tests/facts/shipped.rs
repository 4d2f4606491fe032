//! The shipped facts against the shipped description.

use crate::{facts, feature_names, model};
use std::collections::BTreeSet;
use sysreg::facts::{AtLeast, Safety};
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

/// Only a feature of AArch32 may have fields of AArch32 alone.
#[test]
fn shipped_features_begin_with_a_field_of_aarch64() {
    for feature in facts(AARCH64_FACTS).features() {
        let first = feature.values.first().expect("a feature has a field");
        let of_aarch64 = first.place.register.starts_with("ID_AA64");
        assert_ne!(
            of_aarch64,
            feature.name.starts_with("FEAT_AA32") && !feature.name.contains("EL"),
            "{}",
            feature.name
        );
    }
}

/// A minimum of zero is useful only for signed fields: all others are always at least zero.
#[test]
fn no_shipped_feature_is_always_present() {
    let of_project = facts(AARCH64_FACTS);
    let model = model(AARCH64_ID);
    for AtLeast { place, value } in of_project.features().flat_map(|one| one.values) {
        let layout = model
            .register(&place.register)
            .and_then(|one| model.layout(one));
        let field = layout.and_then(|layout| layout.field(&place.field));
        let field = field.expect("the description takes all facts");
        let signed = of_project.rule(&place.register, field).safety == Safety::SignedLower;
        assert!(signed || *value > 0, "{place}");
    }
}
