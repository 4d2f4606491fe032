//! Check for circles of `Mapping` from register to register.

use super::{DefinedNames, Reference, insert_unique};
use crate::ast::ReferenceKind;
use crate::diagnostic::{Diagnostic, Report, Rule};
use crate::lex::Word;
use std::collections::{BTreeMap, BTreeSet};

/// The target of each register with a `Mapping`.
type Mappings<'s> = BTreeMap<&'s str, Word<'s>>;

/// Finds the registers whose `Mapping` leads back to themselves.
pub(super) fn check_circular<'s>(
    references: &[Reference<'s>],
    defined: &DefinedNames<'s>,
    report: &mut Report,
) -> BTreeSet<&'s str> {
    let mut mappings = Mappings::new();
    for Reference {
        register,
        kind,
        target,
    } in references
    {
        // Of two registers with the same name, the model contains the first.
        let is_first = defined.registers.get(register.text) == Some(&register.span);
        if is_first && *kind == ReferenceKind::Mapping {
            mappings.insert(register.text, *target);
        }
    }
    let mut circular = BTreeSet::new();
    for start in entrances(&mappings) {
        let mut circle = circle(&mappings, start);
        circular.extend(circle.iter().map(|(name, _)| *name));
        circle.sort_by_key(|(_, target)| target.span.start);
        report_circle(&circle, report);
    }
    circular
}

/// Finds one register of each circle; visits each register once, even at the end of many chains.
fn entrances<'s>(mappings: &Mappings<'s>) -> Vec<&'s str> {
    let mut visited: BTreeMap<&str, usize> = BTreeMap::new();
    let mut entrances = Vec::new();
    for (walk, start) in mappings.keys().enumerate() {
        let mut name = *start;
        while let Some(target) = mappings.get(name) {
            if let Some(earlier) = insert_unique(&mut visited, name, walk) {
                entrances.extend((earlier == walk).then_some(name));
                break;
            }
            name = target.text;
        }
    }
    entrances
}

/// The registers of a circle with their targets.
fn circle<'s>(mappings: &Mappings<'s>, start: &'s str) -> Vec<(&'s str, Word<'s>)> {
    let mut circle = Vec::new();
    let mut name = start;
    while let Some(target) = mappings.get(name) {
        circle.push((name, *target));
        name = target.text;
        if name == start {
            break;
        }
    }
    circle
}

fn report_circle(circle: &[(&str, Word<'_>)], report: &mut Report) {
    let Some(((name, target), others)) = circle.split_first() else {
        return;
    };
    let message = format!("{name}: this mapping leads back to itself");
    let mut error = Diagnostic::error(Rule::CircularMapping, target.span, message);
    for (_, target) in others {
        error = error.note_at(target.span, format!("by way of `Mapping {target}`"));
    }
    report.push(error);
}
