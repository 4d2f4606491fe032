//! Rules about lines, words and blocks.

use crate::check;
use expect_test::expect;
use sysreg::Rule;

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

/// The kernel's generator reads every line with `0b0` or `0b1` in it as a value.
#[test]
fn unknown_statement_in_an_enumeration() {
    check(
        Rule::UnknownStatement,
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         X0b10 B\n\
         Res0 0b1\n\
         IMP\n\
         EndEnum\n\
         EndSysreg\n",
        &expect![[r#"
            `X0b10` is not a statement in an enumeration
              at test.sysreg:3:1
                |
              3 | X0b10 B
                | ^^^^^
            `Res0` is not a statement in an enumeration
              at test.sysreg:4:1
                |
              4 | Res0 0b1
                | ^^^^
            `IMP` is not a statement in an enumeration
              at test.sysreg:5:1
                |
              5 | IMP
                | ^^^
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
fn unterminated_block_of_every_kind() {
    check(
        Rule::UnterminatedBlock,
        "Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         SysregFields B\n\
         Field 63:0 X\n\
         Sysreg C 3 0 0 0 1\n\
         Prefix P\n\
         Field 63:0 X\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: `Sysreg` without `EndSysreg`
              at test.sysreg:1:1
                |
              1 | Sysreg A 3 0 0 0 0
                | ^^^^^^^^^^^^^^^^^^
              note: `EndSysreg` is missing before `SysregFields`, at test.sysreg:3:1
            B: `SysregFields` without `EndSysregFields`
              at test.sysreg:3:1
                |
              3 | SysregFields B
                | ^^^^^^^^^^^^^^
              note: `EndSysregFields` is missing before `Sysreg`, at test.sysreg:5:1
            P: `Prefix` without `EndPrefix`
              at test.sysreg:6:1
                |
              6 | Prefix P
                | ^^^^^^^^
              note: `EndPrefix` is missing before `EndSysreg`, at test.sysreg:9:1
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
