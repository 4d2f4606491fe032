//! Which blocks of a description are emitted.

use super::layout_type::{self, Emitted};
use super::symbols::Claims;
use crate::input::{Only, Options};
use std::collections::{BTreeMap, BTreeSet};
use sysreg::{Diagnostic, Item, ItemKind, Model};

/// What to emit, in file order, with the numbers of the table's rows; a block with a name that another
/// one has taken is left out and reported.
pub(crate) fn emitted<'m>(
    model: &'m Model,
    Options { only, krate, .. }: &Options,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Emitted<'m>> {
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
    let mut claims = Claims::new(krate);
    let mut claimed = BTreeSet::new();
    let mut blocks = BTreeMap::new();
    for (position, item) in stating.into_iter().chain(referring) {
        let owner = match item {
            Item::SharedLayout(_) => None,
            Item::Register(register) => model.stated_in(register),
        };
        let owner = owner.filter(|owner| claimed.contains(&owner.key()));
        let block = layout_type::block(item, owner.unwrap_or(item));
        let collisions = claims.claim(&block);
        if collisions.is_empty() {
            claimed.insert(item.key());
            blocks.insert(position, block);
        }
        diagnostics.extend(collisions);
    }
    let mut emitted: Vec<_> = blocks.into_values().flatten().collect();
    let places = emitted.iter_mut().filter_map(Emitted::place_mut);
    places
        .enumerate()
        .for_each(|(index, place)| place.index = index);
    emitted
}

/// The registers asked for, and the blocks that state their layouts; nothing if all are.
fn selected<'m>(model: &'m Model, only: Option<&Only>) -> Option<BTreeSet<(ItemKind, &'m str)>> {
    let only = only?;
    let asked = model.registers().filter(|r| only.matches(r.name()));
    let keys = asked.flat_map(|register| {
        let stated_in = model.stated_in(register).map(Item::key);
        stated_in
            .into_iter()
            .chain([(ItemKind::Register, register.name())])
    });
    Some(keys.collect())
}
