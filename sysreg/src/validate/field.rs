//! One field: its bits and its named values.

use crate::ast::EnumKind;
use crate::bits::BitRange;
use crate::diagnostic::{Diagnostic, Rule};
use crate::lex::Word;
use crate::model::{Enumerator, Field, FieldKind};
use crate::validate::{check_name, decimal};
use std::collections::BTreeMap;

/// Reads `N` or `N:M`.
pub(super) fn bit_range(text: &str) -> Option<BitRange> {
    let (msb, lsb) = text.split_once(':').unwrap_or((text, text));
    BitRange::new(decimal(msb)?, decimal(lsb)?)
}

/// A field without named values.
pub(super) fn plain(name: Word<'_>, bits: BitRange) -> Field {
    let name_text = name.text.to_owned();
    Field {
        name: name_text,
        bits,
        kind: FieldKind::Plain,
        enumerators: Vec::new(),
        span: name.span,
    }
}

/// A field with named values; nothing if one of them is wrong.
pub(super) fn enumeration<'s>(
    subject: &str,
    kind: EnumKind,
    name: Word<'s>,
    bits: BitRange,
    values: &[(Word<'s>, Word<'s>)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Field> {
    let before = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count();
    if values.is_empty() {
        let message = format!("{subject}: an enumeration without values");
        diagnostics.push(
            Diagnostic::error(Rule::EmptyEnum, name.span, message)
                .note("a field without named values is a `Field`"),
        );
    }
    let mut enumerators = Vec::new();
    let mut values_seen = BTreeMap::new();
    let mut names_seen = BTreeMap::new();
    for (literal, name) in values {
        check_name(*name, diagnostics);
        if let Some(first) = names_seen.insert(name.text, name.span) {
            let message = format!("{subject}: a second value named `{}`", name.text);
            diagnostics.push(
                Diagnostic::error(Rule::DuplicateEnumerator, name.span, message)
                    .note_at(first, "the first one is here"),
            );
        }
        let Some(value) = value(subject, *literal, bits, diagnostics) else {
            continue;
        };
        if let Some(first) = values_seen.insert(value, *name) {
            let message = format!(
                "{subject}: `{}` is another name of `{}`",
                name.text, first.text
            );
            diagnostics.push(
                Diagnostic::warning(Rule::DuplicateValue, literal.span, message)
                    .note_at(first.span, "the first name is here"),
            );
        }
        enumerators.push(Enumerator {
            name: name.text.to_owned(),
            value,
            span: name.span,
        });
    }
    let kind = match kind {
        EnumKind::Plain => FieldKind::Enum,
        EnumKind::Signed => FieldKind::SignedEnum,
        EnumKind::Unsigned => FieldKind::UnsignedEnum,
    };
    let sound = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count()
        == before;
    let name_text = name.text.to_owned();
    sound.then_some(Field {
        name: name_text,
        bits,
        kind,
        enumerators,
        span: name.span,
    })
}

fn value(
    subject: &str,
    literal: Word<'_>,
    bits: BitRange,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<u64> {
    let digits = literal.text.strip_prefix("0b");
    let digits = digits.filter(|d| !d.is_empty() && d.bytes().all(|b| b == b'0' || b == b'1'));
    let Some(digits) = digits else {
        let message = format!("{subject}: `{}` is no binary value", literal.text);
        diagnostics.push(
            Diagnostic::error(Rule::InvalidValue, literal.span, message)
                .note("the form is `0b` and the digits 0 and 1"),
        );
        return None;
    };
    // TRFCR_EL1.TS in Linux 7.2 writes four digits for a field of two bits, with values that fit.
    let value = u64::from_str_radix(digits, 2).ok();
    let fitting = value.filter(|value| *value <= u64::MAX >> (64 - bits.width()));
    if fitting.is_none() {
        let width = bits.width();
        let unit = if width == 1 { "bit" } else { "bits" };
        let message = format!("{subject}: `{}` does not fit {width} {unit}", literal.text);
        diagnostics.push(Diagnostic::error(Rule::ValueTooWide, literal.span, message));
    }
    fitting
}
