//! Every rule: a description that breaks it, and what is said about that.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "UPDATE_EXPECT=1 writes them"
)]

use expect_test::{Expect, expect};
use std::fmt::Write;
use sysreg::{Loaded, Rule, Source, load, render};

/// Loads a description that breaks nothing but `rule`, and compares what is said about it.
fn check(rule: Rule, text: &str, expected: &Expect) {
    let (source, loaded) = load_text(text);
    for diagnostic in &loaded.diagnostics {
        assert_eq!(diagnostic.rule, rule, "{diagnostic}");
    }
    expected.assert_eq(&rendered(&source, &loaded));
}

fn load_text(text: &str) -> (Source, Loaded) {
    let source = Source::new("test.sysreg", text).expect("a test's text is small");
    let loaded = load(&source);
    (source, loaded)
}

fn rendered(source: &Source, loaded: &Loaded) -> String {
    loaded
        .diagnostics
        .iter()
        .fold(String::new(), |mut out, diagnostic| {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}", render(source, diagnostic));
            out
        })
}

/// The rules that are for users of the model; this crate itself never breaks them.
const NOT_OF_THIS_CRATE: [Rule; 1] = [Rule::NameCollision];

#[test]
fn every_rule_has_a_test_of_its_name() {
    let tests = include_str!("rules.rs");
    for rule in Rule::ALL {
        let name = rule.name().replace('-', "_");
        let tested = tests.contains(&format!("fn {name}() {{"));
        let expected = !NOT_OF_THIS_CRATE.contains(rule);
        assert_eq!(tested, expected, "{}", rule.name());
    }
}

