//! Recovery: one mistake is one diagnostic, and the lines after it are read as usual.

use sysreg::{Source, load};

fn source(text: &str) -> Source {
    Source::new("test.sysreg", text).expect("a test's text is small")
}

/// Loads a text and compares its diagnostics, each as `line:column message`.
fn check(text: &str, expected: &[&str]) {
    let source = source(text);
    let found: Vec<String> = load(&source)
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let place = source.location(diagnostic.span.start);
            format!("{}:{} {diagnostic}", place.line, place.column)
        })
        .collect();
    assert_eq!(found, expected, "in\n{text}");
}

#[test]
fn invalid_bits_leave_no_gap() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:8\nField 4:7 X\nField 3:0 Y\nEndSysreg\n",
        &["3:7 A.X: `4:7` is no bit range"],
    );
}

#[test]
fn a_misspelt_statement_leaves_no_gap() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:8\nFeild 7:4 X\nField 3:0 Y\nEndSysreg\n",
        &["3:1 `Feild` is not a statement in a `Sysreg` block"],
    );
}

#[test]
fn a_missing_word_leaves_no_gap() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:8\nField 7:4\nField 3:0 Y\nEndSysreg\n",
        &["3:1 `Field` has 1 word after it where 2 are expected"],
    );
}

#[test]
fn overlapping_bits_leave_no_gap() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:8\nField 6:3 X\nField 3:0 Y\nEndSysreg\n",
        &["4:7 A.Y: bits 3:0 overlap `X`"],
    );
}

#[test]
fn an_entry_that_reaches_too_far_down_is_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:1\nField 7:4 X\nField 3:0 Y\nEndSysreg\n",
        &["3:7 A.X: bits 7:4 overlap `Res0`"],
    );
}

#[test]
fn values_of_a_field_that_is_too_narrow_are_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:1\nEnum 0 X\n0b00 A\n0b10 B\n0b11 C\nEndEnum\nEndSysreg\n",
        &["5:1 A.X: `0b10` does not fit 1 bit"],
    );
}

#[test]
fn swapped_entries_are_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:12\nField 7:4 X\nField 11:8 Y\nField 3:0 Z\nEndSysreg\n",
        &["4:7 A: bits 11:8 come too late"],
    );
}

#[test]
fn a_line_copied_twice_is_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:4\nField 3:0 X\nField 3:0 X\nEndSysreg\n",
        &["4:11 A.X: a second field of this name"],
    );
}

#[test]
fn a_value_copied_twice_is_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:4\nEnum 3:0 X\n0b0000 NI\n0b0000 NI\nEndEnum\nEndSysreg\n",
        &["5:8 A.X: a second value named `NI`"],
    );
}

#[test]
fn a_third_one_refers_to_the_first() {
    let source =
        source("Sysreg A 3 0 0 0 0\nRes0 63:3\nField 2 X\nField 1 X\nField 0 X\nEndSysreg\n");
    let diagnostics = load(&source).diagnostics;
    let lines: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| {
            source
                .location(diagnostic.notes[0].span.unwrap().start)
                .line
        })
        .collect();
    assert_eq!(lines, [3, 3]);
}

#[test]
fn an_enumeration_of_broken_values_is_not_empty() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:1\nEnum 0 X\nOb0 NI\nEndEnum\nEndSysreg\n",
        &["4:1 `Ob0` is not a statement in an enumeration"],
    );
}

#[test]
fn a_misspelt_enum_takes_its_values_along() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:1\nEnun 0 X\n0b0 NI\n0b1 IMP\nEndEnum\nEndSysreg\n",
        &["3:1 `Enun` is not a statement in a `Sysreg` block"],
    );
}

#[test]
fn values_below_a_plain_field_are_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:1\nField 0 X\n0b0 NI\n0b1 IMP\nEndEnum\nEndSysreg\n",
        &["4:1 `0b0` is not a statement in a `Sysreg` block"],
    );
}

#[test]
fn a_missing_end_of_an_enumeration_ends_at_the_next_entry() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:8\nEnum 7:4 X\n0b0000 NI\nEnum 3:0 Y\n0b0000 NI\nEndEnum\n\
         EndSysreg\n",
        &["3:1 X: `Enum` without `EndEnum`"],
    );
}

#[test]
fn a_misspelt_end_of_an_enumeration_is_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:4\nEnum 3:1 Y\n0b000 NI\nEndEnun\nField 0 Z\nEndSysreg\n",
        &["5:1 `EndEnun` is not a statement in an enumeration"],
    );
}

#[test]
fn a_missing_end_of_a_prefix_does_not_mix_two_layouts() {
    check(
        "Sysreg A 3 0 0 0 0\nPrefix P\nField 63:0 X\nField 63:32 X\nField 31:0 Y\nEndSysreg\n",
        &["2:1 P: `Prefix` without `EndPrefix`"],
    );
}

#[test]
fn a_missing_end_of_a_prefix_ends_at_the_next_prefix() {
    check(
        "Sysreg A 3 0 0 0 0\nPrefix P\nField 63:0 X\nPrefix Q\nField 63:0 X\nEndPrefix\n\
         Field 63:0 X\nEndSysreg\n",
        &["2:1 P: `Prefix` without `EndPrefix`"],
    );
}

