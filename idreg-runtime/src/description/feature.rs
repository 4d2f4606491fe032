//! The architecture's features and the rules between them: facts beside the description, from
//! `aarch64-id.facts`.

use super::packed::{FactTable, PackedList, Reader, Unpack};
use super::registers::{RegisterDescription, RegisterField};
use core::cmp::Ordering;
use core::fmt;

/// A feature of the architecture, such as `FEAT_DotProd`, defined by ranges of fields' values.
#[derive(Clone, Copy)]
pub struct FeatureDescription {
    table: &'static FactTable,
    /// The feature's position in the table.
    position: u16,
}

impl FeatureDescription {
    /// The architecture's name, `FEAT_` included.
    #[must_use]
    pub fn name(self) -> &'static str {
        let position = usize::from(self.position);
        let start_of = |position| {
            let row: Option<&[u16; 2]> = self.table.features.get(position);
            row.map(|[start, _]| usize::from(*start))
        };
        let names = self.table.names;
        let end = start_of(position + 1).unwrap_or(names.len());
        let name = start_of(position).and_then(|start| names.get(start..end));
        name.unwrap_or_default()
    }

    /// The name without `FEAT_`.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        let name = self.name();
        name.strip_prefix(FEATURE_PREFIX).unwrap_or(name)
    }

    /// The definitions, at least one; the feature is present if one of them is met.
    #[must_use]
    pub fn definitions(self) -> PackedList<Definition> {
        let mut reader = Reader::of_feature(self.table, self.position);
        let definitions = reader.list();
        definitions.unwrap_or(PackedList::of(self.table, &[]))
    }

    /// Other fields that describe the feature, of AArch32 registers or of ID_AA64ZFR0_EL1.
    ///
    /// They do not decide if the feature is present: KVM always hides some of them, such as
    /// ID_ISAR5_EL1.VCMA, and all of AArch32 on a CPU without it.
    #[must_use]
    pub fn mirrors(self) -> PackedList<FieldRange> {
        let mut reader = Reader::of_feature(self.table, self.position);
        let definitions: Option<PackedList<Definition>> = reader.list();
        let mirrors = definitions.and_then(|_| reader.list());
        mirrors.unwrap_or(PackedList::of(self.table, &[]))
    }

    /// The fields of all definitions.
    pub fn defining_fields(self) -> impl Iterator<Item = FieldRange> + use<> {
        let definitions = self.definitions().iter();
        definitions.flat_map(|definition| definition.fields)
    }

    /// The definitions for a message, as in `A>=0x1, B>=0x1 or C=0x0 with FEAT_SVE`.
    #[must_use]
    pub fn definition(self) -> impl fmt::Display + use<> {
        Joined(self.definitions(), " or ")
    }

    /// Every field that describes the feature: those of the definitions, then the mirrors.
    pub fn fields(self) -> impl Iterator<Item = FieldRange> + use<> {
        self.defining_fields().chain(self.mirrors())
    }
}

impl PartialEq for FeatureDescription {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.table, other.table) && self.position == other.position
    }
}

impl Eq for FeatureDescription {}

/// Shows the name.
impl fmt::Debug for FeatureDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The features of a description, by name.
#[derive(Clone, Copy)]
pub struct Features(&'static FactTable);

impl Features {
    /// The features of a table; for the emitted tables.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(table: &'static FactTable) -> Self {
        Self(table)
    }

    /// The number of features.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.features.len()
    }

    /// True if the description has no features.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.features.is_empty()
    }

    /// The features, sorted by name.
    pub fn iter(self) -> impl Iterator<Item = FeatureDescription> + use<> {
        let positions = (0..).take(self.len());
        positions.map(move |position| self.at(position))
    }

    /// The feature of this name, such as `FEAT_DotProd`.
    pub(super) fn find(self, name: &str) -> Option<FeatureDescription> {
        let (mut low, mut high) = (0, u16::try_from(self.len()).ok()?);
        while low < high {
            let middle = low.midpoint(high);
            let feature = self.at(middle);
            match feature.name().cmp(name) {
                Ordering::Equal => return Some(feature),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    const fn at(self, position: u16) -> FeatureDescription {
        FeatureDescription {
            table: self.0,
            position,
        }
    }
}

/// Shows the names.
impl fmt::Debug for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// A definition of a feature: it is met if all its fields and conditions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The fields that change with the feature; none if other features alone define it.
    pub fields: PackedList<FieldRange>,
    /// The conditions without which the fields do not count, and which do not change with the
    /// feature.
    pub with: PackedList<Condition>,
}

/// Shows the fields, and the conditions after `with`.
impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Joined(self.fields, ", ").fmt(f)?;
        let before = if self.fields.is_empty() { "" } else { " with " };
        for (index, condition) in self.with.iter().enumerate() {
            f.write_str(if index == 0 { before } else { ", " })?;
            match condition {
                Condition::Feature(feature) => f.write_str(feature.name())?,
                Condition::Field(range) => range.fmt(f)?,
            }
        }
        Ok(())
    }
}

/// Items with a separator between them.
struct Joined<T>(PackedList<T>, &'static str);

impl<T: Unpack + fmt::Display> fmt::Display for Joined<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(items, separator) = self;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                f.write_str(separator)?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}

