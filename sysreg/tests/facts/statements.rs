//! Statements of facts, and their selection for a model.

use crate::{facts, feature_names, place, rule, safety, small_model};
use sysreg::facts::{
    Audience, Condition, Consistency, FieldRange, Owner, Place, Safety, ValueRange, Values,
};

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
fn features_are_sorted_and_their_alternatives_are_not() {
    let facts = facts(
        "Feature FEAT_b A.Y>=1\n\
         Feature FEAT_A B.X>=3 A.Y=2\n\
         Feature FEAT_A A.Y=1-2 with B.X=0 FEAT_b\n\
         Mirror FEAT_A B.X>=1\n",
    );
    assert_eq!(feature_names(&facts), ["FEAT_A", "FEAT_b"]);
    let first = facts.features().next().expect("there are two");
    let within = |first, last| Values::Within(ValueRange { first, last });
    let range = |place, values| FieldRange { place, values };
    let (a_y, b_x) = (place("A", "Y"), place("B", "X"));
    let [one, other] = first.definitions else {
        panic!("{first:?}");
    };
    assert_eq!(
        one.fields,
        [
            range(b_x.clone(), Values::AtLeast(3)),
            range(a_y.clone(), within(2, 2))
        ]
    );
    assert_eq!(one.with, []);
    assert_eq!(other.fields, [range(a_y, within(1, 2))]);
    assert_eq!(
        other.with,
        [
            Condition::Field(range(b_x.clone(), within(0, 0))),
            Condition::Feature("FEAT_b".to_owned())
        ]
    );
    assert_eq!(first.mirrors, [range(b_x, Values::AtLeast(1))]);
}

/// The values of a range for a field of the small model, or `None` if they do not fit.
fn values(text: &str, register: &str, field: &str) -> Option<(u64, u64)> {
    let facts = facts(text);
    let feature = facts.features().next().expect("a feature");
    let range = &feature.definitions.first()?.fields.first()?;
    let model = small_model();
    let layout = model.layout(model.register(register)?)?;
    let range = facts.value_range(range, layout.field(field)?)?;
    Some((range.first, range.last))
}

#[test]
fn a_minimum_ends_at_the_highest_value() {
    assert_eq!(values("Feature FEAT_F A.Y>=3\n", "A", "Y"), Some((3, 15)));
    assert_eq!(values("Feature FEAT_F A.X>=3\n", "A", "X"), Some((3, 7)));
    assert_eq!(values("Feature FEAT_F A.X>=0xf\n", "A", "X"), Some((15, 7)));
    assert_eq!(values("Feature FEAT_F A.Y=3\n", "A", "Y"), Some((3, 3)));
    assert_eq!(values("Feature FEAT_F A.Z>=2\n", "A", "Z"), None);
}

#[test]
fn no_minimum_includes_values_without_order() {
    let unordered = "Unordered 0xe-0xf A Y\n";
    let values = |range: &str| values(&format!("{unordered}Feature FEAT_F {range}\n"), "A", "Y");
    assert_eq!(values("A.Y>=3"), Some((3, 13)));
    assert_eq!(values("A.Y>=0xe"), None);
    assert_eq!(values("A.Y=0xf"), Some((15, 15)));
    let every = "Unordered 0xf A *\nFeature FEAT_F A.Y>=1\n";
    assert_eq!(self::values(every, "A", "Y"), Some((1, 14)));
}

#[test]
fn every_rule_is_read() {
    let facts = facts(
        "Requires FEAT_F A.X>=0x2 FEAT_G\n\
         Equal A.X B.X\n\
         Equal A.Y B.X with FEAT_G\n\
         AtMostOne A.X A.Y B.X\n\
         AtLeastOne FEAT_F A.X>=0x2\n\
         NotAbove A.X A.Y\n\
         ZeroWithout B FEAT_F FEAT_G\n\
         Feature FEAT_F A.X>=1\n\
         Feature FEAT_G A.Y>=1\n",
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
    let at_least_two = Condition::Field(FieldRange {
        place: a_x.clone(),
        values: Values::AtLeast(2),
    });
    let expected = [
        requires(at_least_two.clone()),
        requires(feature("FEAT_G")),
        equal(&a_x, None),
        equal(&a_y, Some(feature("FEAT_G"))),
        Consistency::AtMostOne(vec![a_x.clone(), a_y.clone(), b_x.clone()]),
        Consistency::AtLeastOne(vec![feature("FEAT_F"), at_least_two]),
        Consistency::NotAbove {
            field: a_x,
            most: a_y,
        },
        Consistency::ZeroWithout {
            register: "B".to_owned(),
            features: vec!["FEAT_F".to_owned(), "FEAT_G".to_owned()],
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
fn a_feature_is_dropped_with_its_last_alternative() {
    let facts = facts(
        "Feature FEAT_F A.X>=1\n\
         Feature FEAT_F C.X>=1\n\
         Mirror FEAT_F C.X>=2 B.X>=1\n\
         Feature FEAT_G A.X>=1 C.X>=1\n\
         Feature FEAT_H with FEAT_G\n\
         Feature FEAT_I A.X>=1 with FEAT_H\n",
    );
    let taken = facts.for_model(&small_model());
    assert_eq!(feature_names(&taken), ["FEAT_F"]);
    let left = taken.features().next().expect("one is left");
    assert_eq!((left.definitions.len(), left.mirrors.len()), (1, 1));
}

#[test]
fn a_value_that_does_not_fit_its_field_is_dropped() {
    let facts = facts("Feature FEAT_F A.Z>=1\nFeature FEAT_G A.Z>=2\nRequires A.Z>=2 FEAT_F\n");
    let taken = facts.for_model(&small_model());
    assert_eq!(feature_names(&taken), ["FEAT_F"]);
    assert_eq!(taken.consistency(), []);
}

#[test]
fn a_rule_is_dropped_with_any_of_its_fields_or_features() {
    let known = "Feature FEAT_F A.X>=1\nFeature FEAT_G C.X>=1\n";
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
        ("AtLeastOne A.X>=1 FEAT_F", 1),
        ("AtLeastOne A.X>=1 FEAT_G", 0),
        ("AtLeastOne A.X>=1 C.X>=1", 0),
        ("ZeroWithout B FEAT_F", 1),
        ("ZeroWithout C FEAT_F", 0),
        ("ZeroWithout B FEAT_F FEAT_G", 0),
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

#[test]
fn every_audience_is_read() {
    for audience in Audience::ALL {
        let facts = facts(&format!(
            "Audience {} A X\nAudience el1 B *\n",
            audience.word()
        ));
        assert_eq!(rule(&facts, "A", "X").audience, Some(*audience));
        assert_eq!(rule(&facts, "A", "Y").audience, None);
        assert_eq!(rule(&facts, "B", "X").audience, Some(Audience::El1));
    }
}
