//! Parsers of the single words of a facts file.

use super::{Audience, Condition, FieldRange, Owner, Place, Safety, ValueRange, Values};
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::Word;

/// The prefix of every feature's name.
const FEATURE: &str = "FEAT_";

/// The forms of a field with a range of values, as a note.
const FIELD_RANGES: &str = "a range is `REGISTER.FIELD>=VALUE` or `REGISTER.FIELD=VALUE[-LAST]`";

pub(super) fn safety(word: Word<'_>, report: &mut Report) -> Option<Safety> {
    Some(match word.text {
        "Lower" => Safety::Lower,
        "SignedLower" => Safety::SignedLower,
        "Higher" => Safety::Higher,
        "HigherOrZero" => Safety::HigherOrZero,
        "Any" => Safety::Any,
        _ => {
            let error = invalid(Rule::InvalidName, word, "safety type");
            report.push(
                error.note(
                    "allowed: `Lower`, `SignedLower`, `Higher`, `HigherOrZero`, `Any`, `Exact`",
                ),
            );
            return None;
        }
    })
}

pub(super) fn owner(word: Word<'_>, report: &mut Report) -> Option<Owner> {
    let owner = Owner::of_word(word.text);
    if owner.is_none() {
        let known = Owner::ALL.iter().map(|owner| owner.word());
        report.push(not_among(word, "owner of fields", known));
    }
    owner
}

pub(super) fn audience(word: Word<'_>, report: &mut Report) -> Option<Audience> {
    let audience = Audience::of_word(word.text);
    if audience.is_none() {
        let known = Audience::ALL.iter().map(|audience| audience.word());
        report.push(not_among(word, "audience of fields", known));
    }
    audience
}

/// The error for a word that is none of the known ones.
fn not_among(word: Word<'_>, what: &str, known: impl Iterator<Item = &'static str>) -> Diagnostic {
    let known: Vec<_> = known.collect();
    invalid(Rule::InvalidName, word, what).note(format!("allowed: {}", known.join(", ")))
}

pub(super) fn range(word: Word<'_>, report: &mut Report) -> Option<ValueRange> {
    let (first, last) = ends(word.text);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Some(ValueRange { first, last }),
        (Some(_), Some(_)) => {
            let error = invalid(Rule::InvalidValue, word, "range of values");
            report.push(error.note("the last value is below the first"));
            None
        }
        _ => {
            let error = invalid(Rule::InvalidValue, word, "range of values");
            report.push(error.note("the form is `VALUE` or `FIRST-LAST`"));
            None
        }
    }
}

/// The two ends of `FIRST-LAST`, or of one value.
fn ends(text: &str) -> (&str, &str) {
    text.split_once('-').unwrap_or((text, text))
}

pub(super) fn value(word: Word<'_>, report: &mut Report) -> Option<u64> {
    let value = number(word.text);
    if value.is_none() {
        let error = invalid(Rule::InvalidValue, word, "value");
        report.push(error.note("a value is decimal, or hexadecimal after `0x`"));
    }
    value
}

pub(super) fn feature(word: Word<'_>, report: &mut Report) -> Option<String> {
    let name = word.text.strip_prefix(FEATURE);
    if name.is_some_and(is_name) {
        return Some(word.text.to_owned());
    }
    let error = invalid(Rule::InvalidName, word, "feature's name");
    report.push(error.note(format!(
        "the form is `{FEATURE}` and letters, digits or `_`"
    )));
    None
}

/// Parses the name of a register or field; `what` is the name of that thing in messages.
pub(super) fn name(word: Word<'_>, what: &str, report: &mut Report) -> Option<String> {
    if is_name(word.text) {
        return Some(word.text.to_owned());
    }
    let error = invalid(Rule::InvalidName, word, what);
    report.push(error.note("a name is letters, digits and `_`"));
    None
}

pub(super) fn place(word: Word<'_>, report: &mut Report) -> Option<Place> {
    let place = place_of(word.text);
    if place.is_none() {
        let error = invalid(Rule::InvalidName, word, "field");
        report.push(error.note("a field is `REGISTER.FIELD`"));
    }
    place
}

pub(super) fn condition(word: Word<'_>, report: &mut Report) -> Option<Condition> {
    if word.text.starts_with(FEATURE) {
        return feature(word, report).map(Condition::Feature);
    }
    let condition = range_of(word.text).map(Condition::Field);
    if condition.is_none() {
        let error = invalid(Rule::InvalidName, word, "condition");
        let error = error.note("a condition is `FEAT_NAME` or a range of a field");
        report.push(error.note(FIELD_RANGES));
    }
    condition
}

/// Parses a field with a range of values.
pub(super) fn field_range(word: Word<'_>, report: &mut Report) -> Option<FieldRange> {
    let range = range_of(word.text);
    if range.is_none() {
        let error = invalid(Rule::InvalidName, word, "range of a field");
        report.push(error.note(FIELD_RANGES));
    }
    range
}

fn range_of(text: &str) -> Option<FieldRange> {
    if let Some((place, value)) = text.split_once(">=") {
        let (place, values) = (place_of(place)?, Values::AtLeast(number(value)?));
        return Some(FieldRange { place, values });
    }
    let (place, values) = text.split_once('=')?;
    let (first, last) = ends(values);
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(FieldRange {
        place: place_of(place)?,
        values: Values::Within(ValueRange { first, last }),
    })
}

fn place_of(text: &str) -> Option<Place> {
    let (register, field) = text.split_once('.')?;
    (is_name(register) && is_name(field)).then(|| Place {
        register: register.to_owned(),
        field: field.to_owned(),
    })
}

fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    // The standard parser accepts a `+` too.
    let is_digits = digits.chars().all(|c| c.is_digit(radix));
    is_digits.then(|| u64::from_str_radix(digits, radix).ok())?
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn invalid(rule: Rule, word: Word<'_>, what: &str) -> Diagnostic {
    Diagnostic::error(rule, word.span, format!("`{word}` is no {what}"))
}