/// A field and a range of its values, both ends included, in signed order if the field's rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRange {
    /// The field.
    pub field: RegisterField,
    /// The lowest value.
    pub first: u64,
    /// The highest value.
    pub last: u64,
}

impl FieldRange {
    /// True if the value is in the range.
    #[must_use]
    pub const fn contains(self, value: u64) -> bool {
        let field = self.field.field;
        let value = field.comparable(value);
        field.comparable(self.first) <= value && value <= field.comparable(self.last)
    }

    /// True if the range has every value from its lowest on.
    #[must_use]
    pub const fn is_minimum(self) -> bool {
        let field = self.field.field;
        let is_signed = field.comparable(field.max()) < 0;
        self.last == field.max() >> is_signed as u32
    }
}

/// Shows `<PROPERTY>>=0x1`, `<PROPERTY>=0x1` or `<PROPERTY>=0x1-0x3`.
impl fmt::Display for FieldRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, first, last } = self;
        if self.is_minimum() {
            write!(f, "{field}>={first:#x}")
        } else if first == last {
            write!(f, "{field}={first:#x}")
        } else {
            write!(f, "{field}={first:#x}-{last:#x}")
        }
    }
}

/// A rule that holds on every CPU of the architecture (Arm ARM DDI 0487 M.a.a).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consistency {
    /// A CPU that meets one condition also meets another.
    Requires {
        /// The condition that has a requirement.
        subject: Condition,
        /// The required condition.
        needs: Condition,
    },
    /// Two fields describe the same feature and have the same value.
    Equal {
        /// One field.
        left: RegisterField,
        /// The other field.
        right: RegisterField,
        /// The condition under which the fields must be equal; always if `None`.
        with: Option<Condition>,
    },
    /// At most one of the fields is not zero.
    AtMostOne(PackedList<RegisterField>),
    /// At least one of the conditions is met.
    AtLeastOne(PackedList<Condition>),
    /// A field is at most another field.
    NotAbove {
        /// The lower field.
        field: RegisterField,
        /// The field that is its maximum.
        most: RegisterField,
    },
    /// A whole register is zero if none of some features is present.
    ZeroWithout {
        /// The register.
        register: &'static RegisterDescription,
        /// The features.
        features: PackedList<FeatureDescription>,
    },
}

/// A condition: a feature, or a range of a field if no feature has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// A feature.
    Feature(FeatureDescription),
    /// A field with a range of values.
    Field(FieldRange),
}

/// Shows the name of the feature without `FEAT_`, or `<REGISTER>.<FIELD>`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(feature) => f.write_str(feature.short_name()),
            Self::Field(FieldRange { field, .. }) => {
                write!(f, "{}.{}", field.register.name, field.field.name())
            }
        }
    }
}

/// The prefix of every feature's name.
pub const FEATURE_PREFIX: &str = "FEAT_";

/// A position in the table.
impl Unpack for FeatureDescription {
    fn unpack(reader: &mut Reader) -> Option<Self> {
        let position = u16::try_from(reader.number()?).ok()?;
        Some(Features(reader.table()).at(position))
    }
}

/// A list of fields and a list of conditions.
impl Unpack for Definition {
    fn unpack(reader: &mut Reader) -> Option<Self> {
        Some(Self {
            fields: reader.list()?,
            with: reader.list()?,
        })
    }
}

/// A field, the lowest and the highest value.
impl Unpack for FieldRange {
    fn unpack(reader: &mut Reader) -> Option<Self> {
        let register = reader.register()?;
        range_of(register, reader)
    }
}

/// Twice a feature's position and one, or twice a register's position and the rest of a range.
impl Unpack for Condition {
    fn unpack(reader: &mut Reader) -> Option<Self> {
        let number = reader.number()?;
        if number % 2 == 1 {
            let position = u16::try_from(number / 2).ok()?;
            return Some(Self::Feature(Features(reader.table()).at(position)));
        }
        let register = reader.register_at(number / 2)?;
        range_of(register, reader).map(Self::Field)
    }
}

/// The number of the rule's kind, in the order of the variants, and its parts. A condition that may
/// be missing is a list.
impl Unpack for Consistency {
    fn unpack(reader: &mut Reader) -> Option<Self> {
        Some(match reader.number()? {
            0 => Self::Requires {
                subject: Unpack::unpack(reader)?,
                needs: Unpack::unpack(reader)?,
            },
            1 => Self::Equal {
                left: Unpack::unpack(reader)?,
                right: Unpack::unpack(reader)?,
                with: reader.list()?.first(),
            },
            2 => Self::AtMostOne(reader.list()?),
            3 => Self::AtLeastOne(reader.list()?),
            4 => Self::NotAbove {
                field: Unpack::unpack(reader)?,
                most: Unpack::unpack(reader)?,
            },
            5 => Self::ZeroWithout {
                register: reader.register()?,
                features: reader.list()?,
            },
            _ => return None,
        })
    }
}

/// The field of a register, and the ends of a range.
fn range_of(register: &'static RegisterDescription, reader: &mut Reader) -> Option<FieldRange> {
    Some(FieldRange {
        field: reader.field_of(register)?,
        first: reader.number()?,
        last: reader.number()?,
    })
}
