//! Blocks to a [`Model`]: every rule that is about meaning and not about structure.

mod field;
mod layout;

use crate::ast::{self, ReferenceKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::encoding::Encoding;
use crate::lex::Word;
use crate::model::{Item, Model, Register, SharedLayout};
use crate::source::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Checks all blocks. The model holds those without an error.
pub(crate) fn validate(items: &[ast::Item<'_>], diagnostics: &mut Vec<Diagnostic>) -> Model {
    let mut seen = Seen::default();
    let mut valid: Vec<Item> = Vec::new();
    for item in items {
        let item = match item {
            ast::Item::Register(register) => {
                check_register(register, &mut seen, diagnostics).map(Item::Register)
            }
            ast::Item::Fields(shared) => {
                check_shared(shared, &mut seen, diagnostics).map(Item::SharedLayout)
            }
        };
        valid.extend(item);
    }
    check_targets(items, &seen, diagnostics);
    let circular = check_circular_mapping(items, diagnostics);
    valid.retain(|item| !matches!(item, Item::Register(r) if circular.contains(r.name.as_str())));
    Model { items: valid }
}

/// The names and encodings taken so far, with the places that took them.
#[derive(Default)]
struct Seen<'s> {
    registers: BTreeMap<&'s str, Span>,
    shared: BTreeMap<&'s str, Span>,
    encodings: BTreeMap<Encoding, Word<'s>>,
}

fn check_register<'s>(
    register: &ast::Register<'s>,
    seen: &mut Seen<'s>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Register> {
    let before = errors(diagnostics);
    let name = register.name;
    check_name(name, diagnostics);
    if let Some(first) = seen.registers.insert(name.text, name.span) {
        let message = format!("{}: a second `Sysreg` of this name", name.text);
        diagnostics.push(
            Diagnostic::error(Rule::DuplicateRegister, name.span, message)
                .note_at(first, "the first one is here"),
        );
    }
    let encoding = check_encoding(register, diagnostics);
    if let Some(encoding) = encoding {
        check_shared_encoding(name, encoding, seen, diagnostics);
    }
    let body = layout::register_body(name, &register.body, diagnostics);
    let sound = errors(diagnostics) == before && !register.body.broken;
    let (encoding, body) = (encoding?, body?);
    sound.then(|| Register {
        name: name.text.to_owned(),
        encoding,
        body,
        span: name.span,
    })
}

fn check_shared<'s>(
    shared: &ast::SharedFields<'s>,
    seen: &mut Seen<'s>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<SharedLayout> {
    let before = errors(diagnostics);
    let name = shared.name;
    check_name(name, diagnostics);
    if let Some(first) = seen.shared.insert(name.text, name.span) {
        let message = format!("{}: a second `SysregFields` of this name", name.text);
        diagnostics.push(
            Diagnostic::error(Rule::DuplicateFields, name.span, message)
                .note_at(first, "the first one is here"),
        );
    }
    let layouts = layout::layouts(name, &shared.body, diagnostics)?;
    let sound = errors(diagnostics) == before && !shared.body.broken;
    sound.then(|| SharedLayout {
        name: name.text.to_owned(),
        layouts,
        span: name.span,
    })
}

fn check_encoding(
    register: &ast::Register<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Encoding> {
    let mut numbers = [None; 5];
    let words = register.encoding.iter().zip(Encoding::PARTS);
    for ((word, (part, max)), number) in words.zip(&mut numbers) {
        *number = decimal(word.text).filter(|number| *number <= max);
        if number.is_none() {
            let message = format!(
                "{}: `{}` is no {part}: 0 to {max}",
                register.name.text, word.text
            );
            diagnostics.push(Diagnostic::error(Rule::InvalidEncoding, word.span, message));
        }
    }
    let [op0, op1, crn, crm, op2] = numbers;
    Some(Encoding {
        op0: op0?,
        op1: op1?,
        crn: crn?,
        crm: crm?,
        op2: op2?,
    })
}

fn check_shared_encoding<'s>(
    name: Word<'s>,
    encoding: Encoding,
    seen: &mut Seen<'s>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // The same register twice is reported as such.
    if let Some(first) = seen.encodings.insert(encoding, name)
        && first.text != name.text
    {
        let message = format!(
            "{}: `{}` has the encoding {encoding} too",
            name.text, first.text
        );
        diagnostics.push(
            Diagnostic::error(Rule::SharedEncoding, name.span, message)
                .note_at(first.span, "that one is here"),
        );
    }
}

/// `Fields MPAM1_ELx` in Linux 7.2 names a layout that its file does not have.
fn check_targets(items: &[ast::Item<'_>], seen: &Seen<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (name, kind, target) in references(items) {
        let (known, block) = match kind {
            ReferenceKind::Fields => (seen.shared.contains_key(target.text), "SysregFields"),
            ReferenceKind::Mapping => (seen.registers.contains_key(target.text), "Sysreg"),
        };
        if !known {
            let message = format!("{}: no `{block} {}` in this file", name.text, target.text);
            diagnostics.push(
                Diagnostic::warning(Rule::UnknownTarget, target.span, message)
                    .note("the register is known, its fields are not"),
            );
        }
    }
}

/// Finds the registers whose `Mapping` leads to a circle.
fn check_circular_mapping<'s>(
    items: &[ast::Item<'s>],
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeSet<&'s str> {
    let mappings: BTreeMap<&str, Word<'s>> = references(items)
        .filter(|(_, kind, _)| *kind == ReferenceKind::Mapping)
        .map(|(name, _, target)| (name.text, target))
        .collect();
    let mut circular = BTreeSet::new();
    for (name, target) in &mappings {
        let mut next = Some(target);
        let mut steps = 0;
        while let Some(word) = next {
            steps += 1;
            if steps > mappings.len() {
                let message = format!("{name}: this mapping leads back to itself");
                diagnostics.push(Diagnostic::error(
                    Rule::CircularMapping,
                    target.span,
                    message,
                ));
                circular.insert(*name);
                break;
            }
            next = mappings.get(word.text);
        }
    }
    circular
}

/// Every register with `Fields` or `Mapping`, and what it names.
fn references<'a, 's>(
    items: &'a [ast::Item<'s>],
) -> impl Iterator<Item = (Word<'s>, ReferenceKind, Word<'s>)> + use<'a, 's> {
    items.iter().filter_map(|item| {
        let ast::Item::Register(register) = item else {
            return None;
        };
        register
            .body
            .statements
            .iter()
            .find_map(|statement| match statement {
                ast::Statement::Reference { kind, target, .. } => {
                    Some((register.name, *kind, *target))
                }
                _ => None,
            })
    })
}

fn check_name(name: Word<'_>, diagnostics: &mut Vec<Diagnostic>) {
    if !name
        .text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        let message = format!("`{}` is no name: letters, digits and `_` only", name.text);
        diagnostics.push(Diagnostic::error(Rule::InvalidName, name.span, message));
    }
}

/// A decimal number of digits only; leading zeros are taken, as the kernel's generator does.
fn decimal(text: &str) -> Option<u8> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn errors(diagnostics: &[Diagnostic]) -> usize {
    diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .count()
}
