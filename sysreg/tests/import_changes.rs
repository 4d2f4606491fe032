//! Comparison of two descriptions: changes of registers, fields and values, and breaks.

use expect_test::{Expect, expect};
use sysreg::{Changes, Model, Source, load};

fn model(text: &str) -> Model {
    let loaded = load(&Source::new("test.sysreg", text).expect("a test's text is small"));
    assert!(!loaded.diagnostics.iter().any(sysreg::Diagnostic::is_error));
    loaded.model
}

/// Compares two descriptions, and checks the report and the break.
fn check(old: &str, new: &str, is_break: bool, expected: &Expect) {
    let changes = Changes::between(&model(old), &model(new));
    expected.assert_eq(&changes.to_string());
    assert_eq!(changes.is_break(), is_break);
    let breaks = changes.all().iter().any(|change| change.kind.is_break());
    assert_eq!(breaks, is_break);
}

/// Compares two layouts of register `A`.
fn check_layouts(old: &str, new: &str, is_break: bool, expected: &Expect) {
    let register = |layout: &str| format!("Sysreg A 3 0 0 1 0\n{layout}\nEndSysreg\n");
    check(&register(old), &register(new), is_break, expected);
}

/// Compares the values of two fields of the same name and bits.
fn check_values(old: &str, new: &str, is_break: bool, expected: &Expect) {
    let field = |values: &str| format!("Enum 63:0 F\n{values}\nEndEnum");
    check_layouts(&field(old), &field(new), is_break, expected);
}

const A: &str = "Sysreg A 3 0 0 1 0\nField 63:0 X\nEndSysreg\n";
const B: &str = "Sysreg B 3 0 0 1 1\nRes0 63:2\nField 1 X\nField 0 Y\nEndSysreg\n";

#[test]
fn nothing_changes() {
    check(A, A, false, &expect!["no changes"]);
}

#[test]
fn order_is_no_change() {
    let [one, other] = [format!("{A}{B}"), format!("{B}{A}")];
    check(&one, &other, false, &expect!["no changes"]);
    check_values(
        "0b0 NI\n0b1 IMP",
        "0b1 IMP\n0b0 NI",
        false,
        &expect!["no changes"],
    );
}

#[test]
fn the_place_of_a_layout_is_no_change() {
    let shared = "SysregFields S\nField 63:0 X\nEndSysregFields\n\
                  Sysreg A 3 0 0 1 0\nFields S\nEndSysreg\n";
    check(A, shared, false, &expect!["no changes"]);
}

