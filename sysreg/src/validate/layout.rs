//! The 64 bits of a block: every one described once, from 63 down.

use super::field;
use crate::ast::{self, ReferenceKind, Reserved, Statement};
use crate::bits::BitRange;
use crate::diagnostic::{Diagnostic, Rule};
use crate::lex::Word;
use crate::model::{Alternative, Body, Entry, Layout, Layouts};
use crate::source::Span;
use crate::validate::check_name;
use std::collections::BTreeMap;

/// The body of a `Sysreg` block; nothing after an error that leaves no layout.
pub(super) fn register_body(
    name: Word<'_>,
    body: &ast::Body<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Body> {
    let references = body
        .statements
        .iter()
        .filter_map(|statement| match statement {
            Statement::Reference { kind, target, span } => Some((*kind, *target, *span)),
            _ => None,
        });
    let references: Vec<_> = references.collect();
    let Some((kind, target, span)) = references.first().copied() else {
        return layouts(name, body, diagnostics).map(Body::Own);
    };
    check_mixed_body(name, body, span, diagnostics);
    let alternatives = alternatives(name, body, diagnostics);
    let target = target.text.to_owned();
    Some(match kind {
        ReferenceKind::Fields => Body::Fields {
            alternatives,
            target,
        },
        ReferenceKind::Mapping => Body::Mapping {
            alternatives,
            target,
        },
    })
}

/// The body of a `SysregFields` block, or of a `Sysreg` block that has its own layout.
pub(super) fn layouts(
    name: Word<'_>,
    body: &ast::Body<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Layouts> {
    let alternatives = alternatives(name, body, diagnostics);
    let layout = layout(name.text, body, diagnostics)?;
    Some(Layouts {
        alternatives,
        layout,
    })
}

/// `Fields` or `Mapping` is the whole unprefixed body.
fn check_mixed_body(
    name: Word<'_>,
    body: &ast::Body<'_>,
    reference: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for statement in &body.statements {
        let span = match statement {
            Statement::Prefix { .. } => continue,
            Statement::Reference { span, .. } if *span == reference => continue,
            Statement::Reference { span, .. } => *span,
            Statement::Reserved { bits, .. }
            | Statement::Field { bits, .. }
            | Statement::Enum { bits, .. } => bits.span,
        };
        let message = format!("{}: `Fields` or `Mapping` is the whole layout", name.text);
        diagnostics.push(
            Diagnostic::error(Rule::MixedBody, span, message)
                .note_at(reference, "the layout is referred to here"),
        );
    }
}

fn alternatives(
    name: Word<'_>,
    body: &ast::Body<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Alternative> {
    let mut found = Vec::new();
    let mut prefixes: BTreeMap<&str, Span> = BTreeMap::new();
    let mut unprefixed = false;
    for statement in &body.statements {
        let Statement::Prefix { name: prefix, body } = statement else {
            unprefixed = true;
            continue;
        };
        check_name(*prefix, diagnostics);
        if unprefixed {
            let message = format!("{}: `Prefix` after unprefixed fields", name.text);
            diagnostics.push(
                Diagnostic::error(Rule::LatePrefix, prefix.span, message)
                    .note("prefixed layouts come first"),
            );
        }
        if let Some(first) = prefixes.insert(prefix.text, prefix.span) {
            let message = format!("{}: a second `Prefix {}`", name.text, prefix.text);
            diagnostics.push(
                Diagnostic::error(Rule::DuplicatePrefix, prefix.span, message)
                    .note_at(first, "the first one is here"),
            );
        }
        let subject = format!("{} ({})", name.text, prefix.text);
        let layout = layout(&subject, body, diagnostics);
        found.extend(layout.map(|layout| Alternative {
            prefix: prefix.text.to_owned(),
            layout,
        }));
    }
    found
}

fn layout(
    subject: &str,
    body: &ast::Body<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Layout> {
    let mut builder = Builder::new(subject, diagnostics);
    for statement in &body.statements {
        builder.statement(statement);
    }
    // The rest of a block with a missing line or end is not worth a second complaint.
    if !body.broken {
        builder.check_complete(body.end);
    }
    builder.sound.then_some(Layout {
        entries: builder.entries,
    })
}

/// A layout being built, and how far down its bits are described.
struct Builder<'b, 's> {
    subject: &'b str,
    entries: Vec<Entry>,
    /// What each entry is called and where its bits stand, beside `entries` and those in error.
    placed: Vec<(BitRange, &'s str, Span)>,
    /// The highest bit not described yet; -1 after bit 0.
    next: i16,
    names: BTreeMap<&'s str, Span>,
    sound: bool,
    diagnostics: &'b mut Vec<Diagnostic>,
}

impl<'b, 's> Builder<'b, 's> {
    fn new(subject: &'b str, diagnostics: &'b mut Vec<Diagnostic>) -> Self {
        Self {
            subject,
            entries: Vec::new(),
            placed: Vec::new(),
            next: 63,
            names: BTreeMap::new(),
            sound: true,
            diagnostics,
        }
    }

    fn statement(&mut self, statement: &Statement<'s>) {
        match statement {
            Statement::Reserved { kind, bits } => {
                let (name, entry): (_, fn(BitRange) -> Entry) = match kind {
                    Reserved::Res0 => ("Res0", Entry::Res0),
                    Reserved::Res1 => ("Res1", Entry::Res1),
                    Reserved::Unkn => ("Unkn", Entry::Unkn),
                    Reserved::Raz => ("Raz", Entry::Raz),
                };
                if let Some(bits) = self.place(self.subject, name, *bits) {
                    self.entries.push(entry(bits));
                }
            }
            Statement::Field { bits, name } => {
                let field = |bits| field::plain(*name, bits);
                self.field(*bits, *name, |_, bits, _| Some(field(bits)));
            }
            Statement::Enum {
                kind,
                bits,
                name,
                values,
            } => {
                self.field(*bits, *name, |subject, bits, diagnostics| {
                    field::enumeration(subject, *kind, *name, bits, values, diagnostics)
                });
            }
            Statement::Reference { .. } | Statement::Prefix { .. } => {}
        }
    }

    fn field(
        &mut self,
        bits: Word<'s>,
        name: Word<'s>,
        make: impl FnOnce(&str, BitRange, &mut Vec<Diagnostic>) -> Option<crate::model::Field>,
    ) {
        let subject = format!("{}.{}", self.subject, name.text);
        check_name(name, self.diagnostics);
        if let Some(first) = self.names.insert(name.text, name.span) {
            let message = format!("{subject}: a second field of this name");
            self.error(
                Diagnostic::error(Rule::DuplicateField, name.span, message)
                    .note_at(first, "the first one is here"),
            );
        }
        let Some(bits) = self.place(&subject, name.text, bits) else {
            return;
        };
        match make(&subject, bits, self.diagnostics) {
            Some(field) => self.entries.push(Entry::Field(field)),
            None => self.sound = false,
        }
    }

    /// Takes the bits of the next entry, which start where the last one ended.
    fn place(&mut self, subject: &str, name: &'s str, word: Word<'_>) -> Option<BitRange> {
        let Some(bits) = field::bit_range(word.text) else {
            let message = format!("{subject}: `{}` is no bit range", word.text);
            self.error(
                Diagnostic::error(Rule::InvalidBits, word.span, message)
                    .note("the form is `msb:lsb` or one number, decimal, 63 to 0"),
            );
            return None;
        };
        let msb = i16::from(bits.msb());
        if msb > self.next {
            self.overlap(subject, bits, word.span);
        } else if msb < self.next {
            self.gap(subject, bits.msb() + 1, word.span);
        }
        self.next = i16::from(bits.lsb()) - 1;
        self.placed.push((bits, name, word.span));
        Some(bits)
    }

    fn overlap(&mut self, subject: &str, bits: BitRange, span: Span) {
        let taken = self
            .placed
            .iter()
            .rev()
            .find(|(other, ..)| other.mask() & bits.mask() != 0);
        let error = match taken {
            Some((other, name, place)) => {
                let message = format!("{subject}: bits {bits} overlap `{name}`");
                Diagnostic::error(Rule::BitsOverlap, span, message)
                    .note_at(*place, format!("`{name}` is {other}"))
            }
            None => {
                let message = format!("{subject}: bits {bits} come too late");
                Diagnostic::error(Rule::BitsOverlap, span, message)
                    .note("entries go from bit 63 down to bit 0")
            }
        };
        self.error(error);
    }

    fn gap(&mut self, subject: &str, lowest: u8, span: Span) {
        // `next` is -1 to 63 and above `lowest` here.
        let highest = u8::try_from(self.next).unwrap_or(63);
        let missing = missing(highest, lowest);
        let message = format!("{subject}: {missing} not described");
        let error = Diagnostic::error(Rule::BitsGap, span, message);
        let error = match self.placed.last() {
            Some((bits, _, place)) => error.note_at(
                *place,
                format!("the entry before ends at bit {}", bits.lsb()),
            ),
            None => error.note("entries go from bit 63 down to bit 0"),
        };
        self.error(error);
    }

    fn check_complete(&mut self, end: Span) {
        let Ok(highest) = u8::try_from(self.next) else {
            return;
        };
        let message = format!("{}: {} not described", self.subject, missing(highest, 0));
        let error = Diagnostic::error(Rule::BitsGap, end, message);
        let error = match self.placed.last() {
            Some((bits, _, place)) => {
                error.note_at(*place, format!("the last entry ends at bit {}", bits.lsb()))
            }
            None => error.note("every block describes all 64 bits"),
        };
        self.error(error);
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.sound = false;
        self.diagnostics.push(diagnostic);
    }
}

fn missing(msb: u8, lsb: u8) -> String {
    if msb == lsb {
        format!("bit {msb} is")
    } else {
        format!("bits {msb}:{lsb} are")
    }
}
