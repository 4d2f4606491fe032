//! Diagnostics of mistakes in facts.

use crate::{check, mistakes, source};
use expect_test::expect;
use sysreg::facts::load;

#[test]
fn unknown_statement() {
    // The note is one line that is wider than the lines of this file.
    let shown = mistakes("Safe Lower A X\n").replace(" Feature,", "\n Feature,");
    expect![[r#"
        `Safe` is not a statement of facts
          at test.facts:1:1
            |
          1 | Safe Lower A X
            | ^^^^
          note: allowed: Safety, Refused, Owned, Needs, Mitigation, Audience, Unordered,
         Feature, Mirror, Requires, Equal, AtMostOne, AtLeastOne, NotAbove, ZeroWithout
    "#]]
    .assert_eq(&shown);
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
              note: allowed: `Lower`, `SignedLower`, `Higher`, `HigherOrZero`, `Any`, `Exact`
        "#]],
    );
}

#[test]
fn unknown_audience() {
    check(
        "Audience el3 A X\n",
        &expect![[r#"
        `el3` is no audience of fields
          at test.facts:1:10
            |
          1 | Audience el3 A X
            |          ^^^
          note: allowed: el0, el1, el2, debugger
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
              note: allowed: sve, pauth, pmu, mte, el2, gic, topology
            `gpu` is no owner of fields
              at test.facts:2:7
                |
              2 | Needs gpu A X
                |       ^^^
              note: allowed: sve, pauth, pmu, mte, el2, gic, topology
        "#]],
    );
}

#[test]
fn invalid_value() {
    check(
        "Safety Exact two A X\nUnordered +1 A X\nUnordered 0x A Y\n",
        &expect![[r#"
            `two` is no value
              at test.facts:1:14
                |
              1 | Safety Exact two A X
                |              ^^^
              note: a value is decimal, or hexadecimal after `0x`
            `+1` is no range of values
              at test.facts:2:11
                |
              2 | Unordered +1 A X
                |           ^^
              note: the form is `VALUE` or `FIRST-LAST`
            `0x` is no range of values
              at test.facts:3:11
                |
              3 | Unordered 0x A Y
                |           ^^
              note: the form is `VALUE` or `FIRST-LAST`
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
              note: the last value is below the first
            `1-` is no range of values
              at test.facts:2:9
                |
              2 | Refused 1- A X
                |         ^^
              note: the form is `VALUE` or `FIRST-LAST`
            `1..2` is no range of values
              at test.facts:3:9
                |
              3 | Refused 1..2 A X
                |         ^^^^
              note: the form is `VALUE` or `FIRST-LAST`
        "#]],
    );
}

#[test]
fn invalid_name() {
    check(
        "Safety Lower A.X Y\nMitigation A X,Y\nFeature AES A.X>=1\nFeature FEAT_ A.X>=1\n",
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
              3 | Feature AES A.X>=1
                |         ^^^
              note: the form is `FEAT_` and letters, digits or `_`
            `FEAT_` is no feature's name
              at test.facts:4:9
                |
              4 | Feature FEAT_ A.X>=1
                |         ^^^^^
              note: the form is `FEAT_` and letters, digits or `_`
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
        "Feature FEAT_F A.X>=1\nRequires FEAT_F A.X\nRequires FEAT_F A.X>=\nEqual A.X A.Y with B\n",
        &expect![[r#"
            `A.X` is no condition
              at test.facts:2:17
                |
              2 | Requires FEAT_F A.X
                |                 ^^^
              note: a condition is `FEAT_NAME` or a range of a field
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
            `A.X>=` is no condition
              at test.facts:3:17
                |
              3 | Requires FEAT_F A.X>=
                |                 ^^^^^
              note: a condition is `FEAT_NAME` or a range of a field
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
            `B` is no condition
              at test.facts:4:20
                |
              4 | Equal A.X A.Y with B
                |                    ^
              note: a condition is `FEAT_NAME` or a range of a field
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
        "#]],
    );
}

#[test]
fn word_count_of_statements_about_fields() {
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
fn word_count_of_statements_about_features() {
    check(
        "Feature FEAT_F\n\
         Feature FEAT_F A.X>=1 with\n\
         Mirror FEAT_F\n\
         Requires FEAT_F\n\
         Equal A.X\n\
         Equal A.X A.Y without FEAT_F\n\
         AtMostOne A.X\n\
         AtLeastOne A.X>=1\n\
         NotAbove A.X A.Y A.Z\n\
         ZeroWithout A\n",
        &expect![[r#"
            `Feature` with 1 word after it is no statement
              at test.facts:1:1
                |
              1 | Feature FEAT_F
                | ^^^^^^^^^^^^^^
              note: the form is `Feature FEAT_NAME RANGE... [with CONDITION...]`
            `Feature` with 3 words after it is no statement
              at test.facts:2:1
                |
              2 | Feature FEAT_F A.X>=1 with
                | ^^^^^^^^^^^^^^^^^^^^^^^^^^
              note: the form is `Feature FEAT_NAME RANGE... [with CONDITION...]`
            `Mirror` with 1 word after it is no statement
              at test.facts:3:1
                |
              3 | Mirror FEAT_F
                | ^^^^^^^^^^^^^
              note: the form is `Mirror FEAT_NAME RANGE...`
            `Requires` with 1 word after it is no statement
              at test.facts:4:1
                |
              4 | Requires FEAT_F
                | ^^^^^^^^^^^^^^^
              note: the form is `Requires CONDITION CONDITION...`
            `Equal` with 1 word after it is no statement
              at test.facts:5:1
                |
              5 | Equal A.X
                | ^^^^^^^^^
              note: the form is `Equal REGISTER.FIELD REGISTER.FIELD [with CONDITION]`
            `Equal` with 4 words after it is no statement
              at test.facts:6:1
                |
              6 | Equal A.X A.Y without FEAT_F
                | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
              note: the form is `Equal REGISTER.FIELD REGISTER.FIELD [with CONDITION]`
            `AtMostOne` with 1 word after it is no statement
              at test.facts:7:1
                |
              7 | AtMostOne A.X
                | ^^^^^^^^^^^^^
              note: the form is `AtMostOne REGISTER.FIELD REGISTER.FIELD...`
            `AtLeastOne` with 1 word after it is no statement
              at test.facts:8:1
                |
              8 | AtLeastOne A.X>=1
                | ^^^^^^^^^^^^^^^^^
              note: the form is `AtLeastOne CONDITION CONDITION...`
            `NotAbove` with 3 words after it is no statement
              at test.facts:9:1
                |
              9 | NotAbove A.X A.Y A.Z
                | ^^^^^^^^^^^^^^^^^^^^
              note: the form is `NotAbove REGISTER.FIELD REGISTER.FIELD`
            `ZeroWithout` with 1 word after it is no statement
              at test.facts:10:1
                 |
              10 | ZeroWithout A
                 | ^^^^^^^^^^^^^
              note: the form is `ZeroWithout REGISTER FEAT_NAME...`
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
         Feature FEAT_F A.X>=1 A.X>=2\n\
         Feature FEAT_G A.X>=1\n\
         Feature FEAT_G A.X>=1\n\
         Mirror FEAT_G A.Y>=1\n\
         Mirror FEAT_G A.Y>=1\n",
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
            A.X: stated twice in the line
              at test.facts:5:23
                |
              5 | Feature FEAT_F A.X>=1 A.X>=2
                |                       ^^^^^^
            FEAT_G: stated twice in the same words
              at test.facts:7:9
                |
              7 | Feature FEAT_G A.X>=1
                |         ^^^^^^
            FEAT_G: stated twice in the same words
              at test.facts:9:8
                |
              9 | Mirror FEAT_G A.Y>=1
                |        ^^^^^^
        "#]],
    );
}

#[test]
fn unknown_feature() {
    check(
        "Requires FEAT_F FEAT_G\n\
         Feature FEAT_F A.X>=1\n\
         Equal A.X A.Y with FEAT_H\n\
         Mirror FEAT_I A.X>=1\n\
         ZeroWithout A FEAT_J\n",
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
            `FEAT_I` has no `Feature` statement
              at test.facts:4:8
                |
              4 | Mirror FEAT_I A.X>=1
                |        ^^^^^^
            `FEAT_J` has no `Feature` statement
              at test.facts:5:15
                |
              5 | ZeroWithout A FEAT_J
                |               ^^^^^^
        "#]],
    );
}

/// No feature depends on itself.
#[test]
fn feature_after_with_is_complete() {
    check(
        "Feature FEAT_F A.X>=1 with FEAT_G\n\
         Feature FEAT_G A.X>=1\n\
         Feature FEAT_G A.Y>=1 with FEAT_G\n\
         Feature FEAT_H A.X>=1 with FEAT_G\n\
         Feature FEAT_G A.Y>=1 with FEAT_H\n",
        &expect![[r#"
            `FEAT_G` has no `Feature` statement before this one
              at test.facts:1:28
                |
              1 | Feature FEAT_F A.X>=1 with FEAT_G
                |                            ^^^^^^
            `FEAT_G` has no `Feature` statement before this one
              at test.facts:3:28
                |
              3 | Feature FEAT_G A.Y>=1 with FEAT_G
                |                            ^^^^^^
            `FEAT_G` is used before all its definitions are stated
              at test.facts:5:9
                |
              5 | Feature FEAT_G A.Y>=1 with FEAT_H
                |         ^^^^^^
              note: it is used here, at test.facts:4:28
        "#]],
    );
}

#[test]
fn invalid_range_of_a_field() {
    check(
        "Feature FEAT_F A X 1\n\
         Feature FEAT_F A.X=\n\
         Feature FEAT_F A.X=2-1\n\
         Feature FEAT_F A.X=1-\n\
         Feature FEAT_F A.X>2\n",
        &expect![[r#"
            `A` is no range of a field
              at test.facts:1:16
                |
              1 | Feature FEAT_F A X 1
                |                ^
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
            `A.X=` is no range of a field
              at test.facts:2:16
                |
              2 | Feature FEAT_F A.X=
                |                ^^^^
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
            `A.X=2-1` is no range of a field
              at test.facts:3:16
                |
              3 | Feature FEAT_F A.X=2-1
                |                ^^^^^^^
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
            `A.X=1-` is no range of a field
              at test.facts:4:16
                |
              4 | Feature FEAT_F A.X=1-
                |                ^^^^^^
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
            `A.X>2` is no range of a field
              at test.facts:5:16
                |
              5 | Feature FEAT_F A.X>2
                |                ^^^^^
              note: a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`
        "#]],
    );
}

#[test]
fn a_feature_with_a_mistake_is_one_mistake() {
    let found = load(&source("Feature FEAT_F A.X>=one\nRequires FEAT_F A.Y>=1\n"));
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
