//! Which types to emit for the blocks of a description.

use super::claims::Claims;
use crate::input::Only;
use crate::names;
use proc_macro2::Ident;
use std::collections::{BTreeMap, BTreeSet};
use sysreg::{Alternative, Diagnostic, Item, ItemKind, Layout, Layouts, Model, Register, Span};

/// What is emitted for a block of the description, or for a part of one.
pub(crate) enum Emitted<'m> {
    View(View<'m>),
    Alias(Alias<'m>),
}

/// A layout with its field types: of one register, shared by several, or a further one.
pub(crate) struct View<'m> {
    /// The kernel's name: the block's, with the prefix in front for a further layout.
    pub(crate) name: String,
    pub(crate) type_name: Ident,
    pub(crate) module: Ident,
    /// Nothing if the description does not say.
    pub(crate) layout: Option<&'m Layout>,
    pub(crate) role: Role<'m>,
    pub(crate) span: Span,
}

/// What a view is a view of.
pub(crate) enum Role<'m> {
    /// Of a register, which states it itself.
    Own(Place<'m>),
    /// Of every register that refers to it.
    Shared,
    /// Of the same bits as the first layout of a block.
    Further(Block),
}

/// A register whose layout stands elsewhere.
pub(crate) struct Alias<'m> {
    pub(crate) type_name: Ident,
    pub(crate) place: Place<'m>,
    pub(crate) layout: &'m Layout,
    /// The type that names the layout.
    pub(crate) layout_name: Ident,
}

/// A register with a row in the table.
pub(crate) struct Place<'m> {
    pub(crate) register: &'m Register,
    /// The row's number.
    pub(crate) index: usize,
    /// The types that name its further layouts.
    pub(crate) further: Vec<Ident>,
}

/// A block of the description, as far as its further layouts need to know it.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// The type that names its first layout.
    pub(crate) first: Ident,
    /// The type that names the block itself, if it is a register.
    pub(crate) register: Option<Ident>,
}

/// What to emit, in file order; a block with a name that another one has taken is left out and
/// reported.
pub(crate) fn emitted<'m>(
    model: &'m Model,
    only: Option<&Only>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Emitted<'m>> {
    let selected = selected(model, only);
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
    let mut claims = Claims::new();
    let mut claimed = BTreeSet::new();
    let mut blocks = BTreeMap::new();
    for (position, item) in stating.into_iter().chain(referring) {
        let owner = |register| model.stated_in(register);
        let block = match item {
            Item::SharedLayout(_) => block(item, item),
            Item::Register(register) => {
                let owner = owner(register).filter(|owner| claimed.contains(&owner.key()));
                block(item, owner.unwrap_or(item))
            }
        };
        match claims.claim(&block) {
            Ok(()) => {
                claimed.insert(item.key());
                blocks.insert(position, block);
            }
            Err(collision) => diagnostics.push(collision),
        }
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

/// The types of a block, its own first; `owner` is the block that states its layout, which may be
/// itself, and is itself if no block does.
fn block<'m>(item: &'m Item, owner: &'m Item) -> Vec<Emitted<'m>> {
    let type_name = names::type_name(item.name());
    let first = names::type_name(owner.name());
    let layout = owner.layouts().map(Layouts::layout);
    let further = views(item, first.clone());
    let Item::Register(register) = item else {
        let own = View::new(item.name(), layout, Role::Shared, item.span());
        return [Emitted::View(own)].into_iter().chain(further).collect();
    };
    let is_alias = item.key() != owner.key();
    let inherited = if is_alias { alternatives(owner) } else { &[] };
    let place = Place {
        register,
        index: 0,
        further: (alternatives(item).iter().map(|a| further_name(item, a)))
            .chain(inherited.iter().map(|a| further_name(owner, a)))
            .map(|name| names::type_name(&name))
            .collect(),
    };
    let own = match layout {
        Some(layout) if is_alias => Emitted::Alias(Alias {
            type_name,
            place,
            layout,
            layout_name: first,
        }),
        _ => Emitted::View(View::new(
            item.name(),
            layout,
            Role::Own(place),
            item.span(),
        )),
    };
    [own].into_iter().chain(further).collect()
}

/// The views of a block's further layouts.
fn views(item: &Item, first: Ident) -> impl Iterator<Item = Emitted<'_>> {
    let register = matches!(item, Item::Register(_)).then(|| names::type_name(item.name()));
    let block = Block {
        name: item.name().to_owned(),
        first,
        register,
    };
    alternatives(item).iter().map(move |alternative| {
        let name = further_name(item, alternative);
        let layout = Some(alternative.layout());
        Emitted::View(View::new(
            &name,
            layout,
            Role::Further(block.clone()),
            item.span(),
        ))
    })
}

fn alternatives(item: &Item) -> &[Alternative] {
    match item {
        Item::Register(register) => register.alternatives(),
        Item::SharedLayout(shared) => shared.layouts().alternatives(),
    }
}

/// A further layout's name, as the kernel's own macros have it.
fn further_name(item: &Item, alternative: &Alternative) -> String {
    format!("{}_{}", alternative.prefix(), item.name())
}

impl<'m> View<'m> {
    fn new(name: &str, layout: Option<&'m Layout>, role: Role<'m>, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            type_name: names::type_name(name),
            module: names::lower_name(name),
            layout,
            role,
            span,
        }
    }
}

impl<'m> Emitted<'m> {
    /// The register, if this is one.
    pub(crate) fn place(&self) -> Option<&Place<'m>> {
        match self {
            Self::Alias(alias) => Some(&alias.place),
            Self::View(view) => match &view.role {
                Role::Own(place) => Some(place),
                Role::Shared | Role::Further(_) => None,
            },
        }
    }

    fn place_mut(&mut self) -> Option<&mut Place<'m>> {
        match self {
            Self::Alias(alias) => Some(&mut alias.place),
            Self::View(view) => match &mut view.role {
                Role::Own(place) => Some(place),
                Role::Shared | Role::Further(_) => None,
            },
        }
    }

    /// The type that names it.
    pub(crate) fn type_name(&self) -> &Ident {
        match self {
            Self::View(view) => &view.type_name,
            Self::Alias(alias) => &alias.type_name,
        }
    }
}
