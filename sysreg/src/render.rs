//! Diagnostics as text, with file, line, column and the line itself.

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use std::fmt::Write;

/// Shows a diagnostic with its place, the source line and its notes, without a final newline.
///
/// The place is introduced by `at` and not by rustc's `-->`: the text also goes into compile errors,
/// where arrows would read as places in Rust code.
///
/// ```
/// let source = sysreg::Source::new("my.sysreg", "Sysreg A 3 0 0 0 0\nField 63:1 X\nEndSysreg\n")?;
/// let loaded = sysreg::load(&source);
/// let shown = [
///     "A: bit 0 is not described",
///     "  at my.sysreg:3:1",
///     "    |",
///     "  3 | EndSysreg",
///     "    | ^^^^^^^^^",
///     "  note: the entry above ends at bit 1, at my.sysreg:2:7",
/// ];
/// assert_eq!(sysreg::render(&source, &loaded.diagnostics[0]), shown.join("\n"));
/// # Ok::<(), sysreg::SourceError>(())
/// ```
#[must_use]
pub fn render(source: &Source, diagnostic: &Diagnostic) -> String {
    let mut out = diagnostic.message.clone();
    snippet(&mut out, source, diagnostic.span);
    for note in &diagnostic.notes {
        out.push_str("\n  note: ");
        out.push_str(&note.message);
        if let Some(span) = note.span {
            let place = source.location(span.start);
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                ", at {}:{}:{}",
                source.name(),
                place.line,
                place.column
            );
        }
    }
    out
}

fn snippet(out: &mut String, source: &Source, span: Span) {
    let place = source.location(span.start);
    let line: String = source.line(place.line).chars().map(one_column).collect();
    let left = line.chars().count().saturating_sub(place.column - 1);
    let carets = source
        .slice(span)
        .chars()
        .take_while(|c| *c != '\n')
        .count()
        .clamp(1, left.max(1));
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    let shown = format!("  {number} | {line}");
    let _ = write!(
        out,
        "\n  at {}:{}:{}\n  {gutter} |\n{}\n  {gutter} | {}{}",
        source.name(),
        place.line,
        place.column,
        shown.trim_end(),
        " ".repeat(place.column - 1),
        "^".repeat(carets),
    );
}

/// What stands for a character of the file, so that carets stand under their words and a terminal
/// takes nothing for a command.
fn one_column(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
