//! The types that a block of a description becomes.

use crate::names;
use proc_macro2::Ident;
use sysreg::{Alternative, Item, Layout, Layouts, Register, Span};

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
    /// The types that name the further layouts of the same bits.
    pub(crate) further: Vec<Ident>,
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
    /// The types that name further layouts of this register alone.
    pub(crate) further: Vec<Ident>,
}

/// A register with a row in the table.
pub(crate) struct Place<'m> {
    pub(crate) register: &'m Register,
    /// The row's number.
    pub(crate) index: usize,
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

/// The types of a block, its own first; `owner` is the block that states its layout, which may be
/// itself, and is itself if no block does.
pub(crate) fn block<'m>(item: &'m Item, owner: &'m Item) -> Vec<Emitted<'m>> {
    let layout_name = names::type_name(owner.name());
    let views = further_views(item, &layout_name);
    let further = views.iter().map(|view| view.type_name.clone()).collect();
    let layout = owner.layouts().map(Layouts::layout);
    let place = |register| Place { register, index: 0 };
    let own = match (item, layout) {
        (Item::Register(register), Some(layout)) if item.key() != owner.key() => {
            Emitted::Alias(Alias {
                type_name: names::type_name(item.name()),
                place: place(register),
                layout,
                layout_name,
                further,
            })
        }
        _ => {
            let role = match item {
                Item::Register(register) => Role::Own(place(register)),
                Item::SharedLayout(_) => Role::Shared,
            };
            let view = View::new(item.name(), layout, role, item.span());
            Emitted::View(View { further, ..view })
        }
    };
    let views = views.into_iter().map(Emitted::View);
    [own].into_iter().chain(views).collect()
}

/// The views of a block's further layouts; `first` names its first one.
fn further_views<'m>(item: &'m Item, first: &Ident) -> Vec<View<'m>> {
    let register = matches!(item, Item::Register(_)).then(|| names::type_name(item.name()));
    let block = Block {
        name: item.name().to_owned(),
        first: first.clone(),
        register,
    };
    let view = |alternative: &'m Alternative| {
        // As the kernel's own macros have it.
        let name = format!("{}_{}", alternative.prefix(), item.name());
        let role = Role::Further(block.clone());
        View::new(&name, Some(alternative.layout()), role, item.span())
    };
    alternatives(item).iter().map(view).collect()
}

fn alternatives(item: &Item) -> &[Alternative] {
    match item {
        Item::Register(register) => register.alternatives(),
        Item::SharedLayout(shared) => shared.layouts().alternatives(),
    }
}

impl<'m> View<'m> {
    fn new(name: &str, layout: Option<&'m Layout>, role: Role<'m>, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            type_name: names::type_name(name),
            module: names::lower_name(name),
            layout,
            further: Vec::new(),
            role,
            span,
        }
    }

    /// The layout, if it has fields and so a module of their types.
    pub(crate) fn layout_with_fields(&self) -> Option<&'m Layout> {
        let has_fields = |layout: &&Layout| layout.fields().next().is_some();
        self.layout.filter(has_fields)
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

    pub(crate) fn place_mut(&mut self) -> Option<&mut Place<'m>> {
        match self {
            Self::Alias(alias) => Some(&mut alias.place),
            Self::View(view) => match &mut view.role {
                Role::Own(place) => Some(place),
                Role::Shared | Role::Further(_) => None,
            },
        }
    }

    /// What its fields are, if the description says so.
    pub(crate) fn layout(&self) -> Option<&'m Layout> {
        match self {
            Self::View(view) => view.layout,
            Self::Alias(alias) => Some(alias.layout),
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
