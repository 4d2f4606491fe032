//! The types that are emitted for a block of a description.

use crate::names;
use proc_macro2::Ident;
use sysreg::{Alternative, Item, Layout, Layouts, Register, Span};

/// One type that is emitted for a block of the description.
pub(crate) enum EmittedType<'m> {
    Layout(LayoutType<'m>),
    Alias(Alias<'m>),
}

/// A layout and its field types.
pub(crate) struct LayoutType<'m> {
    /// The kernel's name: the block's, with the prefix in front for an alternative layout.
    pub(crate) name: String,
    pub(crate) type_name: Ident,
    pub(crate) module: Ident,
    /// The fields and masks, or `None` if the description does not define them.
    pub(crate) layout: Option<&'m Layout>,
    /// The marker types of the alternative layouts of the same bits.
    pub(crate) alternatives: Vec<Ident>,
    pub(crate) role: Role<'m>,
    pub(crate) span: Span,
}

/// The users of a layout.
pub(crate) enum Role<'m> {
    /// The layout of the register whose block states it.
    Register(TableRow<'m>),
    /// The layout of every register that refers to it.
    Shared,
    /// An alternative layout (`Prefix`) of the bits of a block.
    Alternative(Block),
}

/// A register whose layout another block states.
pub(crate) struct Alias<'m> {
    pub(crate) type_name: Ident,
    pub(crate) row: TableRow<'m>,
    pub(crate) layout: &'m Layout,
    /// The marker type of the layout.
    pub(crate) layout_name: Ident,
    /// The marker types of alternative layouts that only this register has.
    pub(crate) alternatives: Vec<Ident>,
}

/// A register and its row in the table.
pub(crate) struct TableRow<'m> {
    pub(crate) register: &'m Register,
    pub(crate) index: usize,
}

/// The names of a block that the conversions to and from its alternative layouts use.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// The marker type of the layout without a prefix.
    pub(crate) first_layout: Ident,
    /// The marker type of the block, or `None` if it is not a register.
    pub(crate) register: Option<Ident>,
}

/// The types of a block, its own first.
///
/// `owner` is the block that states the layout: another block, or `item` itself.
pub(crate) fn of_block<'m>(item: &'m Item, owner: &'m Item) -> Vec<EmittedType<'m>> {
    let layout_name = names::type_name(owner.name());
    let alternative_types = alternative_types(item, &layout_name);
    let alternatives = alternative_types.iter().map(|one| one.type_name.clone());
    let alternatives = alternatives.collect();
    let layout = owner.layouts().map(Layouts::layout);
    // The rows are numbered when all blocks are selected.
    let row = |register| TableRow { register, index: 0 };
    let own = match (item, layout) {
        (Item::Register(register), Some(layout)) if item.key() != owner.key() => {
            EmittedType::Alias(Alias {
                type_name: names::type_name(item.name()),
                row: row(register),
                layout,
                layout_name,
                alternatives,
            })
        }
        _ => {
            let role = match item {
                Item::Register(register) => Role::Register(row(register)),
                Item::SharedLayout(_) => Role::Shared,
            };
            let own = LayoutType::new(item.name(), layout, role, item.span());
            EmittedType::Layout(LayoutType {
                alternatives,
                ..own
            })
        }
    };
    let alternative_types = alternative_types.into_iter().map(EmittedType::Layout);
    [own].into_iter().chain(alternative_types).collect()
}

/// The types of a block's alternative layouts.
fn alternative_types<'m>(item: &'m Item, first_layout: &Ident) -> Vec<LayoutType<'m>> {
    let register = matches!(item, Item::Register(_)).then(|| names::type_name(item.name()));
    let block = Block {
        name: item.name().to_owned(),
        first_layout: first_layout.clone(),
        register,
    };
    let layout_type = |alternative: &'m Alternative| {
        // The kernel's generator names its macros in the same way.
        let name = format!("{}_{}", alternative.prefix(), item.name());
        let role = Role::Alternative(block.clone());
        LayoutType::new(&name, Some(alternative.layout()), role, item.span())
    };
    alternatives(item).iter().map(layout_type).collect()
}

fn alternatives(item: &Item) -> &[Alternative] {
    match item {
        Item::Register(register) => register.alternatives(),
        Item::SharedLayout(shared) => shared.layouts().alternatives(),
    }
}

impl<'m> LayoutType<'m> {
    fn new(name: &str, layout: Option<&'m Layout>, role: Role<'m>, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            type_name: names::type_name(name),
            module: names::lower_name(name),
            layout,
            alternatives: Vec::new(),
            role,
            span,
        }
    }

    /// The layout, or `None` if it has no fields and so no module of field types.
    pub(crate) fn layout_with_fields(&self) -> Option<&'m Layout> {
        let has_fields = |layout: &&Layout| layout.fields().next().is_some();
        self.layout.filter(has_fields)
    }
}

impl<'m> EmittedType<'m> {
    /// The row of a register, or `None` for a shared or alternative layout.
    pub(crate) fn row(&self) -> Option<&TableRow<'m>> {
        match self {
            Self::Alias(alias) => Some(&alias.row),
            Self::Layout(layout_type) => match &layout_type.role {
                Role::Register(row) => Some(row),
                Role::Shared | Role::Alternative(_) => None,
            },
        }
    }

    pub(crate) fn row_mut(&mut self) -> Option<&mut TableRow<'m>> {
        match self {
            Self::Alias(alias) => Some(&mut alias.row),
            Self::Layout(layout_type) => match &mut layout_type.role {
                Role::Register(row) => Some(row),
                Role::Shared | Role::Alternative(_) => None,
            },
        }
    }

    /// The fields and masks, or `None` if the description does not define them.
    pub(crate) fn layout(&self) -> Option<&'m Layout> {
        match self {
            Self::Layout(layout_type) => layout_type.layout,
            Self::Alias(alias) => Some(alias.layout),
        }
    }

    /// The name of the value type, which is the marker type's too.
    pub(crate) fn type_name(&self) -> &Ident {
        match self {
            Self::Layout(layout_type) => &layout_type.type_name,
            Self::Alias(alias) => &alias.type_name,
        }
    }
}
