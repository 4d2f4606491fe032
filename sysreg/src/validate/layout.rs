//! Checks of a layout: each of the 64 bits is described once, from 63 down.

use super::first_seen::FirstSeen;
use super::subject::Subject;
use super::{check_name, field};
use crate::ast::{self, ReferenceKind, Reserved, Statement};
use crate::bits::BitRange;
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::Word;
use crate::model::{Alternative, Body, Entry, Layout, Layouts};
use crate::source::Span;

type Statements<'s> = ast::BlockBody<Statement<'s>>;

/// The kind, target and place of a block's `Fields` or `Mapping`, or `None` without one.
pub(super) fn reference<'s>(body: &Statements<'s>) -> Option<(ReferenceKind, Word<'s>, Span)> {
    body.content.iter().find_map(|statement| match statement {
        Statement::Reference { kind, target, span } => Some((*kind, *target, *span)),
        _ => None,
    })
}

/// Checks the body of a `Sysreg` block.
pub(super) fn register_body<'s>(
    name: Word<'s>,
    body: &Statements<'s>,
    report: &mut Report,
) -> Body {
    let Some((kind, target, span)) = reference(body) else {
        return Body::Own(layouts(name, body, report));
    };
    check_mixed_body(name, body, span, report);
    let alternatives = alternatives(name, body, report);
    let target = target.text.to_owned();
    match kind {
        ReferenceKind::Fields => Body::Fields {
            alternatives,
            target,
        },
        ReferenceKind::Mapping => Body::Mapping {
            alternatives,
            target,
        },
    }
}

/// Checks the body of a `SysregFields` block, or of a `Sysreg` block with its own layout.
pub(super) fn layouts<'s>(name: Word<'s>, body: &Statements<'s>, report: &mut Report) -> Layouts {
    Layouts {
        alternatives: alternatives(name, body, report),
        layout: layout(Subject::block(name), body, report),
    }
}

/// Checks that `Fields` or `Mapping` is the only unprefixed statement.
fn check_mixed_body(name: Word<'_>, body: &Statements<'_>, reference: Span, report: &mut Report) {
    let other = body.content.iter().find_map(|statement| match statement {
        Statement::Prefix { .. } => None,
        Statement::Reference { span, .. } => (*span != reference).then_some(*span),
        Statement::Reserved { bits, .. }
        | Statement::Field { bits, .. }
        | Statement::Enum { bits, .. } => Some(bits.span),
    });
    if let Some(span) = other {
        let message = format!("{name}: `Fields` or `Mapping` is the whole layout");
        report.push(
            Diagnostic::error(Rule::MixedBody, span, message)
                .note_at(reference, "the layout is referred to here"),
        );
    }
}

fn alternatives<'s>(
    name: Word<'s>,
    body: &Statements<'s>,
    report: &mut Report,
) -> Vec<Alternative> {
    let mut found = Vec::new();
    let mut prefixes = FirstSeen::with_capacity(0);
    let mut unprefixed = false;
    for statement in &body.content {
        let Statement::Prefix { name: prefix, body } = statement else {
            unprefixed = true;
            continue;
        };
        check_name(*prefix, report);
        if unprefixed {
            let message = format!("{name}: `Prefix` after unprefixed fields");
            report.push(
                Diagnostic::error(Rule::LatePrefix, prefix.span, message)
                    .note("prefixed layouts come first"),
            );
        }
        if let Some(first) = prefixes.insert(prefix.text, prefix.span) {
            let message = format!("{name}: a second `Prefix {prefix}`");
            report.push(
                Diagnostic::error(Rule::DuplicatePrefix, prefix.span, message)
                    .note_at(first, "the first one is here"),
            );
        }
        found.push(Alternative {
            prefix: prefix.text.to_owned(),
            layout: layout(Subject::prefix(name, *prefix), body, report),
        });
    }
    found
}

