//! Rules about unique encodings and names, and about bodies that exclude each other.

use crate::check;
use expect_test::expect;
use sysreg::{Loaded, Register, Rule, Severity, Source, load, load_strict};

#[test]
fn invalid_encoding() {
    check(
        Rule::InvalidEncoding,
        "Sysreg A 4 8 16 0xf -1\n\
         Field 63:0 X\n\
         EndSysreg\n",
        &expect![[r#"
            A: `4` is no op0; allowed: 0 to 3
              at test.sysreg:1:10
                |
              1 | Sysreg A 4 8 16 0xf -1
                |          ^
            A: `8` is no op1; allowed: 0 to 7
              at test.sysreg:1:12
                |
              1 | Sysreg A 4 8 16 0xf -1
                |            ^
            A: `16` is no CRn; allowed: 0 to 15
              at test.sysreg:1:14
                |
              1 | Sysreg A 4 8 16 0xf -1
                |              ^^
            A: `0xf` is no CRm; allowed: 0 to 15
              at test.sysreg:1:17
                |
              1 | Sysreg A 4 8 16 0xf -1
                |                 ^^^
            A: `-1` is no op2; allowed: 0 to 7
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

/// DBGDTRRX_EL0 is read and DBGDTRTX_EL0 is written by one encoding.
#[test]
fn shared_encoding_leaves_both_registers() {
    let text = "Sysreg RX_EL0 2 3 0 5 0\nField 63:0 X\nEndSysreg\n\
                Sysreg TX_EL0 2 3 0 5 0\nField 63:0 X\nEndSysreg\n";
    let source = Source::new("test.sysreg", text).unwrap();
    for load in [load, load_strict] {
        let loaded = load(&source);
        let severities: Vec<_> = loaded.diagnostics.iter().map(|d| d.severity).collect();
        assert_eq!(severities, [Severity::Warning]);
        let names: Vec<_> = loaded.model.registers().map(Register::name).collect();
        assert_eq!(names, ["RX_EL0", "TX_EL0"]);
    }
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
fn duplicate_value_in_strict_mode() {
    let source = Source::new(
        "test.sysreg",
        "Sysreg A 3 0 0 0 0\n\
         Enum 63:0 X\n\
         0b0 NI\n\
         0b0 NONE\n\
         EndEnum\n\
         EndSysreg\n",
    )
    .unwrap();
    let found = |loaded: &Loaded| {
        let [diagnostic] = loaded.diagnostics.as_slice() else {
            panic!("{:#?}", loaded.diagnostics);
        };
        let registers = loaded.model.registers().count();
        (diagnostic.rule, diagnostic.severity, registers)
    };
    let rule = Rule::DuplicateValue;
    assert_eq!(found(&load(&source)), (rule, Severity::Warning, 1));
    assert_eq!(found(&load_strict(&source)), (rule, Severity::Error, 0));
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
fn mixed_body_with_the_reference_last() {
    check(
        Rule::MixedBody,
        "SysregFields F\n\
         Field 63:0 X\n\
         EndSysregFields\n\
         \n\
         Sysreg A 3 0 0 0 0\n\
         Field 63:0 X\n\
         Fields F\n\
         EndSysreg\n",
        &expect![[r#"
            A: `Fields` or `Mapping` is the whole layout
              at test.sysreg:6:7
                |
              6 | Field 63:0 X
                |       ^^^^
              note: the layout is referred to here, at test.sysreg:7:1
        "#]],
    );
}
