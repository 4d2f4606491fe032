//! Parser: turns lines into blocks, collects errors and recovers after each of them.

use crate::ast::{
    Block, BlockBody, EnumKind, ReferenceKind, Reserved, SharedFieldsBlock, Statement, SysregBlock,
    Value,
};
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::{Line, Lines, Word};
use std::iter::Peekable;

/// The kind of a block: its first word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BlockKind {
    Sysreg,
    SysregFields,
    Prefix,
    Enum,
}

/// Checks for the first word of a top-level block.
fn is_top_level(word: &str) -> bool {
    matches!(word, "Sysreg" | "SysregFields")
}

fn is_entry(word: &str) -> bool {
    matches!(
        word,
        "Res0"
            | "Res1"
            | "Unkn"
            | "Raz"
            | "Field"
            | "Enum"
            | "SignedEnum"
            | "UnsignedEnum"
            | "Fields"
            | "Mapping"
            | "Prefix"
    )
}

fn is_end(word: &str) -> bool {
    matches!(
        word,
        "EndSysreg" | "EndSysregFields" | "EndPrefix" | "EndEnum"
    )
}

impl BlockKind {
    const fn end(self) -> &'static str {
        match self {
            Self::Sysreg => "EndSysreg",
            Self::SysregFields => "EndSysregFields",
            Self::Prefix => "EndPrefix",
            Self::Enum => "EndEnum",
        }
    }

    /// The block as the place of a statement, for messages.
    const fn place(self) -> &'static str {
        match self {
            Self::Sysreg => "in a `Sysreg` block",
            Self::SysregFields => "in a `SysregFields` block",
            Self::Prefix => "in a `Prefix` block",
            Self::Enum => "in an enumeration",
        }
    }

    /// True if a line proves that the end of this block is missing.
    fn is_left_by(self, line: &Line<'_, '_>) -> bool {
        let word = line.directive.text;
        is_top_level(word)
            || match self {
                Self::Sysreg | Self::SysregFields => false,
                Self::Prefix => matches!(word, "Prefix" | "EndSysreg" | "EndSysregFields"),
                Self::Enum if is_end(word) => word != self.end(),
                Self::Enum => is_entry(word) && !has_value_for_bits(line),
            }
    }
}

/// True if a line may be a value of an enumeration.
///
/// The kernel's own rule is not anchored and accepts `X0b10` too.
fn is_value(line: &Line<'_, '_>) -> bool {
    line.directive
        .text
        .starts_with(|c: char| c.is_ascii_digit())
}

/// True if the bits of an entry are a value, as in `Res0 0b1`.
///
/// The kernel's own rule reads such a line as a value of the enumeration; it cannot be an entry.
fn has_value_for_bits(line: &Line<'_, '_>) -> bool {
    let bits = line.arguments.first();
    bits.is_some_and(|bits| bits.text.starts_with("0b"))
}

/// Reads the blocks of a file.
pub(crate) fn parse<'s>(lines: &Lines<'s>, report: &mut Report) -> Vec<Block<'s>> {
    let mut parser = BlockParser {
        lines: lines.iter().peekable(),
        report,
    };
    let mut items = Vec::new();
    while let Some(line) = parser.lines.next() {
        items.extend(parser.item(&line));
    }
    items
}

struct BlockParser<'r, I: Iterator> {
    lines: Peekable<I>,
    report: &'r mut Report,
}

