//! Lines to blocks. Errors are collected, and parsing goes on at the next line.

use crate::ast::{
    Body, EnumKind, Item, ReferenceKind, Register, Reserved, SharedFields, Statement,
};
use crate::diagnostic::{Diagnostic, Rule};
use crate::lex::{Line, Word};
use std::iter::Peekable;

/// The blocks that hold statements, by their directives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Sysreg,
    SysregFields,
    Prefix,
    Enum,
}

impl Block {
    const fn end(self) -> &'static str {
        match self {
            Self::Sysreg => "EndSysreg",
            Self::SysregFields => "EndSysregFields",
            Self::Prefix => "EndPrefix",
            Self::Enum => "EndEnum",
        }
    }
}

const ENDS: [&str; 4] = ["EndSysreg", "EndSysregFields", "EndPrefix", "EndEnum"];
const TOP_LEVEL: [&str; 2] = ["Sysreg", "SysregFields"];

/// Reads the blocks of a description.
pub(crate) fn parse<'s>(lines: Vec<Line<'s>>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Item<'s>> {
    let mut parser = Parser {
        lines: lines.into_iter().peekable(),
        diagnostics,
    };
    let mut items = Vec::new();
    while let Some(line) = parser.lines.next() {
        items.extend(parser.item(&line));
    }
    items
}

struct Parser<'s, 'd> {
    lines: Peekable<std::vec::IntoIter<Line<'s>>>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'s> Parser<'s, '_> {
    fn item(&mut self, line: &Line<'s>) -> Option<Item<'s>> {
        match line.directive.text {
            "Sysreg" => {
                let header = self.arguments::<6>(line, "name op0 op1 CRn CRm op2");
                let name = line.arguments.first().copied().unwrap_or(line.directive);
                let mut body = self.body(Block::Sysreg, line, name);
                body.broken |= header.is_none();
                let [name, op0, op1, crn, crm, op2] = header?;
                Some(Item::Register(Register {
                    name,
                    encoding: [op0, op1, crn, crm, op2],
                    body,
                }))
            }
            "SysregFields" => {
                let header = self.arguments::<1>(line, "name");
                let name = line.arguments.first().copied().unwrap_or(line.directive);
                let body = self.body(Block::SysregFields, line, name);
                let [name] = header?;
                Some(Item::Fields(SharedFields { name, body }))
            }
            _ => {
                self.unexpected(line, "outside any block");
                None
            }
        }
    }

    /// Reads statements up to the block's end, or to whatever shows that the end is missing.
    fn body(&mut self, block: Block, opening: &Line<'s>, name: Word<'s>) -> Body<'s> {
        let reported = self.diagnostics.len();
        let mut statements = Vec::new();
        let end = loop {
            match self.next_in(block) {
                Some(line) if line.directive.text == block.end() => {
                    self.arguments::<0>(&line, "nothing");
                    break line.directive.span;
                }
                Some(line) => statements.extend(self.statement(block, &line)),
                None => {
                    self.unterminated(block, opening, name);
                    break opening.span();
                }
            }
        };
        Body {
            statements,
            end,
            broken: self.diagnostics.len() > reported,
        }
    }

    /// The next line that may belong to a block; a new top-level block or the end of an outer one may not.
    fn next_in(&mut self, block: Block) -> Option<Line<'s>> {
        let next = self.lines.peek()?.directive.text;
        let ends_outer = match block {
            Block::Sysreg | Block::SysregFields => false,
            Block::Prefix => next == "EndSysreg" || next == "EndSysregFields",
            Block::Enum => ENDS.contains(&next) && next != block.end(),
        };
        if TOP_LEVEL.contains(&next) || ends_outer {
            None
        } else {
            self.lines.next()
        }
    }

    fn statement(&mut self, block: Block, line: &Line<'s>) -> Option<Statement<'s>> {
        let in_register = block == Block::Sysreg;
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
            "Prefix" if block != Block::Prefix => {
                let header = self.arguments::<1>(line, "name");
                let name = line.arguments.first().copied().unwrap_or(line.directive);
                let body = self.body(Block::Prefix, line, name);
                let [name] = header?;
                Some(Statement::Prefix { name, body })
            }
            _ => {
                self.unexpected(line, block_name(block));
                None
            }
        }
    }

