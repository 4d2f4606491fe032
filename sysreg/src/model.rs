//! A description after validation: registers and the layouts that they share.

mod layout;

pub use self::layout::{Alternative, Entry, Enumerator, Field, FieldKind, Layout, Layouts};

use crate::encoding::Encoding;
use crate::source::Span;
use std::collections::{BTreeMap, btree_map};

/// Everything valid in a description, in file order.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) items: Vec<Item>,
    /// The positions of the blocks, by their keys.
    by_key: Vec<usize>,
    /// For each block, the position of the one that states its layout.
    stated_in: Vec<Option<usize>>,
}

/// A top-level block.
#[derive(Clone, Debug)]
pub enum Item {
    /// A `Sysreg` block.
    Register(Register),
    /// A `SysregFields` block.
    SharedLayout(SharedLayout),
}

/// Whether a top-level block is a register or a shared layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A `Sysreg` block.
    Register,
    /// A `SysregFields` block.
    SharedLayout,
}

/// A layout that several registers share: a `SysregFields` block.
#[derive(Clone, Debug)]
pub struct SharedLayout {
    pub(crate) name: String,
    pub(crate) layouts: Layouts,
    pub(crate) span: Span,
}

/// A system register: a `Sysreg` block.
#[derive(Clone, Debug)]
pub struct Register {
    pub(crate) name: String,
    pub(crate) encoding: Encoding,
    pub(crate) body: Body,
    pub(crate) span: Span,
}

/// Where a register's layout stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Body {
    /// In the register itself.
    Own(Layouts),
    /// In the [`SharedLayout`] of this name, after the register's own alternatives.
    Fields {
        /// Layouts under a prefix that the register states itself.
        alternatives: Vec<Alternative>,
        /// The name of the shared layout; a kernel file may name one that does not exist.
        target: String,
    },
    /// In the register of this name, whose alias this one is.
    Mapping {
        /// Layouts under a prefix that the register states itself.
        alternatives: Vec<Alternative>,
        /// The name of the register.
        target: String,
    },
}

impl Model {
    /// Takes blocks whose names are unique.
    pub(crate) fn new(items: Vec<Item>) -> Self {
        let mut by_key: Vec<usize> = (0..items.len()).collect();
        by_key.sort_by_key(|index| items.get(*index).map(Item::key));
        let mut model = Self {
            items,
            by_key,
            stated_in: Vec::new(),
        };
        model.stated_in = model.resolved();
        model
    }

    /// Follows each `Fields` and `Mapping` once, however many ways lead there.
    fn resolved(&self) -> Vec<Option<usize>> {
        let mut known: BTreeMap<usize, Option<usize>> = BTreeMap::new();
        for (index, item) in self.items.iter().enumerate() {
            if item.layouts().is_some() {
                known.insert(index, Some(index));
            }
        }
        for start in 0..self.items.len() {
            let (mut way, mut next) = (Vec::new(), Some(start));
            while let Some(index) = next
                && let btree_map::Entry::Vacant(unknown) = known.entry(index)
            {
                unknown.insert(None);
                way.push(index);
                next = self.target(index);
            }
            let stated_in = next.and_then(|index| *known.get(&index)?);
            known.extend(way.into_iter().map(|index| (index, stated_in)));
        }
        known.into_values().collect()
    }

    /// The position of the block that a register refers to.
    fn target(&self, index: usize) -> Option<usize> {
        let Item::Register(register) = self.items.get(index)? else {
            return None;
        };
        match &register.body {
            Body::Own(_) => None,
            Body::Fields { target, .. } => self.position(ItemKind::SharedLayout, target),
            Body::Mapping { target, .. } => self.position(ItemKind::Register, target),
        }
    }

    fn position(&self, kind: ItemKind, name: &str) -> Option<usize> {
        let key = |index: &usize| self.items.get(*index).map(Item::key);
        let found = self.by_key.binary_search_by_key(&Some((kind, name)), key);
        self.by_key.get(found.ok()?).copied()
    }

