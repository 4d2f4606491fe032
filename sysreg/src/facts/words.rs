//! Parsers of the single words of a facts file.

use super::{AtLeast, Condition, Owner, Place, Safety, ValueRange};
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::Word;

/// The prefix of every feature's name.
const FEATURE: &str = "FEAT_";

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
        let known: Vec<_> = Owner::ALL.iter().map(|owner| owner.word()).collect();
        let error = invalid(Rule::InvalidName, word, "owner of fields");
        report.push(error.note(format!("allowed: {}", known.join(", "))));
    }
    owner
}

pub(super) fn range(word: Word<'_>, report: &mut Report) -> Option<ValueRange> {
    let (first, last) = word.text.split_once('-').unwrap_or((word.text, word.text));
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
    let condition = word.text.split_once(">=").and_then(|(place, value)| {
        let (place, value) = (place_of(place)?, number(value)?);
        Some(Condition::Field(AtLeast { place, value }))
    });
    if condition.is_none() {
        let error = invalid(Rule::InvalidName, word, "condition");
        report.push(error.note("a condition is `FEAT_NAME` or `REGISTER.FIELD>=VALUE`"));
    }
    condition
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
