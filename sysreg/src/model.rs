//! A description after validation: registers, shared layouts, fields and their values.

use crate::bits::BitRange;
use crate::encoding::Encoding;
use crate::source::Span;

/// Everything valid in a description, in file order.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) items: Vec<Item>,
    /// The positions of the blocks, by their keys.
    by_key: Vec<usize>,
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

/// A full layout and the alternatives to it.
#[derive(Clone, Debug)]
pub struct Layouts {
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) layout: Layout,
}

/// A second layout of the same 64 bits: a `Prefix` block.
#[derive(Clone, Debug)]
pub struct Alternative {
    pub(crate) prefix: String,
    pub(crate) layout: Layout,
}

/// What the 64 bits of a register are, from bit 63 down.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(crate) entries: Vec<Entry>,
}

/// Some bits of a register.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// Reserved, reads as zero.
    Res0(BitRange),
    /// Reserved, reads as one.
    Res1(BitRange),
    /// Reserved, value unknown.
    Unkn(BitRange),
    /// Reads as zero, without being reserved.
    Raz(BitRange),
    /// A named field.
    Field(Field),
}

/// A named field of a register.
#[derive(Clone, Debug)]
pub struct Field {
    pub(crate) name: String,
    pub(crate) bits: BitRange,
    pub(crate) kind: FieldKind,
    pub(crate) enumerators: Vec<Enumerator>,
    pub(crate) span: Span,
}

/// What the description says of a field's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// `Field`: a number or flag.
    Plain,
    /// `Enum`: named values, no order or sign stated.
    Enum,
    /// `SignedEnum`: named values, compared as signed numbers.
    SignedEnum,
    /// `UnsignedEnum`: named values, compared as unsigned numbers.
    UnsignedEnum,
}

/// A named value of a field. Several names of one field may share a value.
#[derive(Clone, Debug)]
pub struct Enumerator {
    pub(crate) name: String,
    pub(crate) value: u64,
    /// How many digits the description writes, maybe more than the field has bits.
    pub(crate) digits: usize,
    pub(crate) span: Span,
}

impl Model {
    /// Takes blocks whose names are unique and whose mappings all end.
    pub(crate) fn new(items: Vec<Item>) -> Self {
        let mut by_key: Vec<usize> = (0..items.len()).collect();
        by_key.sort_by_key(|index| items.get(*index).map(Item::key));
        Self { items, by_key }
    }

    fn item(&self, kind: ItemKind, name: &str) -> Option<&Item> {
        let key = |index: &usize| self.items.get(*index).map(Item::key);
        let found = self.by_key.binary_search_by_key(&Some((kind, name)), key);
        self.items.get(*self.by_key.get(found.ok()?)?)
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
        let mut name = register.name();
        // Validation has dropped every register whose mapping leads back to itself.
        loop {
            let item = self.item(ItemKind::Register, name)?;
            match item {
                Item::SharedLayout(_) => return None,
                Item::Register(register) => match &register.body {
                    Body::Own(_) => return Some(item),
                    Body::Fields { target, .. } => {
                        return self.item(ItemKind::SharedLayout, target);
                    }
                    Body::Mapping { target, .. } => name = target,
                },
            }
        }
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

impl Layouts {
    /// The layouts under a prefix.
    #[must_use]
    pub fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// The layout without a prefix.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Alternative {
    /// The prefix, such as `FEAT_GCIE`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The layout under that prefix.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Layout {
    /// The entries from bit 63 down.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The named fields from bit 63 down.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Field(field) => Some(field),
            _ => None,
        })
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().find(|field| field.name == name)
    }

    /// The bits of all `Res0` entries.
    #[must_use]
    pub fn res0(&self) -> u64 {
        self.mask(|entry| matches!(entry, Entry::Res0(_)))
    }

    /// The bits of all `Res1` entries.
    #[must_use]
    pub fn res1(&self) -> u64 {
        self.mask(|entry| matches!(entry, Entry::Res1(_)))
    }

    /// The bits of all `Unkn` entries.
    #[must_use]
    pub fn unkn(&self) -> u64 {
        self.mask(|entry| matches!(entry, Entry::Unkn(_)))
    }

    fn mask(&self, wanted: impl Fn(&Entry) -> bool) -> u64 {
        let wanted = self.entries.iter().filter(|entry| wanted(entry));
        wanted.fold(0, |mask, entry| mask | entry.bits().mask())
    }
}

impl Entry {
    /// The entry's bits.
    #[must_use]
    pub fn bits(&self) -> BitRange {
        match self {
            Self::Res0(bits) | Self::Res1(bits) | Self::Unkn(bits) | Self::Raz(bits) => *bits,
            Self::Field(field) => field.bits,
        }
    }
}

impl Field {
    /// The field's name, such as `DP`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field's bits.
    #[must_use]
    pub fn bits(&self) -> BitRange {
        self.bits
    }

    /// What the description says of the field's values.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The named values in file order.
    #[must_use]
    pub fn enumerators(&self) -> &[Enumerator] {
        &self.enumerators
    }

    /// The place of the field's name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}

impl Enumerator {
    /// The value's name, such as `IMP`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, not shifted to the field's place.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// The place of the value's name.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}
