//! Rules about enumerations and names.

use crate::check;
use expect_test::expect;
use sysreg::{MAX_NAME, Rule};

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

/// The value decides, not its digits: TRFCR_EL1.TS in Linux 7.2 has two bits and four digits.
#[test]
fn value_too_wide_is_not_about_leading_zeros() {
    check(
        Rule::ValueTooWide,
        "Sysreg A 3 0 0 0 0\n\
         Res0 63:2\n\
         Enum 1:0 X\n\
         0b0000 NI\n\
         0b0011 IMP\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![""],
    );
}

#[test]
fn value_too_wide_for_any_register() {
    let digits = "1".repeat(65);
    let zeros = "0".repeat(65);
    check(
        Rule::ValueTooWide,
        &format!(
            "Sysreg A 3 0 0 0 0\n\
             Enum 63:0 X\n\
             0b{digits} MAX\n\
             0b{zeros} NI\n\
             EndEnum\n\
             EndSysreg\n"
        ),
        &expect![[r#"
            A.X: `0b<60 x "1">11...` does not fit 64 bits
              at test.sysreg:3:1
                |
              3 | 0b<60 x "1">11111 MAX
                | <60 x "^">^^^^^^^
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
fn invalid_name_of_too_many_characters() {
    let longest = "A".repeat(MAX_NAME);
    let text = |name: &str| format!("SysregFields F\nField 63:0 {name}\nEndSysregFields\n");
    check(Rule::InvalidName, &text(&longest), &expect![""]);
    check(
        Rule::InvalidName,
        &text(&format!("{longest}A")),
        &expect![[r#"
            `<60 x "A">AAAA...` is too long for a name: 101 characters, at most 100
              at test.sysreg:2:12
                |
              2 | Field 63:0 <60 x "A">AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
                |            <60 x "^">^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        "#]],
    );
}

#[test]
fn invalid_name_that_is_too_long_to_show() {
    let dashes = "-".repeat(70);
    check(
        Rule::InvalidName,
        &format!("Sysreg A{dashes}A 3 0 0 0 0\nField 63:0 X\nEndSysreg\n"),
        &expect![[r#"
            `A<60 x "-">---...` is no name: letters, digits and `_` only
              at test.sysreg:1:8
                |
              1 | Sysreg A<60 x "-">----------A 3 0 0 0 0
                |        <60 x "^">^^^^^^^^^^^^
        "#]],
    );
}