#[test]
fn a_register_is_added() {
    check(
        A,
        &format!("{A}{B}"),
        false,
        &expect![[r"
            registers added: 1
              B (3 0 0 1 1): 2 fields
            1 change, which breaks no existing property"]],
    );
}

#[test]
fn a_register_is_removed() {
    check(
        &format!("{A}{B}"),
        B,
        true,
        &expect![[r"
            registers removed: 1 (break)
              A (3 0 0 1 0): 1 field
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_register_is_renamed() {
    let renamed = A.replace("Sysreg A", "Sysreg NEW");
    check(
        A,
        &renamed,
        true,
        &expect![[r"
            registers renamed: 1 (break)
              A -> NEW
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_register_is_moved() {
    check(
        A,
        &A.replace("3 0 0 1 0", "3 0 0 1 7"),
        true,
        &expect![[r"
            registers moved: 1 (break)
              A: 3 0 0 1 0 -> 3 0 0 1 7
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn the_fields_of_a_renamed_register_are_compared() {
    check(
        "Sysreg OLD 3 0 0 1 0\nField 63:2 X\nField 1 Y\nField 0 Z\nEndSysreg\n",
        "Sysreg NEW 3 0 0 1 0\nField 63:2 X\nField 1 Y2\nRes0 0\nEndSysreg\n",
        true,
        &expect![[r"
            registers renamed: 1 (break)
              OLD -> NEW
            fields removed: 1 (break)
              SYSREG_OLD_Z: 0
            fields renamed: 1 (break)
              SYSREG_OLD_Y -> SYSREG_NEW_Y2
            3 changes, 3 of which break existing properties"]],
    );
}

#[test]
fn a_register_whose_layout_is_nowhere_has_no_fields() {
    let opaque = "Sysreg A 3 0 0 1 0\nFields S\nEndSysreg\n";
    check(
        A,
        opaque,
        true,
        &expect![[r"
            fields removed: 1 (break)
              SYSREG_A_X: 63:0
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_field_is_added() {
    check_layouts(
        "Res0 63:0",
        "Res0 63:4\nField 3:0 X",
        false,
        &expect![[r"
            fields added: 1
              SYSREG_A_X: 3:0
            1 change, which breaks no existing property"]],
    );
}

#[test]
fn a_field_is_removed() {
    check_layouts(
        "Field 63:0 X",
        "Res0 63:0",
        true,
        &expect![[r"
            fields removed: 1 (break)
              SYSREG_A_X: 63:0
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_field_is_renamed() {
    check_layouts(
        "Field 63:0 X",
        "Field 63:0 Y",
        true,
        &expect![[r"
            fields renamed: 1 (break)
              SYSREG_A_X -> SYSREG_A_Y
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_field_is_moved() {
    check_layouts(
        "Res0 63:4\nField 3:0 X",
        "Res0 63:8\nField 7:4 X\nRes0 3:0",
        true,
        &expect![[r"
            fields moved: 1 (break)
              SYSREG_A_X: 3:0 -> 7:4
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_field_that_is_wider_is_moved() {
    check_layouts(
        "Res0 63:4\nField 3:0 X",
        "Res0 63:5\nField 4:0 X",
        true,
        &expect![[r"
            fields moved: 1 (break)
              SYSREG_A_X: 3:0 -> 4:0
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn fields_that_swap_their_bits_are_moved() {
    check_layouts(
        "Res0 63:2\nField 1 X\nField 0 Y",
        "Res0 63:2\nField 1 Y\nField 0 X",
        true,
        &expect![[r"
            fields moved: 2 (break)
              SYSREG_A_X: 1 -> 0
              SYSREG_A_Y: 0 -> 1
            2 changes, 2 of which break existing properties"]],
    );
}

#[test]
fn a_value_is_added() {
    check_values(
        "0b0 NI",
        "0b0 NI\n0b1 IMP",
        false,
        &expect![[r"
            values added: 1
              SYSREG_A_F=0x1: `IMP`
            1 change, which breaks no existing property"]],
    );
}

#[test]
fn a_value_is_removed() {
    check_values(
        "0b0 NI\n0b1 IMP",
        "0b0 NI",
        true,
        &expect![[r"
            values removed: 1 (break)
              SYSREG_A_F=0x1: `IMP`
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_value_is_renamed() {
    check_values(
        "0b0 NI\n0b1 IMP",
        "0b0 NI\n0b1 V1",
        true,
        &expect![[r"
            values renamed: 1 (break)
              SYSREG_A_F=0x1: `IMP` -> `V1`
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn a_name_stands_for_another_value() {
    check_values(
        "0b0 NI\n0b1 IMP",
        "0b0 NI\n0b10 IMP",
        true,
        &expect![[r"
            values changed: 1 (break)
              SYSREG_A_F: `IMP` 0x1 -> 0x2
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn of_two_names_for_a_value_one_is_removed() {
    check_values(
        "0b1 SME\n0b1 IMP",
        "0b1 SME",
        true,
        &expect![[r"
            values removed: 1 (break)
              SYSREG_A_F=0x1: `IMP`
            1 change, which breaks existing properties"]],
    );
}

#[test]
fn two_names_for_a_value_are_renamed_in_their_order() {
    check_values(
        "0b1 A\n0b1 B",
        "0b1 C\n0b1 D",
        true,
        &expect![[r"
            values renamed: 2 (break)
              SYSREG_A_F=0x1: `A` -> `C`
              SYSREG_A_F=0x1: `B` -> `D`
            2 changes, 2 of which break existing properties"]],
    );
}

#[test]
fn another_kind_of_the_same_sign_breaks_nothing() {
    check_layouts(
        "Enum 63:0 X\n0b0 NI\nEndEnum",
        "UnsignedEnum 63:0 X\n0b0 NI\nEndEnum",
        false,
        &expect![[r"
            kinds changed: 1
              SYSREG_A_X: Enum -> UnsignedEnum
            1 change, which breaks no existing property"]],
    );
}

#[test]
fn another_sign_is_a_break() {
    check_layouts(
        "Enum 63:32 X\n0b0 NI\nEndEnum\nSignedEnum 31:0 Y\n0b0 NI\nEndEnum",
        "SignedEnum 63:32 X\n0b0 NI\nEndEnum\nUnsignedEnum 31:0 Y\n0b0 NI\nEndEnum",
        true,
        &expect![[r"
            signs changed: 2 (break)
              SYSREG_A_X: Enum -> SignedEnum
              SYSREG_A_Y: SignedEnum -> UnsignedEnum
            2 changes, 2 of which break existing properties"]],
    );
}

#[test]
fn a_kind_without_values_removes_them() {
    check_layouts(
        "Enum 63:0 X\n0b0 NI\nEndEnum",
        "Field 63:0 X",
        true,
        &expect![[r"
            values removed: 1 (break)
              SYSREG_A_X=0x0: `NI`
            kinds changed: 1
              SYSREG_A_X: Enum -> Field
            2 changes, 1 of which breaks existing properties"]],
    );
}

#[test]
fn bits_are_reserved_in_another_way() {
    check_layouts(
        "Res0 63:4\nRes1 3:2\nUnkn 1:0",
        "Res0 63:3\nRes1 2:1\nRaz 0",
        false,
        &expect![[r"
            reserved bits changed: 1
              A: 0x000000000000000b
            1 change, which breaks no existing property"]],
    );
}

#[test]
fn several_changes_are_counted() {
    check_layouts(
        "Field 63:8 X\nField 7:4 Y\nRes0 3:0",
        "Field 63:8 Z\nRes0 7:4\nField 3:0 NEW",
        true,
        &expect![[r"
            fields removed: 1 (break)
              SYSREG_A_Y: 7:4
            fields renamed: 1 (break)
              SYSREG_A_X -> SYSREG_A_Z
            fields added: 1
              SYSREG_A_NEW: 3:0
            3 changes, 2 of which break existing properties"]],
    );
    check_layouts(
        "Field 63:8 X\nRes0 7:0",
        "Field 63:8 X\nField 7:4 Y\nField 3:0 Z",
        false,
        &expect![[r"
            fields added: 2
              SYSREG_A_Y: 7:4
              SYSREG_A_Z: 3:0
            2 changes, none of which breaks an existing property"]],
    );
}
