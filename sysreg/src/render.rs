//! Diagnostics as text, with file, line, column and the line itself.

use crate::diagnostic::Diagnostic;
use crate::piece::{self, Part, Piece};
use crate::source::{Source, Span};

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
    piece::join(render_pieces(source, diagnostic))
}

/// Does what [`render`] does, for a terminal: in pieces, each of which says what it is.
///
/// Joined, they are what [`render`] gives.
#[must_use]
pub fn render_pieces(source: &Source, diagnostic: &Diagnostic) -> Vec<Piece> {
    let mut out = vec![Part::Message.piece(&diagnostic.message)];
    snippet(&mut out, source, diagnostic.span);
    for note in &diagnostic.notes {
        piece::end_line(&mut out);
        out.push(Part::Plain.piece(format!("  note: {}", note.message)));
        if let Some(span) = note.span {
            out.push(Part::Plain.piece(", at "));
            out.push(Part::Place.piece(source.location(span.start).to_string()));
        }
    }
    out
}

fn snippet(out: &mut Vec<Piece>, source: &Source, span: Span) {
    let place = source.location(span.start);
    let line: String = source.line_at(span.start).chars().map(one_column).collect();
    let left = line.chars().count().saturating_sub(place.column - 1);
    let carets = source
        .slice(span)
        .chars()
        .take_while(|c| *c != '\n')
        .count()
        .clamp(1, left.max(1));
    let number = place.line.to_string();
    let gutter = format!("  {} |", " ".repeat(number.len()));
    piece::end_line(out);
    out.push(Part::Plain.piece("  at "));
    out.push(Part::Place.piece(place.to_string()));
    piece::end_line(out);
    out.push(Part::Place.piece(&gutter));
    piece::end_line(out);
    out.push(Part::Place.piece(format!("  {number} |")));
    out.push(Part::Plain.piece(format!(" {line}").trim_end()));
    piece::end_line(out);
    out.push(Part::Place.piece(gutter));
    out.push(Part::Plain.piece(" ".repeat(place.column)));
    out.push(Part::Carets.piece("^".repeat(carets)));
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
