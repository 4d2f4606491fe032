//! Checks of a field: its bits and its named values.

use crate::ast::{BlockBody, EnumKind, Value};
use crate::bits::BitRange;
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::Word;
use crate::model::{Enumerator, Field, FieldKind};
use crate::source::Span;
use crate::validate::first_seen::FirstSeen;
use crate::validate::subject::Subject;
use crate::validate::{check_name, decimal};

/// Parses `N` or `N:M`.
pub(super) fn bit_range(text: &str) -> Option<BitRange> {
    let (msb, lsb) = text.split_once(':').unwrap_or((text, text));
    BitRange::new(decimal(msb)?, decimal(lsb)?)
}

/// Creates a field without named values.
pub(super) fn plain(name: Word<'_>, bits: BitRange) -> Field {
    Field {
        name: name.text.to_owned(),
        bits,
        kind: FieldKind::Plain,
        enumerators: Vec::new(),
        span: name.span,
    }
}

/// Checks an enumeration and returns the field with its valid values.
pub(super) fn enumeration<'s>(
    subject: Subject<'s>,
    kind: EnumKind,
    name: Word<'s>,
    bits: BitRange,
    values: &BlockBody<Value<'s>>,
    report: &mut Report,
) -> Field {
    if values.content.is_empty() && !values.broken {
        let message = format!("{subject}: an enumeration without values");
        report.push(
            Diagnostic::error(Rule::EmptyEnum, name.span, message)
                .note("a field without named values is a `Field`"),
        );
    }
    let mut enumeration = Enumeration {
        subject,
        bits,
        names: FirstSeen::with_capacity(values.content.len()),
        values: FirstSeen::with_capacity(values.content.len()),
        too_wide: false,
        report,
    };
    let mut enumerators = Vec::with_capacity(values.content.len());
    let sound = (values.content.iter()).filter_map(|value| enumeration.enumerator(value));
    enumerators.extend(sound);
    Field {
        enumerators,
        kind: match kind {
            EnumKind::Plain => FieldKind::Enum,
            EnumKind::Signed => FieldKind::SignedEnum,
            EnumKind::Unsigned => FieldKind::UnsignedEnum,
        },
        ..plain(name, bits)
    }
}

/// State of the check of an enumeration: the names and values so far.
struct Enumeration<'e, 's> {
    subject: Subject<'s>,
    bits: BitRange,
    names: FirstSeen<&'s str, Span>,
    values: FirstSeen<u64, Word<'s>>,
    /// True after the first report of a value that is too wide: wrong bits make most values so.
    too_wide: bool,
    report: &'e mut Report,
}

impl<'s> Enumeration<'_, 's> {
    fn enumerator(&mut self, value: &Value<'s>) -> Option<Enumerator> {
        let Value { literal, name } = *value;
        check_name(name, self.report);
        let number = self.number(literal);
        if let Some(first) = self.names.insert(name.text, name.span) {
            let message = format!("{}: a second value named `{name}`", self.subject);
            self.report.push(
                Diagnostic::error(Rule::DuplicateEnumerator, name.span, message)
                    .note_at(first, "the first one is here"),
            );
        } else if let Some(number) = number {
            self.check_duplicate(number, literal, name);
        }
        Some(Enumerator {
            name: name.text.to_owned(),
            value: number?,
            digits: literal.text.len().saturating_sub("0b".len()),
            span: name.span,
        })
    }

    fn number(&mut self, literal: Word<'_>) -> Option<u64> {
        let digits = literal.text.strip_prefix("0b");
        let digits = digits.filter(|d| !d.is_empty() && d.bytes().all(|b| b == b'0' || b == b'1'));
        let Some(digits) = digits else {
            let message = format!("{}: `{literal}` is no binary value", self.subject);
            self.report.push(
                Diagnostic::error(Rule::InvalidValue, literal.span, message)
                    .note("the form is `0b` and the digits 0 and 1"),
            );
            return None;
        };
        // TRFCR_EL1.TS in Linux 7.2 has four digits for a field of two bits, with values that fit.
        let width = self.bits.width();
        let number = u64::from_str_radix(digits, 2).ok();
        let fitting = number.filter(|number| *number <= u64::MAX >> (64 - width));
        if fitting.is_none() && !self.too_wide {
            self.too_wide = true;
            let unit = if width == 1 { "bit" } else { "bits" };
            let message = format!("{}: `{literal}` does not fit {width} {unit}", self.subject);
            self.report
                .push(Diagnostic::error(Rule::ValueTooWide, literal.span, message));
        }
        fitting
    }

    /// Warns of two names for one value: ID_PFR1_EL1.Security in Linux 6.2 to 6.12 has them.
    fn check_duplicate(&mut self, number: u64, literal: Word<'s>, name: Word<'s>) {
        if let Some(first) = self.values.insert(number, name) {
            let message = format!("{}: `{name}` is another name of `{first}`", self.subject);
            self.report.push(
                Diagnostic::warning(Rule::DuplicateValue, literal.span, message)
                    .note_at(first.span, "the first name is here"),
            );
        }
    }
}
