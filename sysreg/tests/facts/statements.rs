//! Statements of facts, and their selection for a model.

use crate::{facts, feature_names, place, rule, safety, small_model};
use sysreg::facts::{AtLeast, Condition, Consistency, Owner, Place, Safety, ValueRange};

#[test]
fn without_a_statement_lower_is_safe() {
    let none = facts("");
    assert_eq!(safety(&none, "A", "X"), Safety::SignedLower);
    assert_eq!(safety(&none, "A", "Y"), Safety::Lower);
    let rule = rule(&none, "A", "Y");
    assert_eq!(
        (rule.owner, rule.needs, rule.mitigation),
        (None, None, false)
    );
    assert_eq!(rule.refused, []);
}

#[test]
fn every_safety_type_is_read() {
    let types = [
        ("Lower", Safety::Lower),
        ("SignedLower", Safety::SignedLower),
        ("Higher", Safety::Higher),
        ("HigherOrZero", Safety::HigherOrZero),
        ("Any", Safety::Any),
        ("Exact 2", Safety::Exact { safe: 2 }),
        ("Exact 0xf", Safety::Exact { safe: 15 }),
    ];
    for (words, expected) in types {
        let facts = facts(&format!("Safety {words} A X Y\n"));
        assert_eq!(safety(&facts, "A", "X"), expected, "{words}");
        assert_eq!(safety(&facts, "A", "Y"), expected, "{words}");
        assert_eq!(safety(&facts, "B", "X"), Safety::Lower, "{words}");
    }
}

#[test]
fn a_field_of_its_own_goes_before_every_field() {
    let facts = facts("Safety Higher A X\nSafety Any A *\nOwned sve A *\nNeeds mte A X\n");
    assert_eq!(safety(&facts, "A", "X"), Safety::Higher);
    assert_eq!(safety(&facts, "A", "Y"), Safety::Any);
    let rule = rule(&facts, "A", "X");
    assert_eq!(
        (rule.owner, rule.needs),
        (Some(Owner::Sve), Some(Owner::Mte))
    );
}

#[test]
fn refused_values_are_in_ascending_order() {
    let facts = facts("Refused 0xa-0xf A Y\nRefused 3 A Y\nRefused 0-1 A *\n");
    let range = |first, last| ValueRange { first, last };
    let expected = [range(0, 1), range(3, 3), range(10, 15)];
    assert_eq!(rule(&facts, "A", "Y").refused, expected);
}

#[test]
fn every_owner_is_read() {
    for owner in Owner::ALL {
        let word = owner.word();
        let facts = facts(&format!("Owned {word} A X\nNeeds {word} A Y\n"));
        assert_eq!(rule(&facts, "A", "X").owner, Some(*owner));
        assert_eq!(rule(&facts, "A", "Y").needs, Some(*owner));
    }
}

#[test]
fn mitigations_are_marked() {
    let facts = facts("Mitigation A X\n");
    assert!(rule(&facts, "A", "X").mitigation && !rule(&facts, "A", "Y").mitigation);
}

#[test]
fn features_are_sorted_and_their_fields_are_not() {
    let facts = facts(
        "Feature FEAT_b A Y 1\n\
         Feature FEAT_A B X 3\n\
         Feature FEAT_A A Y 2\n",
    );
    assert_eq!(feature_names(&facts), ["FEAT_A", "FEAT_b"]);
    let first = facts.features().next().expect("there are two");
    let values = first.values.iter();
    let values: Vec<_> = values
        .map(|one| (one.place.to_string(), one.value))
        .collect();
    assert_eq!(values, [("B.X".to_owned(), 3), ("A.Y".to_owned(), 2)]);
}

#[test]
fn every_rule_is_read() {
    let facts = facts(
        "Requires FEAT_F A.X>=0x2 FEAT_G\n\
         Equal A.X B.X\n\
         Equal A.Y B.X with FEAT_G\n\
         AtMostOne A.X A.Y B.X\n\
         NotAbove A.X A.Y\n\
         Feature FEAT_F A X 1\n\
         Feature FEAT_G A Y 1\n",
    );
    let feature = |name: &str| Condition::Feature(name.to_owned());
    let (a_x, a_y, b_x) = (place("A", "X"), place("A", "Y"), place("B", "X"));
    let requires = |needs| Consistency::Requires {
        subject: feature("FEAT_F"),
        needs,
    };
    let equal = |left: &Place, with| Consistency::Equal {
        left: left.clone(),
        right: b_x.clone(),
        with,
    };
    let expected = [
        requires(Condition::Field(AtLeast {
            place: a_x.clone(),
            value: 2,
        })),
        requires(feature("FEAT_G")),
        equal(&a_x, None),
        equal(&a_y, Some(feature("FEAT_G"))),
        Consistency::AtMostOne(vec![a_x.clone(), a_y.clone(), b_x.clone()]),
        Consistency::NotAbove {
            field: a_x,
            most: a_y,
        },
    ];
    assert_eq!(facts.consistency(), expected);
}

#[test]
fn facts_of_unknown_fields_are_dropped() {
    let known = "Safety Any A X\nSafety Higher B *\n";
    let all = facts(&format!(
        "{known}Safety Any A W\nSafety Any C X\nSafety Any C *\n"
    ));
    assert_ne!(all, facts(known));
    assert_eq!(all.for_model(&small_model()), facts(known));
}

#[test]
fn a_feature_is_dropped_with_its_last_field() {
    let facts = facts(
        "Feature FEAT_F A X 1\n\
         Feature FEAT_F C X 1\n\
         Feature FEAT_G C X 1\n",
    );
    let taken = facts.for_model(&small_model());
    assert_eq!(feature_names(&taken), ["FEAT_F"]);
    let left: Vec<_> = taken.features().flat_map(|one| one.values).collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_value_that_does_not_fit_its_field_is_dropped() {
    let facts = facts("Feature FEAT_F A Z 1\nFeature FEAT_G A Z 2\nRequires A.Z>=2 FEAT_F\n");
    let taken = facts.for_model(&small_model());
    assert_eq!(feature_names(&taken), ["FEAT_F"]);
    assert_eq!(taken.consistency(), []);
}

#[test]
fn a_rule_is_dropped_with_any_of_its_fields_or_features() {
    let known = "Feature FEAT_F A X 1\nFeature FEAT_G C X 1\n";
    let rules = [
        ("Requires FEAT_F A.Y>=1", 1),
        ("Requires FEAT_F FEAT_G", 0),
        ("Requires FEAT_G FEAT_F", 0),
        ("Requires C.X>=1 FEAT_F", 0),
        ("Equal A.X B.X with FEAT_F", 1),
        ("Equal A.X B.X with FEAT_G", 0),
        ("Equal A.X C.X", 0),
        ("AtMostOne A.X B.X", 1),
        ("AtMostOne A.X B.X C.X", 0),
        ("NotAbove A.X B.X", 1),
        ("NotAbove A.X A.W", 0),
    ];
    for (rule, left) in rules {
        let facts = facts(&format!("{known}{rule}\n"));
        assert_eq!(
            facts.for_model(&small_model()).consistency().len(),
            left,
            "{rule}"
        );
    }
}
