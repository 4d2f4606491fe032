//! The names of properties: one namespace, in which every property is found again.

use idreg_runtime::model::property::Property;
use idreg_runtime::regs::DESCRIPTION;
use std::collections::BTreeSet;
use std::mem::discriminant;

#[test]
fn names_are_unique() {
    let mut names = BTreeSet::new();
    for property in Property::all(&DESCRIPTION) {
        let name = property.to_string();
        assert!(names.insert(name.clone()), "{name}");
    }
    assert!(names.len() > DESCRIPTION.fields().count());
}

#[test]
fn every_property_is_found_by_its_name_with_its_kind() {
    for property in Property::all(&DESCRIPTION) {
        let name = property.to_string();
        let found = Property::find(&DESCRIPTION, &name).expect(&name);
        assert_eq!(discriminant(&found), discriminant(&property), "{name}");
        assert_eq!(found.to_string(), name);
        assert_eq!(found.value_type(), property.value_type(), "{name}");
    }
}

#[test]
fn the_nearest_name_is_of_any_kind() {
    for (name, nearest) in [
        (
            "SYSREG_ID_AA64ISAR0_EL1_DPP",
            Some("SYSREG_ID_AA64ISAR0_EL1_DP"),
        ),
        ("id_aa64isar0_el1_dp", Some("SYSREG_ID_AA64ISAR0_EL1_DP")),
        ("dotprod", Some("FEAT_DotProd")),
        ("paut", Some("pauth")),
        ("MIDR", Some("midr")),
        ("Enforce", Some("enforce")),
        ("enforced", Some("enforce")),
        ("", None),
        ("x", None),
        ("frobnicate", None),
    ] {
        let found = Property::nearest(&DESCRIPTION, name);
        assert_eq!(found.as_deref(), nearest, "{name}");
    }
}

#[test]
fn a_very_long_name_is_like_none() {
    let name = format!("SYSREG_ID_AA64ISAR0_EL1_DP{}", "P".repeat(60_000));
    assert_eq!(Property::nearest(&DESCRIPTION, &name), None);
}
