//! Layouts of the 64 bits of a register: entries, fields and their named values.

use crate::bits::BitRange;
use crate::source::Span;

/// A full layout and its alternatives.
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

/// The entries that describe the 64 bits of a register, from bit 63 down.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub(crate) entries: Vec<Entry>,
}

/// A range of bits of a register.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// Reserved, reads as zero.
    Res0(BitRange),
    /// Reserved, reads as one.
    Res1(BitRange),
    /// Reserved, value unknown.
    Unkn(BitRange),
    /// Reads as zero, but is not reserved.
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

/// The kind of a field: the statement that describes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// `Field`: a number or flag.
    Plain,
    /// `Enum`: named values without a stated order or sign.
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
    /// The number of digits in the description; there may be more digits than bits.
    pub(crate) digits: usize,
    pub(crate) span: Span,
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

    /// The field of this name, or `None` if the layout has no such field.
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

    fn mask(&self, matches: impl Fn(&Entry) -> bool) -> u64 {
        let matching = self.entries.iter().filter(|entry| matches(entry));
        matching.fold(0, |mask, entry| mask | entry.bits().mask())
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

    /// The field's kind.
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

impl FieldKind {
    /// The directive of a field of this kind.
    #[must_use]
    pub const fn directive(self) -> &'static str {
        match self {
            Self::Plain => "Field",
            Self::Enum => "Enum",
            Self::SignedEnum => "SignedEnum",
            Self::UnsignedEnum => "UnsignedEnum",
        }
    }
}

impl Enumerator {
    /// The value's name, such as `IMP`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, not shifted to the field's bits.
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