#[test]
fn blank_line() {
    check(
        Rule::BlankLine,
        "Sysreg A 3 0 0 0 0\n\
         \n\
         Field 63:0 X\n\
         \x20 \t\n\
         EndSysreg\n",
        &expect![[r#"
            a line of blanks only
              at test.sysreg:4:1
                |
              4 |
                | ^^^
              note: the kernel's generator accepts an empty line here, not blanks
        "#]],
    );
}

#[test]
fn carriage_return() {
    check(
        Rule::CarriageReturn,
        "Sysreg A 3 0 0 0 0\r\n\
         Field 63:0 X\r\n\
         \r\n\
         EndSysreg\r\n",
        &expect![[r#"
            the line ends in CR LF
              at test.sysreg:1:19
                |
              1 | Sysreg A 3 0 0 0 0
                |                   ^
              note: the kernel's generator takes LF alone; convert the whole file
        "#]],
    );
}

#[test]
fn unknown_statement() {
    check(
        Rule::UnknownStatement,
        "Sysreg A 3 0 0 0 0\n\
         \x20 Feild 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            `Feild` is not a statement in a `Sysreg` block
              at test.sysreg:2:3
                |
              2 |   Feild 63:0 X
                |   ^^^^^
        "#]],
    );
}

#[test]
fn unknown_statement_outside_any_block() {
    check(
        Rule::UnknownStatement,
        "Field 63:0 X\n",
        &expect![[r#"
        `Field` is not a statement outside any block
          at test.sysreg:1:1
            |
          1 | Field 63:0 X
            | ^^^^^
    "#]],
    );
}

#[test]
fn unknown_statement_in_shared_fields() {
    check(
        Rule::UnknownStatement,
        "SysregFields A\n\
         Fields B\n\
         Field 63:0 X\n\
         EndSysregFields\n",
        &expect![[r#"
            `Fields` is not a statement in a `SysregFields` block
              at test.sysreg:2:1
                |
              2 | Fields B
                | ^^^^^^
        "#]],
    );
}

#[test]
fn unknown_statement_in_a_prefix() {
    check(
        Rule::UnknownStatement,
        "Sysreg A 3 0 0 0 0\n\
         Prefix P\n\
         Mapping B\n\
         EndPrefix\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            `Mapping` is not a statement in a `Prefix` block
              at test.sysreg:3:1
                |
              3 | Mapping B
                | ^^^^^^^
        "#]],
    );
}

#[test]
fn word_count() {
    check(
        Rule::WordCount,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0\n\
         EndSysreg\n",
        &expect![[r#"
            `Field` has 1 word after it where 2 are expected
              at test.sysreg:2:1
                |
              2 | Field 63:0
                | ^^^^^^^^^^
              note: the form is `Field msb[:lsb] name`
        "#]],
    );
}

#[test]
fn word_count_of_a_first_line() {
    check(
        Rule::WordCount,
        "Sysreg A 3 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            `Sysreg` has 5 words after it where 6 are expected
              at test.sysreg:1:1
                |
              1 | Sysreg A 3 0 0 0
                | ^^^^^^^^^^^^^^^^
              note: the form is `Sysreg name op0 op1 CRn CRm op2`
        "#]],
    );
}

#[test]
fn word_count_of_an_end() {
    check(
        Rule::WordCount,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg A\n",
        &expect![[r#"
            `EndSysreg` has 1 word after it where 0 are expected
              at test.sysreg:3:1
                |
              3 | EndSysreg A
                | ^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn word_count_with_a_comment() {
    check(
        Rule::WordCount,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\t# all of it\n\
         EndSysreg\n",
        &expect![[r#"
            `Field` has 6 words after it where 2 are expected
              at test.sysreg:2:1
                |
              2 | Field 63:0 X # all of it
                | ^^^^^^^^^^^^^^^^^^^^^^^^
              note: a comment needs a line of its own, at test.sysreg:2:14
        "#]],
    );
}

#[test]
fn word_count_of_a_value() {
    check(
        Rule::WordCount,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         0b0\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            `0b0` has 0 words after it where 1 is expected
              at test.sysreg:3:1
                |
              3 | 0b0
                | ^^^
              note: the form is `0b0 name`
        "#]],
    );
}

#[test]
fn unterminated_block() {
    check(
        Rule::UnterminatedBlock,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         \t0b0 NI\n\
         EndSysreg\n",
        &expect![[r#"
            X: `Enum` without `EndEnum`
              at test.sysreg:2:1
                |
              2 | Enum 63:0 X
                | ^^^^^^^^^^^
              note: `EndEnum` is missing before `EndSysreg`, at test.sysreg:4:1
        "#]],
    );
}

#[test]
fn unterminated_block_at_the_end_of_the_file() {
    check(
        Rule::UnterminatedBlock,
        "SysregFields A\n\
         Field 63:0 X\n",
        &expect![[r#"
            A: `SysregFields` without `EndSysregFields`
              at test.sysreg:1:1
                |
              1 | SysregFields A
                | ^^^^^^^^^^^^^^
              note: the file ends before `EndSysregFields`
        "#]],
    );
}

#[test]
fn stray_end() {
    check(
        Rule::StrayEnd,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndEnum\n\
         EndSysreg\n\
         EndSysreg\n",
        &expect![[r#"
            `EndEnum` closes nothing in a `Sysreg` block
              at test.sysreg:3:1
                |
              3 | EndEnum
                | ^^^^^^^
            `EndSysreg` closes nothing outside any block
              at test.sysreg:5:1
                |
              5 | EndSysreg
                | ^^^^^^^^^
        "#]],
    );
}

#[test]
fn invalid_bits() {
    check(
        Rule::InvalidBits,
        "Sysreg A 3 0 0 0 0\n\
         Field 64:60 W\n\
         Field 3:4 X\n\
         Res0 0x3\n\
         Field 7: Y\n\
         Field +1 Z\n\
         EndSysreg\n",
        &expect![[r#"
            A.W: `64:60` is no bit range
              at test.sysreg:2:7
                |
              2 | Field 64:60 W
                |       ^^^^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A.X: `3:4` is no bit range
              at test.sysreg:3:7
                |
              3 | Field 3:4 X
                |       ^^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A: `0x3` is no bit range
              at test.sysreg:4:6
                |
              4 | Res0 0x3
                |      ^^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A.Y: `7:` is no bit range
              at test.sysreg:5:7
                |
              5 | Field 7: Y
                |       ^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
            A.Z: `+1` is no bit range
              at test.sysreg:6:7
                |
              6 | Field +1 Z
                |       ^^
              note: the form is `msb:lsb` or one number, decimal, 63 to 0
        "#]],
    );
}

#[test]
fn bits_overlap() {
    check(
        Rule::BitsOverlap,
        "Sysreg A 3 0 0 0 0\n\
         Res0\t63:8\n\
         Field\t8:4\tX\n\
         Field\t3:0\tY\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: bits 8:4 overlap `Res0`
              at test.sysreg:3:7
                |
              3 | Field 8:4 X
                |       ^^^
              note: `Res0` is 63:8, at test.sysreg:2:6
        "#]],
    );
}

#[test]
fn bits_overlap_of_one_bit() {
    check(
        Rule::BitsOverlap,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:0\n\
         Field 0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: bit 0 overlaps `Res0`
              at test.sysreg:3:7
                |
              3 | Field 0 X
                |       ^
              note: `Res0` is 63:0, at test.sysreg:2:6
        "#]],
    );
}

#[test]
fn bits_gap() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:8\n\
         Field 5:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: bits 7:6 are not described
              at test.sysreg:3:7
                |
              3 | Field 5:0 X
                |       ^^^
              note: the entry above ends at bit 8, at test.sysreg:2:6
        "#]],
    );
}

#[test]
fn bits_gap_at_the_top() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Field 62:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: bit 63 is not described
              at test.sysreg:2:7
                |
              2 | Field 62:0 X
                |       ^^^^
              note: every block describes all 64 bits, from 63 down
        "#]],
    );
}

#[test]
fn bits_gap_at_the_bottom() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:1 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: bit 0 is not described
              at test.sysreg:3:1
                |
              3 | EndSysreg
                | ^^^^^^^^^
              note: the entry above ends at bit 1, at test.sysreg:2:7
        "#]],
    );
}

#[test]
fn bits_gap_everywhere() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         EndSysreg\n",
        &expect![[r#"
            A: bits 63:0 are not described
              at test.sysreg:2:1
                |
              2 | EndSysreg
                | ^^^^^^^^^
              note: every block describes all 64 bits, from 63 down
        "#]],
    );
}

#[test]
fn bits_gap_after_a_prefix() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Prefix P\n\
         Field 63:0 X\n\
         EndPrefix\n\
         EndSysreg\n",
        &expect![[r#"
            A: bits 63:0 are not described
              at test.sysreg:5:1
                |
              5 | EndSysreg
                | ^^^^^^^^^
              note: every block describes all 64 bits, from 63 down
        "#]],
    );
}

#[test]
fn bits_gap_in_a_prefix() {
    check(
        Rule::BitsGap,
        "Sysreg A 3 0 0 0 0\n\
         Prefix P\n\
         Field 63:32 X\n\
         EndPrefix\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A (P): bits 31:0 are not described
              at test.sysreg:4:1
                |
              4 | EndPrefix
                | ^^^^^^^^^
              note: the entry above ends at bit 32, at test.sysreg:3:7
        "#]],
    );
}

#[test]
fn bits_order() {
    check(
        Rule::BitsOrder,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:2\n\
         Field 0 X\n\
         Field 1 Y\n\
         EndSysreg\n",
        &expect![[r#"
            A: bit 1 comes too late
              at test.sysreg:4:7
                |
              4 | Field 1 Y
                |       ^
              note: `X` before it is 0, at test.sysreg:3:7
        "#]],
    );
}

#[test]
fn invalid_encoding() {
    check(
        Rule::InvalidEncoding,
        "Sysreg A 4 8 16 0xf -1\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: `4` is no op0: 0 to 3
              at test.sysreg:1:10
                |
              1 | Sysreg A 4 8 16 0xf -1
                |          ^
            A: `8` is no op1: 0 to 7
              at test.sysreg:1:12
                |
              1 | Sysreg A 4 8 16 0xf -1
                |            ^
            A: `16` is no CRn: 0 to 15
              at test.sysreg:1:14
                |
              1 | Sysreg A 4 8 16 0xf -1
                |              ^^
            A: `0xf` is no CRm: 0 to 15
              at test.sysreg:1:17
                |
              1 | Sysreg A 4 8 16 0xf -1
                |                 ^^^
            A: `-1` is no op2: 0 to 7
              at test.sysreg:1:21
                |
              1 | Sysreg A 4 8 16 0xf -1
                |                     ^^
        "#]],
    );
}

#[test]
fn shared_encoding() {
    check(
        Rule::SharedEncoding,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n\
         \n\
         Sysreg B 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            B: `A` has the encoding 3 0 0 0 0 too
              at test.sysreg:5:8
                |
              5 | Sysreg B 3 0 0 0 0
                |        ^
              note: that one is here, at test.sysreg:1:8
        "#]],
    );
}

#[test]
fn duplicate_register() {
    check(
        Rule::DuplicateRegister,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n\
         \n\
         Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: a second `Sysreg` of this name
              at test.sysreg:5:8
                |
              5 | Sysreg A 3 0 0 0 0
                |        ^
              note: the first one is here, at test.sysreg:1:8
        "#]],
    );
}

#[test]
fn duplicate_fields() {
    check(
        Rule::DuplicateFields,
        "SysregFields A\n\
         Field 63:0 X\n\
         EndSysregFields\n\
         \n\
         SysregFields A\n\
         Field 63:0 X\n\
         EndSysregFields\n",
        &expect![[r#"
            A: a second `SysregFields` of this name
              at test.sysreg:5:14
                |
              5 | SysregFields A
                |              ^
              note: the first one is here, at test.sysreg:1:14
        "#]],
    );
}

#[test]
fn duplicate_field() {
    check(
        Rule::DuplicateField,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:8 X\n\
         Field 7:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: a second field of this name
              at test.sysreg:3:11
                |
              3 | Field 7:0 X
                |           ^
              note: the first one is here, at test.sysreg:2:12
        "#]],
    );
}

#[test]
fn duplicate_enumerator() {
    check(
        Rule::DuplicateEnumerator,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         \t0b0\tNI\n\
         \t0b1\tNI\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: a second value named `NI`
              at test.sysreg:4:6
                |
              4 |  0b1 NI
                |      ^^
              note: the first one is here, at test.sysreg:3:6
        "#]],
    );
}

#[test]
fn duplicate_value() {
    check(
        Rule::DuplicateValue,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         \t0b0\tNI\n\
         \t0b00\tNONE\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: `NONE` is another name of `NI`
              at test.sysreg:4:2
                |
              4 |  0b00 NONE
                |  ^^^^
              note: the first name is here, at test.sysreg:3:6
        "#]],
    );
}

#[test]
fn duplicate_prefix() {
    check(
        Rule::DuplicatePrefix,
        "Sysreg A 3 0 0 0 0\n\
         Prefix P\n\
         Field 63:0 X\n\
         EndPrefix\n\
         Prefix P\n\
         Field 63:0 X\n\
         EndPrefix\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: a second `Prefix P`
              at test.sysreg:5:8
                |
              5 | Prefix P
                |        ^
              note: the first one is here, at test.sysreg:2:8
        "#]],
    );
}

#[test]
fn late_prefix() {
    check(
        Rule::LatePrefix,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         Prefix P\n\
         Field 63:0 X\n\
         EndPrefix\n\
         EndSysreg\n",
        &expect![[r#"
            A: `Prefix` after unprefixed fields
              at test.sysreg:3:8
                |
              3 | Prefix P
                |        ^
              note: prefixed layouts come first
        "#]],
    );
}

#[test]
fn mixed_body() {
    check(
        Rule::MixedBody,
        "SysregFields F\n\
         Field 63:0 X\n\
         EndSysregFields\n\
         \n\
         Sysreg A 3 0 0 0 0\n\
         Fields F\n\
         Field 0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: `Fields` or `Mapping` is the whole layout
              at test.sysreg:7:7
                |
              7 | Field 0 X
                |       ^
              note: the layout is referred to here, at test.sysreg:6:1
        "#]],
    );
}

#[test]
fn mixed_body_of_two_references() {
    check(
        Rule::MixedBody,
        "SysregFields F\n\
         Field 63:0 X\n\
         EndSysregFields\n\
         \n\
         Sysreg A 3 0 0 0 0\n\
         Fields F\n\
         Mapping A\n\
         EndSysreg\n",
        &expect![[r#"
            A: `Fields` or `Mapping` is the whole layout
              at test.sysreg:7:1
                |
              7 | Mapping A
                | ^^^^^^^^^
              note: the layout is referred to here, at test.sysreg:6:1
        "#]],
    );
}

#[test]
fn invalid_value() {
    check(
        Rule::InvalidValue,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         \t0b\tA\n\
         \t0b02\tB\n\
         \t0x1\tC\n\
         \t3\tD\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: `0b` is no binary value
              at test.sysreg:3:2
                |
              3 |  0b A
                |  ^^
              note: the form is `0b` and the digits 0 and 1
            A.X: `0b02` is no binary value
              at test.sysreg:4:2
                |
              4 |  0b02 B
                |  ^^^^
              note: the form is `0b` and the digits 0 and 1
            A.X: `0x1` is no binary value
              at test.sysreg:5:2
                |
              5 |  0x1 C
                |  ^^^
              note: the form is `0b` and the digits 0 and 1
            A.X: `3` is no binary value
              at test.sysreg:6:2
                |
              6 |  3 D
                |  ^
              note: the form is `0b` and the digits 0 and 1
        "#]],
    );
}

#[test]
fn value_too_wide() {
    check(
        Rule::ValueTooWide,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:1\n\
         Enum 0 X\n\
         \t0b0001\tIMP\n\
         \t0b0010\tIMP2\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: `0b0010` does not fit 1 bit
              at test.sysreg:5:2
                |
              5 |  0b0010 IMP2
                |  ^^^^^^
        "#]],
    );
}

#[test]
fn empty_enum() {
    check(
        Rule::EmptyEnum,
        "Sysreg A 3 0 0 0 0\n\
         UnsignedEnum 63:0 X\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            A.X: an enumeration without values
              at test.sysreg:2:19
                |
              2 | UnsignedEnum 63:0 X
                |                   ^
              note: a field without named values is a `Field`
        "#]],
    );
}

#[test]
fn invalid_name() {
    check(
        Rule::InvalidName,
        "Sysreg A-B 3 0 0 0 0\n\
         Enum 63:0 X.Y\n\
         \t0b0\tN/I\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            `A-B` is no name: letters, digits and `_` only
              at test.sysreg:1:8
                |
              1 | Sysreg A-B 3 0 0 0 0
                |        ^^^
            `X.Y` is no name: letters, digits and `_` only
              at test.sysreg:2:11
                |
              2 | Enum 63:0 X.Y
                |           ^^^
            `N/I` is no name: letters, digits and `_` only
              at test.sysreg:3:6
                |
              3 |  0b0 N/I
                |      ^^^
        "#]],
    );
}

#[test]
fn invalid_name_with_control_characters() {
    check(
        Rule::InvalidName,
        "Sysreg \u{1b}[31mA\u{1b}[m 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            `\u{1b}[31mA\u{1b}[m` is no name: letters, digits and `_` only
              at test.sysreg:1:8
                |
              1 | Sysreg �[31mA�[m 3 0 0 0 0
                |        ^^^^^^^^^
        "#]],
    );
}

#[test]
fn invalid_name_with_letters_of_several_bytes() {
    check(
        Rule::InvalidName,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 Größe\n\
         0b0 größer\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            `Größe` is no name: letters, digits and `_` only
              at test.sysreg:2:11
                |
              2 | Enum 63:0 Größe
                |           ^^^^^
            `größer` is no name: letters, digits and `_` only
              at test.sysreg:3:5
                |
              3 | 0b0 größer
                |     ^^^^^^
        "#]],
    );
}

#[test]
fn invalid_name_that_is_too_long_to_show() {
    check(
        Rule::InvalidName,
        "Sysreg A----------------------------------------------------------------------A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            `A---------------------------------------------------------------...` is no name: letters, digits and `_` only
              at test.sysreg:1:8
                |
              1 | Sysreg A----------------------------------------------------------------------A 3 0 0 0 0
                |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn unknown_target() {
    check(
        Rule::UnknownTarget,
        "Sysreg A 3 0 0 0 0\n\
         Fields F\n\
         EndSysreg\n\
         \n\
         Sysreg B 3 0 0 0 1\n\
         Mapping C\n\
         EndSysreg\n",
        &expect![[r#"
            A: no `SysregFields F` in this file
              at test.sysreg:2:8
                |
              2 | Fields F
                |        ^
              note: the register is known, its fields are not
            B: no `Sysreg C` in this file
              at test.sysreg:6:9
                |
              6 | Mapping C
                |         ^
              note: the register is known, its fields are not
        "#]],
    );
}

#[test]
fn circular_mapping() {
    check(
        Rule::CircularMapping,
        "Sysreg A 3 0 0 0 0\n\
         Mapping B\n\
         EndSysreg\n\
         \n\
         Sysreg B 3 0 0 0 1\n\
         Mapping A\n\
         EndSysreg\n\
         \n\
         Sysreg C 3 0 0 0 2\n\
         Mapping C\n\
         EndSysreg\n",
        &expect![[r#"
            A: this mapping leads back to itself
              at test.sysreg:2:9
                |
              2 | Mapping B
                |         ^
              note: by way of `Mapping A`, at test.sysreg:6:9
            C: this mapping leads back to itself
              at test.sysreg:10:9
                 |
              10 | Mapping C
                 |         ^
        "#]],
    );
}

#[test]
fn all_errors_of_a_file_are_reported_at_once() {
    let (source, loaded) = load_text(
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0\n\
         EndSysreg\n\
         Sysreg B 3 0 0 0 9\n\
         Field 63:1 X\n\
         EndSysreg\n\
         EndEnum\n",
    );
    expect![[r#"
        `Field` has 1 word after it where 2 are expected
          at test.sysreg:2:1
            |
          2 | Field 63:0
            | ^^^^^^^^^^
          note: the form is `Field msb[:lsb] name`
        B: `9` is no op2: 0 to 7
          at test.sysreg:4:18
            |
          4 | Sysreg B 3 0 0 0 9
            |                  ^
        B: bit 0 is not described
          at test.sysreg:6:1
            |
          6 | EndSysreg
            | ^^^^^^^^^
          note: the entry above ends at bit 1, at test.sysreg:5:7
        `EndEnum` closes nothing outside any block
          at test.sysreg:7:1
            |
          7 | EndEnum
            | ^^^^^^^
    "#]]
    .assert_eq(&rendered(&source, &loaded));
}

#[test]
fn a_broken_register_leaves_the_others_in_the_model() {
    let (_, loaded) = load_text(
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         EndSysreg\n\
         Sysreg B 3 0 0 0 1\n\
         Field 63:1 X\n\
         EndSysreg\n\
         SysregFields F\n\
         Field 63:0 X\n\
         EndSysregFields\n\
         Sysreg C 3 0 0 0 2\n\
         Fields F\n\
         EndSysreg\n\
         Sysreg D 3 0 0 0 3\n\
         Mapping B\n\
         EndSysreg\n",
    );
    assert_eq!(loaded.diagnostics.len(), 1);
    let model = &loaded.model;
    let registers: Vec<_> = model
        .registers()
        .map(|register| (register.name(), model.layout(register).is_some()))
        .collect();
    assert_eq!(registers, [("A", true), ("C", true), ("D", false)]);
}