#[test]
fn a_missing_end_of_a_register_ends_at_the_next_block() {
    check(
        "Sysreg A 3 0 0 0 0\nField 63:0 X\nSysreg B 3 0 0 0 1\nField 63:0 X\nEndSysreg\n",
        &["1:1 A: `Sysreg` without `EndSysreg`"],
    );
}

#[test]
fn the_wrong_end_is_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nField 63:0 X\nEndSysregFields\n\nSysreg B 3 0 0 0 1\nField 63:0 X\n\
         EndSysreg\n",
        &["3:1 `EndSysregFields` closes nothing in a `Sysreg` block"],
    );
}

#[test]
fn a_file_that_stops_within_blocks_is_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nPrefix P\nEnum 63:0 X\n0b0 NI\n",
        &["3:1 X: `Enum` without `EndEnum`"],
    );
}

#[test]
fn a_misspelt_register_takes_its_body_along() {
    check(
        "SysReg A 3 0 0 0 0\nRes0 63:1\nEnum 0 X\n0b0 NI\nEndEnum\nEndSysreg\nRes0 63:0\n",
        &[
            "1:1 `SysReg` is not a statement outside any block",
            "7:1 `Res0` is not a statement outside any block",
        ],
    );
}

#[test]
fn a_byte_order_mark_is_one_mistake_and_visible() {
    check(
        "\u{feff}Sysreg A 3 0 0 0 0\nRes0 63:0\nEndSysreg\n",
        &["1:1 `\\u{feff}Sysreg` is not a statement outside any block"],
    );
}

#[test]
fn a_register_with_a_broken_first_line_is_still_known() {
    check(
        "Sysreg A 3 0 0 0\nField 63:0 X\nEndSysreg\nSysreg B 3 0 0 0 1\nMapping A\nEndSysreg\n",
        &["1:1 `Sysreg` has 5 words after it where 6 are expected"],
    );
}

#[test]
fn a_layout_with_a_broken_first_line_is_still_known() {
    check(
        "SysregFields A A\nField 63:0 X\nEndSysregFields\nSysreg B 3 0 0 0 1\nFields A\n\
         EndSysreg\n",
        &["1:1 `SysregFields` has 2 words after it where 1 is expected"],
    );
}

#[test]
fn a_register_with_a_broken_first_line_has_its_body_checked() {
    check(
        "Sysreg A 3 0 0 0\nField 63:1 X\nEndSysreg\n",
        &[
            "1:1 `Sysreg` has 5 words after it where 6 are expected",
            "3:1 A: bit 0 is not described",
        ],
    );
}

#[test]
fn a_whole_layout_beside_a_reference_is_one_mistake() {
    check(
        "SysregFields F\nRes0 63:0\nEndSysregFields\nSysreg A 3 0 0 0 0\nFields F\nRes0 63:4\n\
         Field 3:0 X\nEndSysreg\n",
        &["6:6 A: `Fields` or `Mapping` is the whole layout"],
    );
}

#[test]
fn a_circle_of_mappings_is_one_mistake() {
    check(
        "Sysreg C 3 0 0 0 0\nMapping A\nEndSysreg\nSysreg A 3 0 0 0 1\nMapping B\nEndSysreg\n\
         Sysreg B 3 0 0 0 2\nMapping A\nEndSysreg\n",
        &["5:9 A: this mapping leads back to itself"],
    );
}

/// The model contains the first `A`, so its mapping decides.
#[test]
fn a_circle_through_the_first_of_two_registers_is_found() {
    let text = "Sysreg A 3 0 0 0 0\nMapping B\nEndSysreg\nSysreg B 3 0 0 0 1\nMapping A\n\
                EndSysreg\n\
                Sysreg A 3 0 0 0 2\nMapping C\nEndSysreg\nSysreg C 3 0 0 0 3\nRes0 63:0\n\
                EndSysreg\n";
    check(
        text,
        &[
            "2:9 A: this mapping leads back to itself",
            "7:8 A: a second `Sysreg` of this name",
        ],
    );
    let model = load(&source(text)).model;
    for register in model.registers() {
        let _ = model.layout(register);
    }
}

#[test]
fn two_enumerations_run_together_are_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:2\nEnum 1 X\n0b0 NI\n0b1 IMP\nEndEnun Enum 0 Y\n0b0 NI\n\
         0b1 IMP\nEndEnum\nEndSysreg\n",
        &["6:1 `EndEnun` is not a statement in an enumeration"],
    );
}

#[test]
fn two_registers_run_together_are_one_mistake() {
    check(
        "Sysreg A 3 0 0 0 0\nRes0 63:1\nField 0 X\nEndSysReg Sysreg B 3 0 0 0 1\nRes0 63:1\n\
         Field 0 X\nEndSysreg\n",
        &["4:1 `EndSysReg` is not a statement in a `Sysreg` block"],
    );
}

#[test]
fn a_comment_after_a_first_line_is_no_name() {
    check(
        "SysregFields # of A\nField 63:0 X\nEndSysregFields\nSysreg # A\nField 63:0 X\nEndSysreg\n",
        &[
            "1:1 `SysregFields` has 3 words after it where 1 is expected",
            "4:1 `Sysreg` has 2 words after it where 6 are expected",
        ],
    );
}
