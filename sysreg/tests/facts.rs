//! Facts beside a description: what is read, what is said about mistakes, and what a description takes.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "UPDATE_EXPECT=1 writes them"
)]

use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::collections::BTreeSet;
use sysreg::facts::{
    AtLeast, Condition, Consistency, Facts, FieldRule, Owner, Place, Safety, ValueRange, load,
};
use sysreg::{AARCH64_FACTS, AARCH64_ID, Model, Source, render};

fn source(text: &str) -> Source {
    Source::new("test.facts", text).expect("a test's text is small")
}

fn facts(text: &str) -> Facts {
    let facts = load(&source(text));
    facts.expect("the test's text is right")
}

/// What is said about a text that is wrong.
fn mistakes(text: &str) -> String {
    let source = source(text);
    let mistakes = load(&source).err().unwrap_or_default();
    let shown = mistakes.iter().map(|one| render(&source, one) + "\n");
    shown.collect()
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&mistakes(text));
}

fn model(text: &str) -> Model {
    let loaded = sysreg::load(&source(text));
    assert_eq!(loaded.diagnostics, []);
    loaded.model
}

/// Two registers: `A` with `X` (signed), `Y` and `Z`, of one bit, and `B` with `X`.
fn small_model() -> Model {
    model(
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:9\n\
         SignedEnum 8:5 X\n\
         0b0000 IMP\n\
         EndEnum\n\
         Field 4:1 Y\n\
         Field 0 Z\n\
         EndSysreg\n\
         Sysreg B 3 0 0 0 1\n\
         Res0 63:4\n\
         Field 3:0 X\n\
         EndSysreg\n",
    )
}

fn rule(facts: &Facts, register: &str, field: &str) -> FieldRule {
    let model = small_model();
    let of = model.register(register).and_then(|one| model.layout(one));
    let field = of.and_then(|layout| layout.field(field));
    facts.rule(register, field.expect("it is in the small model"))
}

fn safety(facts: &Facts, register: &str, field: &str) -> Safety {
    rule(facts, register, field).safety
}

fn place(register: &str, field: &str) -> Place {
    Place {
        register: register.to_owned(),
        field: field.to_owned(),
    }
}

fn feature_names(facts: &Facts) -> Vec<&str> {
    facts.features().map(|feature| feature.name).collect()
}

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
    assert_eq!(all.of(&small_model()), facts(known));
}

#[test]
fn a_feature_is_dropped_with_its_last_field() {
    let facts = facts(
        "Feature FEAT_F A X 1\n\
         Feature FEAT_F C X 1\n\
         Feature FEAT_G C X 1\n",
    );
    let taken = facts.of(&small_model());
    assert_eq!(feature_names(&taken), ["FEAT_F"]);
    let left: Vec<_> = taken.features().flat_map(|one| one.values).collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_value_that_does_not_fit_its_field_is_dropped() {
    let facts = facts("Feature FEAT_F A Z 1\nFeature FEAT_G A Z 2\nRequires A.Z>=2 FEAT_F\n");
    let taken = facts.of(&small_model());
    assert_eq!(feature_names(&taken), ["FEAT_F"]);
    assert_eq!(taken.consistency(), []);
}

#[test]
fn a_rule_is_dropped_with_anything_that_it_speaks_of() {
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
        assert_eq!(facts.of(&small_model()).consistency().len(), left, "{rule}");
    }
}

