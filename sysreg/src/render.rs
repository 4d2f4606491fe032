//! Renders diagnostics as text with file, line, column and the source line.

use crate::diagnostic::Diagnostic;
use crate::piece::{self, Part, Piece};
use crate::source::{Source, Span};

/// Renders a diagnostic with its place, source line and notes, without a final newline.
///
/// The place follows `at` and not rustc's `-->`: the text is also part of compile errors, in which
/// an arrow stands for a place in Rust code.
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

/// Renders a diagnostic as pieces of text with their kinds, for a terminal.
///
/// The joined pieces are the text of [`render`].
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

/// The number of characters of a line that are shown; real lines have up to 80.
const WIDEST: usize = 120;

/// The number of characters that are shown before the words at fault in a longer line.
const BEFORE: usize = 40;

fn snippet(out: &mut Vec<Piece>, source: &Source, span: Span) {
    let place = source.location(span.start);
    let before = place.column - 1;
    let (line, before, left) = in_part(source.line_at(span.start), before);
    let carets = source
        .slice(span)
        .chars()
        .take(left.max(1))
        .take_while(|c| *c != '\n')
        .count()
        .max(1);
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
    out.push(Part::Plain.piece(" ".repeat(before + 1)));
    out.push(Part::Carets.piece("^".repeat(carets)));
}

/// Cuts a long line to the part around the words at fault, which begin after `before` characters.
///
/// Returns the part, the number of its characters before the words at fault, and the number of
/// characters of the line from there to the cut.
fn in_part(line: &str, before: usize) -> (String, usize, usize) {
    let length = line.chars().count();
    let skipped = if length > WIDEST {
        before.saturating_sub(BEFORE)
    } else {
        0
    };
    let end = length.min(skipped + WIDEST);
    let part = line.chars().skip(skipped).take(WIDEST).map(one_column);
    let cut = |cut| if cut { "..." } else { "" };
    let start = cut(skipped > 0);
    let shown = [start, &part.collect::<String>(), cut(end < length)].concat();
    let left = end.saturating_sub(before);
    (shown, before - skipped + start.len(), left)
}

/// Replaces tabs and control characters by characters of one column.
///
/// Carets then stand under their words, and a file cannot send commands to the terminal.
fn one_column(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
