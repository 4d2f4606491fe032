//! Validated model of a description: registers and shared layouts.

mod layout;

pub use self::layout::{Alternative, Entry, Enumerator, Field, FieldKind, Layout, Layouts};

use crate::encoding::Encoding;
use crate::source::Span;
use std::collections::{BTreeMap, btree_map};

/// The valid blocks of a description, in file order.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) items: Vec<Item>,
    /// The positions of the blocks, sorted by their keys.
    by_key: Vec<usize>,
    /// For each block, the position of the block that defines its layout.
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

/// The kind of a top-level block.
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

/// The body of a `Sysreg` block: a layout, or a reference to a layout.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Body {
    /// The register's own layout.
    Own(Layouts),
    /// `Fields`: the layout of a [`SharedLayout`], after the register's own alternatives.
    Fields {
        /// The register's own layouts under a prefix.
        alternatives: Vec<Alternative>,
        /// The name of the shared layout; a kernel file may name one that does not exist.
        target: String,
    },
    /// `Mapping`: the layout of another register, of which this register is an alias.
    Mapping {
        /// The register's own layouts under a prefix.
        alternatives: Vec<Alternative>,
        /// The name of the other register.
        target: String,
    },
}

impl Model {
    /// Creates a model of blocks with unique names.
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

    /// Resolves each `Fields` and `Mapping` once, also at the end of many chains.
    fn resolved(&self) -> Vec<Option<usize>> {
        let mut known: BTreeMap<usize, Option<usize>> = BTreeMap::new();
        for (index, item) in self.items.iter().enumerate() {
            if item.layouts().is_some() {
                known.insert(index, Some(index));
            }
        }
        for start in 0..self.items.len() {
            let (mut chain, mut next) = (Vec::new(), Some(start));
            while let Some(index) = next
                && let btree_map::Entry::Vacant(unknown) = known.entry(index)
            {
                unknown.insert(None);
                chain.push(index);
                next = self.target(index);
            }
            let stated_in = next.and_then(|index| *known.get(&index)?);
            known.extend(chain.into_iter().map(|index| (index, stated_in)));
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

    /// The register of this name, or `None` if the model has no such register.
    #[must_use]
    pub fn register(&self, name: &str) -> Option<&Register> {
        match self.item(ItemKind::Register, name)? {
            Item::Register(register) => Some(register),
            Item::SharedLayout(_) => None,
        }
    }

    /// The shared layout of this name, or `None` if the model has no such layout.
    #[must_use]
    pub fn shared_layout(&self, name: &str) -> Option<&SharedLayout> {
        match self.item(ItemKind::SharedLayout, name)? {
            Item::SharedLayout(shared) => Some(shared),
            Item::Register(_) => None,
        }
    }

    /// The block that defines a register's layout, or `None` if the register is opaque.
    ///
    /// Follows `Fields` and `Mapping`. A register is opaque if they lead to a name that the
    /// description does not define.
    #[must_use]
    pub fn stated_in(&self, register: &Register) -> Option<&Item> {
        let position = self.position(ItemKind::Register, register.name())?;
        self.items.get((*self.stated_in.get(position)?)?)
    }

    /// The register's layout after `Fields` and `Mapping`, or `None` if the register is opaque.
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

    /// The unique key of the block: a register and a shared layout may have the same name.
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

    /// The layouts in the block, or `None` if the block refers to another block.
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

    /// The register's encoding.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The property name of a field of the register.
    ///
    /// For `DP` in `ID_AA64ISAR0_EL1` it is `SYSREG_ID_AA64ISAR0_EL1_DP`.
    #[must_use]
    pub fn property(&self, field: &Field) -> String {
        format!("SYSREG_{}_{}", self.name, field.name())
    }

    /// The register's body; [`Model::layout`] follows its references.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The register's own layouts under a prefix.
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