fn layout<'s>(subject: Subject<'s>, body: &Statements<'s>, report: &mut Report) -> Layout {
    if body.lost {
        return Layout::default();
    }
    let mut builder = Builder::new(subject, body.content.len(), report);
    for statement in &body.content {
        builder.statement(statement);
    }
    // An entry in error also leaves a gap: one mistake gives one diagnostic.
    if let Some(end) = body.end
        && !body.broken
        && !builder.misplaced
    {
        builder.check_gaps(end);
        builder.check_order();
    }
    Layout {
        entries: builder.entries,
    }
}

/// An entry's bits, its name and the place of its bits.
#[derive(Clone, Copy)]
struct PlacedEntry<'s> {
    bits: BitRange,
    name: Word<'s>,
    span: Span,
    /// True after the first report of an overlap: an entry with wrong bits overlaps many others.
    overlapped: bool,
}

/// Builder of a layout.
struct Builder<'b, 's> {
    subject: Subject<'s>,
    entries: Vec<Entry>,
    placed: Vec<PlacedEntry<'s>>,
    described: u64,
    /// True if the bits of an entry are in error or missing.
    misplaced: bool,
    names: FirstSeen<&'s str, Span>,
    report: &'b mut Report,
}

impl<'b, 's> Builder<'b, 's> {
    fn new(subject: Subject<'s>, statements: usize, report: &'b mut Report) -> Self {
        Self {
            subject,
            entries: Vec::with_capacity(statements),
            placed: Vec::with_capacity(statements),
            described: 0,
            misplaced: false,
            names: FirstSeen::with_capacity(statements),
            report,
        }
    }

    fn statement(&mut self, statement: &Statement<'s>) {
        let entry = match statement {
            Statement::Reserved { kind, bits } => self.reserved(*kind, *bits),
            Statement::Field { bits, name } => self
                .field(*name, *bits)
                .map(|(_, bits)| Entry::Field(field::plain(*name, bits))),
            Statement::Enum {
                kind,
                bits,
                name,
                values,
            } => self.field(*name, *bits).map(|(subject, bits)| {
                let field = field::enumeration(subject, *kind, *name, bits, values, self.report);
                Entry::Field(field)
            }),
            Statement::Reference { .. } | Statement::Prefix { .. } => None,
        };
        self.entries.extend(entry);
    }

    fn reserved(&mut self, kind: Reserved, bits: Word<'s>) -> Option<Entry> {
        let (text, entry): (_, fn(BitRange) -> Entry) = match kind {
            Reserved::Res0 => ("Res0", Entry::Res0),
            Reserved::Res1 => ("Res1", Entry::Res1),
            Reserved::Unkn => ("Unkn", Entry::Unkn),
            Reserved::Raz => ("Raz", Entry::Raz),
        };
        let name = Word { text, ..bits };
        self.place(self.subject, name, bits).map(entry)
    }

    /// Checks a field's name and bits, and returns its subject for messages and its bits.
    fn field(&mut self, name: Word<'s>, bits: Word<'s>) -> Option<(Subject<'s>, BitRange)> {
        let subject = self.subject.field(name);
        check_name(name, self.report);
        if let Some(first) = self.names.insert(name.text, name.span) {
            let message = format!("{subject}: a second field of this name");
            self.misplaced(
                Diagnostic::error(Rule::DuplicateField, name.span, message)
                    .note_at(first, "the first one is here"),
            );
            return None;
        }
        let bits = self.place(subject, name, bits)?;
        Some((subject, bits))
    }

    /// Parses the bits of an entry and marks them as described.
    fn place(&mut self, subject: Subject<'_>, name: Word<'s>, word: Word<'_>) -> Option<BitRange> {
        let Some(bits) = field::bit_range(word.text) else {
            let message = format!("{subject}: `{word}` is no bit range");
            self.misplaced(
                Diagnostic::error(Rule::InvalidBits, word.span, message)
                    .note("the form is `msb:lsb` or one number, decimal, 63 to 0"),
            );
            return None;
        };
        let span = word.span;
        self.check_overlap(subject, bits, span);
        self.described |= bits.mask();
        self.placed.push(PlacedEntry {
            bits,
            name,
            span,
            overlapped: false,
        });
        Some(bits)
    }

