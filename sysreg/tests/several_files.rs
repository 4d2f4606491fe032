//! Several files as one description.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "UPDATE_EXPECT=1 writes them"
)]

use expect_test::{Expect, expect};
use std::fmt::Write;
use sysreg::{Loaded, Location, Source, Span, load, render};

const A: &str = "Sysreg A 3 0 0 0 0\nField 63:0 X\nEndSysreg\n";
const F: &str = "SysregFields F\nField 63:0 X\nEndSysregFields\n";

/// Joins texts as the files `1.sysreg`, `2.sysreg` and so on.
fn join(texts: &[&str]) -> Source {
    let file = |(index, text): (usize, &&str)| {
        Source::new(format!("{}.sysreg", index + 1), *text).expect("a test's text is small")
    };
    Source::join(texts.iter().enumerate().map(file)).expect("a test's texts are small")
}

/// Loads files, and compares the names of registers with a layout and the diagnostics.
fn check(texts: &[&str], registers: &[&str], expected: &Expect) {
    let source = join(texts);
    let Loaded { model, diagnostics } = load(&source);
    let found = model
        .registers()
        .filter(|register| model.layout(register).is_some());
    let found: Vec<&str> = found.map(sysreg::Register::name).collect();
    assert_eq!(found, registers);
    let mut shown = String::new();
    for diagnostic in &diagnostics {
        // Writing to a String cannot fail.
        let _ = writeln!(shown, "{}", render(&source, diagnostic));
    }
    expected.assert_eq(&shown);
}

#[test]
fn a_place_is_in_its_own_file() {
    let source = join(&["ab\ncd", "", "ef\n", "gh"]);
    let place = |offset| source.location(offset).to_string();
    assert_eq!(place(4), "1.sysreg:2:2");
    assert_eq!(place(5), "3.sysreg:1:1");
    assert_eq!(place(7), "3.sysreg:1:3");
    assert_eq!(place(9), "4.sysreg:1:2");
    assert_eq!(source.line_at(4), "cd");
    assert_eq!(source.line_at(5), "ef");
    assert_eq!(source.line_at(9), "gh");
    assert_eq!(source.text(), "ab\ncdef\ngh");
    assert_eq!(source.slice(Span { start: 5, end: 7 }), "ef");
    assert_eq!(source.name(), "1.sysreg, 2.sysreg, 3.sysreg, 4.sysreg");
}

#[test]
fn a_place_is_in_the_file_of_its_index() {
    let source = join(&["ab\ncd", "", "ef\n", "gh"]);
    let files = [0, 4, 5, 7, 8, 10, 99].map(|offset| source.file_index(offset));
    assert_eq!(files, [0, 0, 2, 2, 3, 3, 3]);
    assert_eq!(join(&[]).file_index(0), 0);
}

#[test]
fn joined_files_can_be_joined_again() {
    let source = Source::join([join(&["ab\n", "cd"]), join(&["ef\ngh"])]).unwrap();
    let places = [0, 3, 5, 8].map(|offset| source.location(offset).to_string());
    assert_eq!(
        places,
        [
            "1.sysreg:1:1",
            "2.sysreg:1:1",
            "1.sysreg:1:1",
            "1.sysreg:2:1"
        ]
    );
}

#[test]
fn one_file_is_the_same_as_before() {
    let text = "Sysreg A 3 0 0 0 0\nField 63:1 X\nEndSysreg\n";
    let (alone, joined) = (Source::new("1.sysreg", text).unwrap(), join(&[text]));
    let (before, after) = (load(&alone).diagnostics, load(&joined).diagnostics);
    assert_eq!(before, after);
    assert_eq!(render(&alone, &before[0]), render(&joined, &after[0]));
    assert_eq!(alone.name(), joined.name());
}

#[test]
fn no_file_is_a_description_of_nothing() {
    let source = join(&[]);
    assert!(load(&source).model.items().is_empty());
    let (file, line, column) = ("", 1, 1);
    assert_eq!(source.location(0), Location { file, line, column });
    assert_eq!(source.line_at(0), "");
}

#[test]
fn a_missing_last_newline_is_no_matter() {
    let b = "Sysreg B 3 0 0 0 1\nField 63:0 X\nEndSysreg";
    check(&[A.trim_end(), b, F], &["A", "B"], &expect![""]);
}

