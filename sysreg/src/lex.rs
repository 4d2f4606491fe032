//! Text to lines of words, as awk splits them: at spaces and tabs.

use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::source::{Source, Span};
use std::fmt::{self, Write};

/// A word and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Span,
}

/// Characters of a word that messages show; names are far shorter.
const SHOWN: usize = 64;

/// Shows the word for a message: on one line, harmless to a terminal and not too long.
impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.text.chars();
        for c in chars.by_ref().take(SHOWN) {
            match c {
                '\'' | '"' | '\\' => f.write_char(c)?,
                c => write!(f, "{}", c.escape_debug())?,
            }
        }
        match chars.next() {
            Some(_) => f.write_str("..."),
            None => Ok(()),
        }
    }
}

/// The words of a line that is neither empty nor a comment: a first one, and the rest.
#[derive(Clone, Debug)]
pub(crate) struct Line<'s> {
    pub(crate) directive: Word<'s>,
    pub(crate) arguments: Vec<Word<'s>>,
}

impl Line<'_> {
    pub(crate) fn span(&self) -> Span {
        self.arguments.last().map_or(self.directive.span, |last| {
            self.directive.span.to(last.span)
        })
    }
}

/// Splits a source into its lines of words; empty lines and comments are gone afterwards.
pub(crate) fn lines<'s>(source: &'s Source, report: &mut Report) -> Vec<Line<'s>> {
    let mut lines = Vec::new();
    let mut carriage_returns = 0;
    let mut offset = 0;
    for raw in source.text().split('\n') {
        let start = offset;
        offset += width(raw) + 1;
        let text = raw.strip_suffix('\r').unwrap_or(raw);
        if text.len() < raw.len() {
            carriage_returns += 1;
            if carriage_returns == 1 {
                let end = Span {
                    start: start + width(text),
                    end: start + width(raw),
                };
                report.push(carriage_return(end));
            }
        }
        if text.is_empty() {
            continue;
        }
        let mut words = words(text, start);
        match words.next() {
            None => {
                let span = Span {
                    start,
                    end: start + width(text),
                };
                report.push(
                    Diagnostic::error(Rule::BlankLine, span, "a line of blanks only")
                        .note("the kernel's generator accepts an empty line here, not blanks"),
                );
            }
            Some(first) if first.text.starts_with('#') => {}
            Some(directive) => lines.push(Line {
                directive,
                arguments: words.collect(),
            }),
        }
    }
    lines
}

fn carriage_return(span: Span) -> Diagnostic {
    Diagnostic::error(Rule::CarriageReturn, span, "the line ends in CR LF")
        .note("the kernel's generator takes LF alone; convert the whole file")
}

fn words(line: &str, start: u32) -> impl Iterator<Item = Word<'_>> {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let mut rest = line;
    let mut at = start;
    std::iter::from_fn(move || {
        let trimmed = rest.trim_start_matches(is_blank);
        at += width(rest) - width(trimmed);
        let text = trimmed
            .split(is_blank)
            .next()
            .filter(|text| !text.is_empty())?;
        let span = Span {
            start: at,
            end: at + width(text),
        };
        rest = trimmed.get(text.len()..).unwrap_or("");
        at = span.end;
        Some(Word { text, span })
    })
}

/// A text's length in bytes; a [`Source`] is far below 4 GiB.
fn width(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