#[test]
fn unknown_statement() {
    check(
        "Safe Lower A X\n",
        &expect![[r#"
        `Safe` is not a statement of facts
          at test.facts:1:1
            |
          1 | Safe Lower A X
            | ^^^^
          note: there are Safety, Refused, Owned, Needs, Mitigation, Feature, Requires, Equal, AtMostOne, NotAbove
    "#]],
    );
}

#[test]
fn unknown_safety_type() {
    check(
        "Safety Upper A X\n",
        &expect![[r#"
        `Upper` is no safety type
          at test.facts:1:8
            |
          1 | Safety Upper A X
            |        ^^^^^
          note: there are `Lower`, `SignedLower`, `Higher`, `HigherOrZero`, `Any` and `Exact`
    "#]],
    );
}

#[test]
fn unknown_owner() {
    check(
        "Owned gpu A X\nNeeds gpu A X\n",
        &expect![[r#"
        `gpu` is no owner of fields
          at test.facts:1:7
            |
          1 | Owned gpu A X
            |       ^^^
          note: there are sve, pauth, pmu, mte, el2, gic, topology
        `gpu` is no owner of fields
          at test.facts:2:7
            |
          2 | Needs gpu A X
            |       ^^^
          note: there are sve, pauth, pmu, mte, el2, gic, topology
    "#]],
    );
}

#[test]
fn invalid_value() {
    check(
        "Safety Exact two A X\nFeature FEAT_F A X +1\nFeature FEAT_F A Y 0x\n",
        &expect![[r#"
            `two` is no value
              at test.facts:1:14
                |
              1 | Safety Exact two A X
                |              ^^^
              note: it is decimal, or hexadecimal after `0x`
            `+1` is no value
              at test.facts:2:20
                |
              2 | Feature FEAT_F A X +1
                |                    ^^
              note: it is decimal, or hexadecimal after `0x`
            `0x` is no value
              at test.facts:3:20
                |
              3 | Feature FEAT_F A Y 0x
                |                    ^^
              note: it is decimal, or hexadecimal after `0x`
        "#]],
    );
}

#[test]
fn invalid_range() {
    check(
        "Refused 5-0 A X\nRefused 1- A X\nRefused 1..2 A X\n",
        &expect![[r#"
            `5-0` is no range of values
              at test.facts:1:9
                |
              1 | Refused 5-0 A X
                |         ^^^
              note: the last one is below the first
            `1-` is no range of values
              at test.facts:2:9
                |
              2 | Refused 1- A X
                |         ^^
              note: write one value, or two with a `-` between
            `1..2` is no range of values
              at test.facts:3:9
                |
              3 | Refused 1..2 A X
                |         ^^^^
              note: write one value, or two with a `-` between
        "#]],
    );
}

#[test]
fn invalid_name() {
    check(
        "Safety Lower A.X Y\nMitigation A X,Y\nFeature AES A X 1\nFeature FEAT_ A X 1\n",
        &expect![[r#"
            `A.X` is no register's name
              at test.facts:1:14
                |
              1 | Safety Lower A.X Y
                |              ^^^
              note: a name is letters, digits and `_`
            `X,Y` is no field's name
              at test.facts:2:14
                |
              2 | Mitigation A X,Y
                |              ^^^
              note: a name is letters, digits and `_`
            `AES` is no feature's name
              at test.facts:3:9
                |
              3 | Feature AES A X 1
                |         ^^^
              note: it is `FEAT_` and letters, digits or `_`
            `FEAT_` is no feature's name
              at test.facts:4:9
                |
              4 | Feature FEAT_ A X 1
                |         ^^^^^
              note: it is `FEAT_` and letters, digits or `_`
        "#]],
    );
}

#[test]
fn invalid_field() {
    check(
        "Equal A.X B\nAtMostOne A.X *\nNotAbove A.X>=1 A.Y\n",
        &expect![[r#"
            `B` is no field
              at test.facts:1:11
                |
              1 | Equal A.X B
                |           ^
              note: a field is `REGISTER.FIELD`
            `*` is no field
              at test.facts:2:15
                |
              2 | AtMostOne A.X *
                |               ^
              note: a field is `REGISTER.FIELD`
            `A.X>=1` is no field
              at test.facts:3:10
                |
              3 | NotAbove A.X>=1 A.Y
                |          ^^^^^^
              note: a field is `REGISTER.FIELD`
        "#]],
    );
}

#[test]
fn invalid_condition() {
    check(
        "Feature FEAT_F A X 1\nRequires FEAT_F A.X\nRequires FEAT_F A.X>=\nEqual A.X A.Y with B\n",
        &expect![[r#"
            `A.X` is no condition
              at test.facts:2:17
                |
              2 | Requires FEAT_F A.X
                |                 ^^^
              note: a condition is `FEAT_NAME` or `REGISTER.FIELD>=VALUE`
            `A.X>=` is no condition
              at test.facts:3:17
                |
              3 | Requires FEAT_F A.X>=
                |                 ^^^^^
              note: a condition is `FEAT_NAME` or `REGISTER.FIELD>=VALUE`
            `B` is no condition
              at test.facts:4:20
                |
              4 | Equal A.X A.Y with B
                |                    ^
              note: a condition is `FEAT_NAME` or `REGISTER.FIELD>=VALUE`
        "#]],
    );
}

#[test]
fn word_count_of_what_is_about_fields() {
    check(
        "Safety\n\
         Safety Exact\n\
         Safety Lower A\n\
         Refused 1\n\
         Owned sve\n\
         Needs sve A\n\
         Mitigation\n",
        &expect![[r#"
            `Safety` with 0 words after it is no statement
              at test.facts:1:1
                |
              1 | Safety
                | ^^^^^^
              note: the form is `Safety TYPE [VALUE] REGISTER FIELD...`
            `Safety` with 1 word after it is no statement
              at test.facts:2:1
                |
              2 | Safety Exact
                | ^^^^^^^^^^^^
              note: the form is `Safety TYPE [VALUE] REGISTER FIELD...`
            `Safety` with 2 words after it is no statement
              at test.facts:3:1
                |
              3 | Safety Lower A
                | ^^^^^^^^^^^^^^
              note: the form is `Safety TYPE [VALUE] REGISTER FIELD...`
            `Refused` with 1 word after it is no statement
              at test.facts:4:1
                |
              4 | Refused 1
                | ^^^^^^^^^
              note: the form is `Refused FIRST[-LAST] REGISTER FIELD...`
            `Owned` with 1 word after it is no statement
              at test.facts:5:1
                |
              5 | Owned sve
                | ^^^^^^^^^
              note: the form is `Owned OWNER REGISTER FIELD...`
            `Needs` with 2 words after it is no statement
              at test.facts:6:1
                |
              6 | Needs sve A
                | ^^^^^^^^^^^
              note: the form is `Needs OWNER REGISTER FIELD...`
            `Mitigation` with 0 words after it is no statement
              at test.facts:7:1
                |
              7 | Mitigation
                | ^^^^^^^^^^
              note: the form is `Mitigation REGISTER FIELD...`
        "#]],
    );
}

#[test]
fn word_count_of_what_is_about_features() {
    check(
        "Feature FEAT_F A X\n\
         Requires FEAT_F\n\
         Equal A.X\n\
         Equal A.X A.Y without FEAT_F\n\
         AtMostOne A.X\n\
         NotAbove A.X A.Y A.Z\n",
        &expect![[r#"
            `Feature` with 3 words after it is no statement
              at test.facts:1:1
                |
              1 | Feature FEAT_F A X
                | ^^^^^^^^^^^^^^^^^^
              note: the form is `Feature FEAT_NAME REGISTER FIELD VALUE`
            `Requires` with 1 word after it is no statement
              at test.facts:2:1
                |
              2 | Requires FEAT_F
                | ^^^^^^^^^^^^^^^
              note: the form is `Requires CONDITION CONDITION...`
            `Equal` with 1 word after it is no statement
              at test.facts:3:1
                |
              3 | Equal A.X
                | ^^^^^^^^^
              note: the form is `Equal REGISTER.FIELD REGISTER.FIELD [with CONDITION]`
            `Equal` with 4 words after it is no statement
              at test.facts:4:1
                |
              4 | Equal A.X A.Y without FEAT_F
                | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              note: the form is `Equal REGISTER.FIELD REGISTER.FIELD [with CONDITION]`
            `AtMostOne` with 1 word after it is no statement
              at test.facts:5:1
                |
              5 | AtMostOne A.X
                | ^^^^^^^^^^^^^
              note: the form is `AtMostOne REGISTER.FIELD REGISTER.FIELD...`
            `NotAbove` with 3 words after it is no statement
              at test.facts:6:1
                |
              6 | NotAbove A.X A.Y A.Z
                | ^^^^^^^^^^^^^^^^^^^^
              note: the form is `NotAbove REGISTER.FIELD REGISTER.FIELD`
        "#]],
    );
}

#[test]
fn stated_twice() {
    check(
        "Safety Lower A X\n\
         Safety Higher A Y X\n\
         Refused 1 A X X\n\
         Mitigation A * *\n\
         Feature FEAT_F A X 1\n\
         Feature FEAT_F A X 2\n",
        &expect![[r#"
            A.X: `Safety` is stated twice
              at test.facts:2:19
                |
              2 | Safety Higher A Y X
                |                   ^
              note: the first one is here, at test.facts:1:16
            A.X: `1` is stated twice
              at test.facts:3:15
                |
              3 | Refused 1 A X X
                |               ^
              note: the first one is here, at test.facts:3:13
            A.*: `Mitigation` is stated twice
              at test.facts:4:16
                |
              4 | Mitigation A * *
                |                ^
              note: the first one is here, at test.facts:4:14
            A.X: `FEAT_F` is stated twice
              at test.facts:6:18
                |
              6 | Feature FEAT_F A X 2
                |                  ^
              note: the first one is here, at test.facts:5:18
        "#]],
    );
}

#[test]
fn unknown_feature() {
    check(
        "Requires FEAT_F FEAT_G\nFeature FEAT_F A X 1\nEqual A.X A.Y with FEAT_H\n",
        &expect![[r#"
            `FEAT_G` has no `Feature` statement
              at test.facts:1:17
                |
              1 | Requires FEAT_F FEAT_G
                |                 ^^^^^^
            `FEAT_H` has no `Feature` statement
              at test.facts:3:20
                |
              3 | Equal A.X A.Y with FEAT_H
                |                    ^^^^^^
        "#]],
    );
}

#[test]
fn a_feature_with_a_mistake_is_one_mistake() {
    let found = load(&source("Feature FEAT_F A X one\nRequires FEAT_F A.Y>=1\n"));
    assert_eq!(found.map_err(|mistakes| mistakes.len()), Err(1));
}

#[test]
fn lines_are_those_of_a_description() {
    check(
        "# a comment\n\nSafety Lower A X\r\n \n",
        &expect![[r#"
        the line ends in CR LF
          at test.facts:3:17
            |
          3 | Safety Lower A X
            |                 ^
          note: the kernel's generator takes LF alone; convert the whole file
        a line of blanks only
          at test.facts:4:1
            |
          4 |
            | ^
          note: the kernel's generator accepts an empty line here, not blanks
    "#]],
    );
}

#[test]
fn of_this_project_are_right_and_the_description_takes_all_of_them() {
    let of_project = facts(AARCH64_FACTS);
    let model = model(AARCH64_ID);
    assert_eq!(of_project.of(&model), of_project);
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

fn word() -> impl Strategy<Value = String> {
    let words = "Safety Exact Lower Any Refused Owned sve Needs Mitigation Feature FEAT_F FEAT_ \
                 Requires Equal with AtMostOne NotAbove A X * A.X A.X>=1 A.>= 0 1 0x 0-1 1-0 - # é";
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let blanks = [" ", " ", " ", "\n", "\n", "\t", "\r\n"].map(str::to_owned);
    (
        prop::sample::select(words),
        prop::sample::select(blanks.to_vec()),
    )
        .prop_map(|(word, blank)| word + &blank)
}

/// Every mistake has a place, and what is read fits a description without loss or is dropped.
fn check_any(text: &str) {
    let source = source(text);
    match load(&source) {
        Ok(facts) => {
            let taken = facts.of(&small_model());
            assert_eq!(taken.of(&small_model()), taken);
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            for mistake in &mistakes {
                assert!(!render(&source, mistake).is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_loads(text in any::<String>()) {
        check_any(&text);
    }

    #[test]
    fn any_words_load(words in prop::collection::vec(word(), 0..40)) {
        check_any(&words.concat());
    }
}