#[test]
fn a_reference_is_to_any_file() {
    let b = "Sysreg B 3 0 0 0 1\nFields F\nEndSysreg\n";
    let c = "Sysreg C 3 0 0 0 2\nMapping A\nEndSysreg\n";
    check(&[b, F, A, c], &["B", "A", "C"], &expect![""]);
}

#[test]
fn a_reference_to_no_file() {
    let b = "Sysreg B 3 0 0 0 1\nFields G\nEndSysreg\n";
    check(
        &[F, b],
        &[],
        &expect![[r#"
        B: no `SysregFields G` in this description
          at 2.sysreg:2:8
            |
          2 | Fields G
            |        ^
          note: the register is known, its fields are not
    "#]],
    );
}

#[test]
fn a_block_ends_in_its_file() {
    let b = "Sysreg B 3 0 0 0 1\nRes0 63:0\n";
    check(
        &[b, A, "EndSysreg\n"],
        &["A"],
        &expect![[r#"
        B: `Sysreg` without `EndSysreg`
          at 1.sysreg:1:1
            |
          1 | Sysreg B 3 0 0 0 1
            | ^^^^^^^^^^^^^^^^^^
          note: the file ends before `EndSysreg`
        `EndSysreg` closes nothing outside any block
          at 3.sysreg:1:1
            |
          1 | EndSysreg
            | ^^^^^^^^^
    "#]],
    );
}

#[test]
fn a_second_register_of_one_name() {
    let again = "# another A\nSysreg A 3 0 0 0 1\nRes0 63:0\nEndSysreg\n";
    check(
        &[A, again],
        &["A"],
        &expect![[r#"
        A: a second `Sysreg` of this name
          at 2.sysreg:2:8
            |
          2 | Sysreg A 3 0 0 0 1
            |        ^
          note: the first one is here, at 1.sysreg:1:8
    "#]],
    );
}

#[test]
fn a_second_layout_of_one_name() {
    check(
        &[F, A, F],
        &["A"],
        &expect![[r#"
        F: a second `SysregFields` of this name
          at 3.sysreg:1:14
            |
          1 | SysregFields F
            |              ^
          note: the first one is here, at 1.sysreg:1:14
    "#]],
    );
}

#[test]
fn a_second_register_of_one_encoding() {
    let b = "Sysreg B 3 0 0 0 0\nField 63:0 X\nEndSysreg\n";
    check(
        &[A, b],
        &["A", "B"],
        &expect![[r#"
        B: `A` has the encoding 3 0 0 0 0 too
          at 2.sysreg:1:8
            |
          1 | Sysreg B 3 0 0 0 0
            |        ^
          note: that one is here, at 1.sysreg:1:8
    "#]],
    );
}

#[test]
fn a_circle_of_mappings_through_two_files() {
    let b = "Sysreg B 3 0 0 0 1\nMapping C\nEndSysreg\n";
    let c = "Sysreg C 3 0 0 0 2\nMapping B\nEndSysreg\n";
    check(
        &[b, A, c],
        &["A"],
        &expect![[r#"
        B: this mapping leads back to itself
          at 1.sysreg:2:9
            |
          2 | Mapping C
            |         ^
          note: by way of `Mapping B`, at 3.sysreg:2:9
    "#]],
    );
}

#[test]
fn line_ends_are_reported_once_for_each_file() {
    let text = A.replace('\n', "\r\n");
    let other = "# nothing\r\n# more\r\n";
    check(
        &[&text, F, other],
        &["A"],
        &expect![[r#"
        the line ends in CR LF
          at 1.sysreg:1:19
            |
          1 | Sysreg A 3 0 0 0 0
            |                   ^
          note: the kernel's generator takes LF alone; convert the whole file
        the line ends in CR LF
          at 3.sysreg:1:10
            |
          1 | # nothing
            |          ^
          note: the kernel's generator takes LF alone; convert the whole file
    "#]],
    );
}

#[test]
fn a_byte_order_mark_is_at_the_start_of_its_file() {
    check(
        &[A, "\u{feff}# mine\n"],
        &["A"],
        &expect![[r#"
        `\u{feff}#` is not a statement outside any block
          at 2.sysreg:1:1
            |
          1 | ﻿# mine
            | ^^
          note: the file begins with a byte order mark; save it without one
    "#]],
    );
}
