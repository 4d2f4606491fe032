//! Validation: turns blocks into a [`Model`], with the rules about meaning.

mod field;
mod first_seen;
mod layout;
mod mapping;
mod subject;

use crate::ast::{self, ReferenceKind};
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::encoding::Encoding;
use crate::lex::Word;
use crate::model::{Item, Model, Register, SharedLayout};
use crate::source::Span;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The maximum length of a name in characters; the longest name in Linux 7.2 has 23.
///
/// The limit keeps output that is built of several names, such as
/// [`defines()`](crate::defines()), from being far larger than the description.
pub const MAX_NAME: usize = 100;

/// Checks all blocks; the model contains those without an error.
pub(crate) fn validate(items: &[ast::Block<'_>], report: &mut Report) -> Model {
    let mut defined = DefinedNames::default();
    let mut valid: Vec<Item> = Vec::new();
    for item in items {
        valid.extend(match item {
            ast::Block::Register(register) => {
                check_register(register, &mut defined, report).map(Item::Register)
            }
            ast::Block::Fields(shared) => {
                check_shared(shared, &mut defined, report).map(Item::SharedLayout)
            }
        });
    }
    let references = references(items);
    check_targets(&references, &defined, report);
    let circular = mapping::check_circular(&references, &defined, report);
    valid.retain(|item| !matches!(item, Item::Register(r) if circular.contains(r.name.as_str())));
    Model::new(valid)
}

/// The names and encodings of the blocks so far, with their places.
#[derive(Default)]
struct DefinedNames<'s> {
    registers: BTreeMap<&'s str, Span>,
    shared: BTreeMap<&'s str, Span>,
    encodings: BTreeMap<Encoding, Word<'s>>,
}

/// Inserts the value of a unique key, or returns the first value if the key exists.
fn insert_unique<K: Ord, V: Copy>(map: &mut BTreeMap<K, V>, key: K, value: V) -> Option<V> {
    match map.entry(key) {
        Entry::Occupied(first) => Some(*first.get()),
        Entry::Vacant(vacant) => {
            vacant.insert(value);
            None
        }
    }
}

fn check_register<'s>(
    register: &ast::SysregBlock<'s>,
    defined: &mut DefinedNames<'s>,
    report: &mut Report,
) -> Option<Register> {
    let before = report.errors();
    let name = register.name;
    if register.encoding.is_some() {
        check_name(name, report);
    }
    if let Some(first) = insert_unique(&mut defined.registers, name.text, name.span) {
        let message = format!("{name}: a second `Sysreg` of this name");
        report.push(
            Diagnostic::error(Rule::DuplicateRegister, name.span, message)
                .note_at(first, "the first one is here"),
        );
    }
    let encoding = register
        .encoding
        .and_then(|words| check_encoding(name, words, report));
    if let Some(encoding) = encoding {
        check_shared_encoding(name, encoding, defined, report);
    }
    let body = layout::register_body(name, &register.body, report);
    let sound = report.errors() == before && !register.body.broken;
    let encoding = encoding?;
    sound.then(|| Register {
        name: name.text.to_owned(),
        encoding,
        body,
        span: name.span,
    })
}

fn check_shared<'s>(
    shared: &ast::SharedFieldsBlock<'s>,
    defined: &mut DefinedNames<'s>,
    report: &mut Report,
) -> Option<SharedLayout> {
    let before = report.errors();
    let name = shared.name;
    if !shared.body.broken {
        check_name(name, report);
    }
    if let Some(first) = insert_unique(&mut defined.shared, name.text, name.span) {
        let message = format!("{name}: a second `SysregFields` of this name");
        report.push(
            Diagnostic::error(Rule::DuplicateFields, name.span, message)
                .note_at(first, "the first one is here"),
        );
    }
    let layouts = layout::layouts(name, &shared.body, report);
    let sound = report.errors() == before && !shared.body.broken;
    sound.then(|| SharedLayout {
        name: name.text.to_owned(),
        layouts,
        span: name.span,
    })
}

fn check_encoding(name: Word<'_>, words: [Word<'_>; 5], report: &mut Report) -> Option<Encoding> {
    let mut numbers = [None; 5];
    let parts = words.iter().zip(Encoding::PARTS);
    for ((word, (part, max)), number) in parts.zip(&mut numbers) {
        *number = decimal(word.text).filter(|number| *number <= max);
        if number.is_none() {
            let message = format!("{name}: `{word}` is no {part}; allowed: 0 to {max}");
            report.push(Diagnostic::error(Rule::InvalidEncoding, word.span, message));
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

/// Warns of registers with one encoding, which the kernel's generator accepts: the architecture has
/// pairs of a register that is read and one that is written, such as DBGDTRRX_EL0 and DBGDTRTX_EL0.
fn check_shared_encoding<'s>(
    name: Word<'s>,
    encoding: Encoding,
    defined: &mut DefinedNames<'s>,
    report: &mut Report,
) {
    // Two blocks of one register are already reported as a duplicate.
    if let Some(first) = insert_unique(&mut defined.encodings, encoding, name)
        && first.text != name.text
    {
        let message = format!("{name}: `{first}` has the encoding {encoding} too");
        report.push(
            Diagnostic::warning(Rule::SharedEncoding, name.span, message)
                .note_at(first.span, "that one is here"),
        );
    }
}

/// A register with `Fields` or `Mapping`, and the name in that statement.
struct Reference<'s> {
    register: Word<'s>,
    kind: ReferenceKind,
    target: Word<'s>,
}

fn references<'s>(items: &[ast::Block<'s>]) -> Vec<Reference<'s>> {
    let registers = items.iter().filter_map(|item| match item {
        ast::Block::Register(register) => Some(register),
        ast::Block::Fields(_) => None,
    });
    let reference = |register: &ast::SysregBlock<'s>| {
        let (kind, target, _) = layout::reference(&register.body)?;
        Some(Reference {
            register: register.name,
            kind,
            target,
        })
    };
    registers.filter_map(reference).collect()
}

/// Warns of unknown targets: `Fields MPAM1_ELx` in Linux 7.2 names a layout that its file lacks.
fn check_targets(references: &[Reference<'_>], defined: &DefinedNames<'_>, report: &mut Report) {
    for reference in references {
        let Reference {
            register, target, ..
        } = reference;
        let (known, block) = match reference.kind {
            ReferenceKind::Fields => (defined.shared.contains_key(target.text), "SysregFields"),
            ReferenceKind::Mapping => (defined.registers.contains_key(target.text), "Sysreg"),
        };
        if !known {
            let message = format!("{register}: no `{block} {target}` in this description");
            report.push(
                Diagnostic::warning(Rule::UnknownTarget, target.span, message)
                    .note("the register is known, its fields are not"),
            );
        }
    }
}

fn check_name(name: Word<'_>, report: &mut Report) {
    let mut bytes = name.text.bytes();
    let length = name.text.len();
    let message = if !bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        format!("`{name}` is no name: letters, digits and `_` only")
    } else if length > MAX_NAME {
        format!("`{name}` is too long for a name: {length} characters, at most {MAX_NAME}")
    } else {
        return;
    };
    report.push(Diagnostic::error(Rule::InvalidName, name.span, message));
}

/// Parses a decimal number of digits only; leading zeros are allowed, as in the kernel's generator.
fn decimal(text: &str) -> Option<u8> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}
