//! Splits text into lines of words at spaces and tabs, as awk does.

use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::source::{Span, width};
use std::fmt::{self, Write};

/// A word of a description with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'s> {
    pub(crate) text: &'s str,
    pub(crate) span: Span,
}

/// The number of characters of a word that messages show; names are far shorter.
const SHOWN: usize = 64;

/// Shows the word for a message: cut at [`SHOWN`], with control characters escaped.
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

/// The words of a line that is neither empty nor a comment: the directive and its arguments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'w, 's> {
    pub(crate) directive: Word<'s>,
    pub(crate) arguments: &'w [Word<'s>],
}

impl Line<'_, '_> {
    pub(crate) fn span(&self) -> Span {
        self.arguments.last().map_or(self.directive.span, |last| {
            self.directive.span.to(last.span)
        })
    }
}

/// The words of a file, line by line, without empty lines and comments.
#[derive(Debug, Default)]
pub(crate) struct Lines<'s> {
    words: Vec<Word<'s>>,
    /// For each line, the number of words up to its end.
    ends: Vec<usize>,
}

impl<'s> Lines<'s> {
    pub(crate) fn iter<'w>(&'w self) -> impl Iterator<Item = Line<'w, 's>> {
        let mut start = 0;
        self.ends.iter().filter_map(move |end| {
            let words = self.words.get(start..*end)?;
            start = *end;
            let (directive, arguments) = words.split_first()?;
            let directive = *directive;
            Some(Line {
                directive,
                arguments,
            })
        })
    }
}

/// Splits a file into words; `offset` is the file's first byte in the [`Source`](crate::Source).
pub(crate) fn lines<'s>(file: &'s str, offset: u32, report: &mut Report) -> Lines<'s> {
    let mut lines = Lines::default();
    let mut carriage_returns = 0;
    let mut offset = offset;
    for raw in file.split(['\n']) {
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
            Some(first) => {
                lines.words.push(first);
                words.for_each(|word| lines.words.push(word));
                lines.ends.push(lines.words.len());
            }
        }
    }
    lines
}

fn carriage_return(span: Span) -> Diagnostic {
    Diagnostic::error(Rule::CarriageReturn, span, "the line ends in CR LF")
        .note("the kernel's generator takes LF alone; convert the whole file")
}

fn words(line: &str, start: u32) -> impl Iterator<Item = Word<'_>> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut rest = line;
    std::iter::from_fn(move || {
        let blanks = rest.bytes().take_while(is_blank).count();
        let trimmed = rest.get(blanks..)?;
        let length = trimmed.bytes().take_while(|byte| !is_blank(byte)).count();
        let (text, after) = trimmed.split_at_checked(length)?;
        rest = after;
        let start = start + width(line) - width(trimmed);
        let end = start + width(text);
        let span = Span { start, end };
        (!text.is_empty()).then_some(Word { text, span })
    })
}
