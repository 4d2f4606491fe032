//! The blocks of a description that are emitted.

use super::layout_type::{self, EmittedType};
use super::symbols::Symbols;
use crate::input::{Only, Options};
use std::collections::{BTreeMap, BTreeSet};
use sysreg::{Diagnostic, Item, ItemKind, Model};

/// The types to emit, in file order, with the numbers of the table's rows.
///
/// A block with a name that an earlier block defines is left out and reported.
pub(crate) fn emitted_types<'m>(
    model: &'m Model,
    Options { only, krate, .. }: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<EmittedType<'m>> {
    let selected = selected(model, only.as_ref());
    let is_selected = |item: &Item| {
        selected
            .as_ref()
            .is_none_or(|keys| keys.contains(&item.key()))
    };
    let items = model.items().iter().enumerate();
    let items = items.filter(|(_, item)| is_selected(item));
    // Layouts first: a register whose layout is left out has no fields.
    let (stating, referring): (Vec<_>, Vec<_>) =
        items.partition(|(_, item)| item.layouts().is_some());
    let mut symbols = Symbols::new(krate);
    let mut defined = BTreeSet::new();
    let mut blocks = BTreeMap::new();
    for (position, item) in stating.into_iter().chain(referring) {
        let owner = match item {
            Item::SharedLayout(_) => None,
            Item::Register(register) => model.stated_in(register),
        };
        let owner = owner.filter(|owner| defined.contains(&owner.key()));
        let block = layout_type::of_block(item, owner.unwrap_or(item));
        let collisions = symbols.define(&block);
        if collisions.is_empty() {
            defined.insert(item.key());
            blocks.insert(position, block);
        }
        diagnostics.extend(collisions);
    }
    let mut emitted: Vec<_> = blocks.into_values().flatten().collect();
    let rows = emitted.iter_mut().filter_map(EmittedType::row_mut);
    rows.enumerate().for_each(|(index, row)| row.index = index);
    emitted
}

/// The registers that `only` selects and the blocks that state their layouts, or `None` for all.
fn selected<'m>(model: &'m Model, only: Option<&Only>) -> Option<BTreeSet<(ItemKind, &'m str)>> {
    let only = only?;
    let registers = model.registers().filter(|r| only.matches(r.name()));
    let keys = registers.flat_map(|register| {
        let stated_in = model.stated_in(register).map(Item::key);
        stated_in
            .into_iter()
            .chain([(ItemKind::Register, register.name())])
    });
    Some(keys.collect())
}