impl<'w, 's: 'w, I: Iterator<Item = Line<'w, 's>>> BlockParser<'_, I> {
    fn item(&mut self, line: &Line<'_, 's>) -> Option<Block<'s>> {
        match line.directive.text {
            "Sysreg" => self.register(line).map(Block::Register),
            "SysregFields" => self.shared_fields(line).map(Block::Fields),
            _ => {
                self.unexpected(line, "outside any block");
                self.skip_block(line);
                None
            }
        }
    }

    fn register(&mut self, line: &Line<'_, 's>) -> Option<SysregBlock<'s>> {
        let header = self.arguments::<6>(line, "name op0 op1 CRn CRm op2");
        let name = line.arguments.first().copied();
        let body = self.statements(BlockKind::Sysreg, line, name);
        Some(SysregBlock {
            name: name?,
            encoding: header.map(|[_, op0, op1, crn, crm, op2]| [op0, op1, crn, crm, op2]),
            body,
        })
    }

    fn shared_fields(&mut self, line: &Line<'_, 's>) -> Option<SharedFieldsBlock<'s>> {
        let header = self.arguments::<1>(line, "name");
        let name = line.arguments.first().copied();
        let body = self.statements(BlockKind::SysregFields, line, name);
        Some(SharedFieldsBlock {
            name: name?,
            body: BlockBody {
                broken: body.broken || header.is_none(),
                ..body
            },
        })
    }

    fn statements(
        &mut self,
        block: BlockKind,
        opening: &Line<'_, 's>,
        name: Option<Word<'s>>,
    ) -> BlockBody<Statement<'s>> {
        self.body(block, opening, name, |parser, line| {
            parser.statement(block, line)
        })
    }

    /// Reads lines up to the block's end, or to the first line that proves that the end is missing.
    fn body<T>(
        &mut self,
        block: BlockKind,
        opening: &Line<'_, 's>,
        name: Option<Word<'s>>,
        mut read: impl FnMut(&mut Self, &Line<'_, 's>) -> Option<T>,
    ) -> BlockBody<T> {
        let reported = self.report.len();
        let mut content = Vec::new();
        let mut end = None;
        while end.is_none()
            && let Some(line) = self.lines.next_if(|line| !block.is_left_by(line))
        {
            if line.directive.text == block.end() {
                self.arguments::<0>(&line, "nothing");
                end = Some(line.directive.span);
            } else {
                content.extend(read(self, &line));
            }
        }
        if end.is_none() && !self.has_lost_track_since(reported) {
            self.unterminated(block, opening, name);
        }
        BlockBody {
            content,
            end,
            broken: self.report.len() > reported,
            lost: self.has_lost_track_since(reported),
        }
    }

    fn statement(&mut self, block: BlockKind, line: &Line<'_, 's>) -> Option<Statement<'s>> {
        let in_register = block == BlockKind::Sysreg;
        match line.directive.text {
            "Res0" => self.reserved(Reserved::Res0, line),
            "Res1" => self.reserved(Reserved::Res1, line),
            "Unkn" => self.reserved(Reserved::Unkn, line),
            "Raz" => self.reserved(Reserved::Raz, line),
            "Field" => {
                let [bits, name] = self.arguments(line, "msb[:lsb] name")?;
                Some(Statement::Field { bits, name })
            }
            "Enum" => self.enumeration(EnumKind::Plain, line),
            "SignedEnum" => self.enumeration(EnumKind::Signed, line),
            "UnsignedEnum" => self.enumeration(EnumKind::Unsigned, line),
            "Fields" if in_register => self.reference(ReferenceKind::Fields, line),
            "Mapping" if in_register => self.reference(ReferenceKind::Mapping, line),
            "Prefix" => self.prefix(line),
            _ => {
                self.unexpected(line, block.place());
                self.skip_values();
                None
            }
        }
    }

    fn reserved(&mut self, kind: Reserved, line: &Line<'_, 's>) -> Option<Statement<'s>> {
        let [bits] = self.arguments(line, "msb[:lsb]")?;
        Some(Statement::Reserved { kind, bits })
    }

    fn reference(&mut self, kind: ReferenceKind, line: &Line<'_, 's>) -> Option<Statement<'s>> {
        let [target] = self.arguments(line, "name")?;
        Some(Statement::Reference {
            kind,
            target,
            span: line.span(),
        })
    }

    fn prefix(&mut self, line: &Line<'_, 's>) -> Option<Statement<'s>> {
        let header = self.arguments::<1>(line, "name");
        let name = line.arguments.first().copied();
        let body = self.statements(BlockKind::Prefix, line, name);
        let [name] = header?;
        Some(Statement::Prefix { name, body })
    }

    fn enumeration(&mut self, kind: EnumKind, line: &Line<'_, 's>) -> Option<Statement<'s>> {
        let header = self.arguments::<2>(line, "msb[:lsb] name");
        let name = line.arguments.get(1).copied();
        let values = self.body(BlockKind::Enum, line, name, Self::value);
        let [bits, name] = header?;
        Some(Statement::Enum {
            kind,
            bits,
            name,
            values,
        })
    }

    fn value(&mut self, line: &Line<'_, 's>) -> Option<Value<'s>> {
        if !is_value(line) {
            self.unexpected(line, BlockKind::Enum.place());
            return None;
        }
        let [name] = self.arguments(line, "name")?;
        Some(Value {
            literal: line.directive,
            name,
        })
    }

    /// Skips the lines of a block with an unknown first line.
    fn skip_block(&mut self, line: &Line<'_, 's>) {
        let closes = |word: &str| word == "EndSysreg" || word == "EndSysregFields";
        let mut last = line.directive.text;
        while !closes(last)
            && let Some(line) = self
                .lines
                .next_if(|line| !is_top_level(line.directive.text))
        {
            last = line.directive.text;
        }
    }

    /// Skips the values of an enumeration with an unknown first line.
    fn skip_values(&mut self) {
        while self.lines.next_if(is_value).is_some() {}
        self.lines
            .next_if(|line| line.directive.text == BlockKind::Enum.end());
    }

    fn arguments<const N: usize>(
        &mut self,
        line: &Line<'_, 's>,
        form: &str,
    ) -> Option<[Word<'s>; N]> {
        let found = line.arguments.len();
        if let Ok(words) = <[Word<'s>; N]>::try_from(line.arguments) {
            return Some(words);
        }
        let directive = line.directive;
        let message = format!(
            "`{directive}` has {found} word{} after it where {N} {} expected",
            if found == 1 { "" } else { "s" },
            if N == 1 { "is" } else { "are" },
        );
        let error = Diagnostic::error(Rule::WordCount, line.span(), message);
        let comment = line
            .arguments
            .iter()
            .find(|word| word.text.starts_with('#'));
        self.report.push(match comment {
            Some(word) => error.note_at(word.span, "a comment needs a line of its own"),
            None if N == 0 => error,
            None => error.note(format!("the form is `{directive} {form}`")),
        });
        None
    }

    fn unexpected(&mut self, line: &Line<'_, 's>, place: &str) {
        let word = line.directive;
        let (rule, message) = if is_end(word.text) {
            (Rule::StrayEnd, format!("`{word}` closes nothing {place}"))
        } else {
            let message = format!("`{word}` is not a statement {place}");
            (Rule::UnknownStatement, message)
        };
        let error = Diagnostic::error(rule, word.span, message);
        self.report.push(if word.text.starts_with('\u{feff}') {
            error.note("the file begins with a byte order mark; save it without one")
        } else {
            error
        });
    }

    fn unterminated(&mut self, block: BlockKind, opening: &Line<'_, 's>, name: Option<Word<'s>>) {
        let end = block.end();
        let directive = opening.directive;
        let name = name.unwrap_or(directive);
        let message = format!("{name}: `{directive}` without `{end}`");
        let error = Diagnostic::error(Rule::UnterminatedBlock, opening.span(), message);
        self.report.push(match self.lines.peek() {
            Some(Line { directive, .. }) => {
                let message = format!("`{end}` is missing before `{directive}`");
                error.note_at(directive.span, message)
            }
            None => error.note(format!("the file ends before `{end}`")),
        });
    }

    /// True if a diagnostic after the first `reported` is about structure.
    fn has_lost_track_since(&self, reported: usize) -> bool {
        let lost = |rule| {
            matches!(
                rule,
                Rule::UnknownStatement | Rule::StrayEnd | Rule::UnterminatedBlock
            )
        };
        let since = self.report.since(reported);
        since.iter().any(|diagnostic| lost(diagnostic.rule))
    }
}