    fn reserved(&mut self, kind: Reserved, line: &Line<'s>) -> Option<Statement<'s>> {
        let [bits] = self.arguments(line, "msb[:lsb]")?;
        Some(Statement::Reserved { kind, bits })
    }

    fn reference(&mut self, kind: ReferenceKind, line: &Line<'s>) -> Option<Statement<'s>> {
        let [target] = self.arguments(line, "name")?;
        Some(Statement::Reference {
            kind,
            target,
            span: line.span(),
        })
    }

    fn enumeration(&mut self, kind: EnumKind, opening: &Line<'s>) -> Option<Statement<'s>> {
        let header = self.arguments::<2>(opening, "msb[:lsb] name");
        let mut values = Vec::new();
        loop {
            match self.next_in(Block::Enum) {
                Some(line) if line.directive.text == Block::Enum.end() => {
                    self.arguments::<0>(&line, "nothing");
                    break;
                }
                Some(line) => values.extend(self.enumerator(&line)),
                None => {
                    let name = opening
                        .arguments
                        .get(1)
                        .copied()
                        .unwrap_or(opening.directive);
                    self.unterminated(Block::Enum, opening, name);
                    break;
                }
            }
        }
        let [bits, name] = header?;
        Some(Statement::Enum {
            kind,
            bits,
            name,
            values,
        })
    }

    fn enumerator(&mut self, line: &Line<'s>) -> Option<(Word<'s>, Word<'s>)> {
        // The kernel's rule for enumerators is not anchored; it would take `X0b10` too.
        if !line
            .directive
            .text
            .starts_with(|c: char| c.is_ascii_digit())
        {
            self.unexpected(line, block_name(Block::Enum));
            return None;
        }
        let [name] = self.arguments(line, "name")?;
        Some((line.directive, name))
    }

    fn arguments<const N: usize>(&mut self, line: &Line<'s>, form: &str) -> Option<[Word<'s>; N]> {
        let found = line.arguments.len();
        if let Ok(words) = <[Word<'s>; N]>::try_from(line.arguments.as_slice()) {
            return Some(words);
        }
        let directive = line.directive.text;
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
        self.diagnostics.push(match comment {
            Some(word) => error.note_at(word.span, "a comment needs a line of its own"),
            None if N == 0 => error,
            None => error.note(format!("the form is `{directive} {form}`")),
        });
        None
    }

    fn unexpected(&mut self, line: &Line<'s>, place: &str) {
        let word = line.directive.text;
        let span = line.directive.span;
        self.diagnostics.push(if ENDS.contains(&word) {
            Diagnostic::error(
                Rule::StrayEnd,
                span,
                format!("`{word}` closes nothing {place}"),
            )
        } else {
            let message = format!("`{word}` is not a statement {place}");
            Diagnostic::error(Rule::UnknownStatement, span, message)
        });
    }

    fn unterminated(&mut self, block: Block, opening: &Line<'s>, name: Word<'s>) {
        let end = block.end();
        let message = format!(
            "{}: `{}` without `{end}`",
            name.text, opening.directive.text
        );
        let error = Diagnostic::error(Rule::UnterminatedBlock, opening.span(), message);
        let next = self
            .lines
            .peek()
            .map(|line| (line.directive.text, line.directive.span));
        self.diagnostics.push(match next {
            Some((word, span)) => {
                error.note_at(span, format!("`{end}` is missing before `{word}`"))
            }
            None => error.note(format!("the file ends before `{end}`")),
        });
    }
}

const fn block_name(block: Block) -> &'static str {
    match block {
        Block::Sysreg => "in a `Sysreg` block",
        Block::SysregFields => "in a `SysregFields` block",
        Block::Prefix => "in a `Prefix` block",
        Block::Enum => "in an enumeration",
    }
}