    fn check_overlap(&mut self, subject: Subject<'_>, bits: BitRange, span: Span) {
        if self.described & bits.mask() == 0 {
            return;
        }
        let overlaps = |placed: &&mut PlacedEntry<'_>| placed.bits.mask() & bits.mask() != 0;
        let Some(earlier) = self.placed.iter_mut().rfind(overlaps) else {
            return;
        };
        self.misplaced = true;
        if !std::mem::replace(&mut earlier.overlapped, true) {
            let overlap = sentence(bits, "overlaps", "overlap");
            let message = format!("{subject}: {overlap} `{}`", earlier.name);
            let note = format!("`{}` has {}", earlier.name, numbered(earlier.bits));
            let error = Diagnostic::error(Rule::BitsOverlap, span, message);
            self.report.push(error.note_at(earlier.span, note));
        }
    }

    fn misplaced(&mut self, error: Diagnostic) {
        self.misplaced = true;
        self.report.push(error);
    }

    /// Reports the bits that no entry describes, at the entry after them.
    fn check_gaps(&mut self, end: Span) {
        for gap in gaps(self.described) {
            let missing = sentence(gap, "is not described", "are not described");
            let message = format!("{}: {missing}", self.subject);
            let below = self.placed_where(|placed| placed.bits.msb() + 1 == gap.lsb());
            let above = self.placed_where(|placed| placed.bits.lsb() == gap.msb() + 1);
            let span = below.map_or(end, |placed| placed.span);
            let error = Diagnostic::error(Rule::BitsGap, span, message);
            self.report.push(match above {
                Some(PlacedEntry { bits, span, .. }) => {
                    let lowest = bits.lsb();
                    error.note_at(span, format!("the entry above ends at bit {lowest}"))
                }
                None => error.note("every block describes all 64 bits, from 63 down"),
            });
        }
    }

    fn placed_where(&self, matches: impl Fn(&PlacedEntry<'_>) -> bool) -> Option<PlacedEntry<'s>> {
        self.placed.iter().copied().find(|placed| matches(placed))
    }

    /// Reports the first entry with higher bits than the entry before it.
    fn check_order(&mut self) {
        let mut pairs = self.placed.iter().zip(self.placed.iter().skip(1));
        let Some((early, late)) = pairs.find(|(early, late)| early.bits.lsb() < late.bits.lsb())
        else {
            return;
        };
        let late_bits = sentence(late.bits, "comes too late", "come too late");
        let message = format!("{}: {late_bits}", self.subject);
        let error = Diagnostic::error(Rule::BitsOrder, late.span, message);
        let note = format!("`{}` before it has {}", early.name, numbered(early.bits));
        self.report.push(error.note_at(early.span, note));
    }
}

/// Iterates over the runs of bits that are not set, from bit 63 down.
fn gaps(described: u64) -> impl Iterator<Item = BitRange> {
    let mut described = described;
    std::iter::from_fn(move || {
        let msb = 63_u32.checked_sub(described.leading_ones())?;
        let below = described << (63 - msb);
        let lsb = (msb + 1).saturating_sub(below.leading_zeros());
        let gap = BitRange::new(u8::try_from(msb).ok()?, u8::try_from(lsb).ok()?)?;
        described |= gap.mask();
        Some(gap)
    })
}

fn sentence(bits: BitRange, one: &str, several: &str) -> String {
    let verb = if bits.width() == 1 { one } else { several };
    format!("{} {verb}", numbered(bits))
}

fn numbered(bits: BitRange) -> String {
    let noun = if bits.width() == 1 { "bit" } else { "bits" };
    format!("{noun} {bits}")
}