    fn item(&self, kind: ItemKind, name: &str) -> Option<&Item> {
        self.items.get(self.position(kind, name)?)
    }

    /// The blocks in file order.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The registers in file order.
    pub fn registers(&self) -> impl Iterator<Item = &Register> {
        self.items.iter().filter_map(|item| match item {
            Item::Register(register) => Some(register),
            Item::SharedLayout(_) => None,
        })
    }

    /// The shared layouts in file order.
    pub fn shared_layouts(&self) -> impl Iterator<Item = &SharedLayout> {
        self.items.iter().filter_map(|item| match item {
            Item::SharedLayout(shared) => Some(shared),
            Item::Register(_) => None,
        })
    }

    /// The register of this name.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<&Register> {
        match self.item(ItemKind::Register, name)? {
            Item::Register(register) => Some(register),
            Item::SharedLayout(_) => None,
        }
    }

    /// The shared layout of this name.
    #[must_use]
    pub fn shared_layout(&self, name: &str) -> Option<&SharedLayout> {
        match self.item(ItemKind::SharedLayout, name)? {
            Item::SharedLayout(shared) => Some(shared),
            Item::Register(_) => None,
        }
    }

    /// The block that states a register's layout, after following `Fields` and `Mapping`; nothing if
    /// that leads to a name that the description does not define, which makes the register opaque.
    #[must_use]
    pub fn stated_in(&self, register: &Register) -> Option<&Item> {
        let position = self.position(ItemKind::Register, register.name())?;
        self.items.get((*self.stated_in.get(position)?)?)
    }

    /// A register's layout, after following `Fields` and `Mapping`; nothing if it is opaque.
    #[must_use]
    pub fn layout(&self, register: &Register) -> Option<&Layout> {
        let layouts = self.stated_in(register)?.layouts()?;
        Some(&layouts.layout)
    }
}

impl Item {
    /// The block's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Register(register) => &register.name,
            Self::SharedLayout(shared) => &shared.name,
        }
    }

    /// What tells the block from all others: a register and a shared layout may have one name.
    #[must_use]
    pub fn key(&self) -> (ItemKind, &str) {
        let kind = match self {
            Self::Register(_) => ItemKind::Register,
            Self::SharedLayout(_) => ItemKind::SharedLayout,
        };
        (kind, self.name())
    }

    /// The place of the block's name.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Register(register) => register.span,
            Self::SharedLayout(shared) => shared.span,
        }
    }

    /// The layouts that the block states; nothing if it refers to another block for them.
    #[must_use]
    pub fn layouts(&self) -> Option<&Layouts> {
        match self {
            Self::SharedLayout(shared) => Some(&shared.layouts),
            Self::Register(register) => match &register.body {
                Body::Own(layouts) => Some(layouts),
                Body::Fields { .. } | Body::Mapping { .. } => None,
            },
        }
    }
}

impl Register {
    /// The register's name, such as `ID_AA64ISAR0_EL1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The register's place in the instruction space.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The property of one of the register's fields: that of `DP` in `ID_AA64ISAR0_EL1` is
    /// `SYSREG_ID_AA64ISAR0_EL1_DP`.
    #[must_use]
    pub fn property(&self, field: &Field) -> String {
        format!("SYSREG_{}_{}", self.name, field.name())
    }

    /// Where the register's layout stands; [`Model::layout`] follows it.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The layouts under a prefix that the register states itself.
    #[must_use]
    pub fn alternatives(&self) -> &[Alternative] {
        match &self.body {
            Body::Own(layouts) => &layouts.alternatives,
            Body::Fields { alternatives, .. } | Body::Mapping { alternatives, .. } => alternatives,
        }
    }

    /// The place of the register's name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}

impl SharedLayout {
    /// The layout's name, such as `HFGxTR_EL2`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layout and its alternatives.
    #[must_use]
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// The place of the layout's name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}
