//! Sources: texts, places and lines.

use expect_test::{Expect, expect};
use sysreg::{AARCH64_ID, Location, Source, Span, load, render};

fn check(text: &str, offset: u32, line: usize, column: usize, line_text: &str) {
    let source = Source::new("test.sysreg", text).expect("a test's text is small");
    let file = "test.sysreg";
    assert_eq!(source.location(offset), Location { file, line, column });
    assert_eq!(source.line_at(offset), line_text);
}

#[test]
fn a_place_is_counted_from_one() {
    check("ab\ncd\n", 0, 1, 1, "ab");
    check("ab\ncd\n", 4, 2, 2, "cd");
}

#[test]
fn a_line_end_belongs_to_its_line() {
    check("ab\ncd\n", 2, 1, 3, "ab");
}

#[test]
fn a_last_newline_starts_an_empty_line() {
    check("ab\n", 3, 2, 1, "");
}

#[test]
fn a_column_is_in_characters() {
    check("Größe\n", 7, 1, 6, "Größe");
}

#[test]
fn a_carriage_return_is_no_part_of_a_line() {
    check("ab\r\ncd", 4, 2, 1, "cd");
    check("ab\r\ncd", 0, 1, 1, "ab");
}

#[test]
fn a_place_past_the_end_is_harmless() {
    check("ab", 99, 1, 1, "ab");
    let source = Source::new("test.sysreg", "ab").unwrap();
    assert_eq!(source.slice(Span { start: 1, end: 9 }), "");
    assert_eq!(source.slice(Span { start: 2, end: 1 }), "");
}

#[test]
fn a_file_is_read_under_another_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/aarch64-id.sysreg").as_ref();
    let source = Source::read_as("mine.sysreg", path).expect("the file is readable");
    assert_eq!(source.name(), "mine.sysreg");
    assert_eq!(source.text(), AARCH64_ID);
}

/// Compares the first rendered diagnostic of a description.
///
/// Repetitions are abbreviated, because a shown line is wider than the lines of this file.
fn check_shown(text: String, expected: &Expect) {
    let source = Source::new("test.sysreg", text).expect("a test's text is small");
    let diagnostics = load(&source).diagnostics;
    let shown = render(&source, diagnostics.first().expect("an error"));
    let shown = [("x", 64), ("^", 64), (" word", 16)]
        .into_iter()
        .fold(shown, |shown, (text, count)| {
            shown.replace(&text.repeat(count), &format!("<{count} x {text:?}>"))
        });
    expected.assert_eq(&shown);
}

#[test]
fn a_long_line_is_shown_in_part() {
    let blanks = " ".repeat(1_000);
    let words = " word".repeat(1_000);
    check_shown(
        format!("{blanks}Nonsense\n"),
        &expect![[r"
        `Nonsense` is not a statement outside any block
          at test.sysreg:1:1001
            |
          1 | ...                                        Nonsense
            |                                            ^^^^^^^^"]],
    );
    check_shown(
        format!("Nonsense{words}\n"),
        &expect![[r#"
            `Nonsense` is not a statement outside any block
              at test.sysreg:1:1
                |
              1 | Nonsense<16 x " word"> word word word word word word w...
                | ^^^^^^^^"#]],
    );
    check_shown(
        format!("{blanks}{}\n", "x".repeat(1_000)),
        &expect![[r#"
            `<64 x "x">...` is not a statement outside any block
              at test.sysreg:1:1001
                |
              1 | ...                                        <64 x "x">xxxxxxxxxxxxxxxx...
                |                                            <64 x "^">^^^^^^^^^^^^^^^^"#]],
    );
}
