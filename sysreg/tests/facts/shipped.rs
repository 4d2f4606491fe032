//! This project's own facts, against its own description.

use crate::{facts, feature_names, model};
use std::collections::BTreeSet;
use sysreg::facts::{AtLeast, Safety};
use sysreg::{AARCH64_FACTS, AARCH64_ID};

#[test]
fn of_this_project_are_right_and_the_description_takes_all_of_them() {
    let of_project = facts(AARCH64_FACTS);
    let model = model(AARCH64_ID);
    assert_eq!(of_project.for_model(&model), of_project);
    assert!(feature_names(&of_project).len() > 250);
}

#[test]
fn of_this_project_say_nothing_twice() {
    let of_project = facts(AARCH64_FACTS);
    let rules = of_project
        .consistency()
        .iter()
        .map(|one| format!("{one:?}"));
    let different: BTreeSet<String> = rules.collect();
    assert_eq!(different.len(), of_project.consistency().len());
}

/// An AArch32 field alone tells of a feature only if it is one of AArch32.
#[test]
fn features_of_this_project_begin_with_a_field_of_aarch64() {
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

/// A value of zero says something of signed fields only: all others are always at least that.
#[test]
fn no_feature_of_this_project_is_always_there() {
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
