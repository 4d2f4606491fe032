//! The architecture's features and the rules between them: facts beside the description, from
//! `aarch64-id.facts`.

use super::registers::{RegisterDescription, RegisterField};
use core::fmt;

/// A feature of the architecture, such as `FEAT_DotProd`, defined by ranges of fields' values.
#[derive(Debug)]
pub struct FeatureDescription {
    /// The architecture's name, `FEAT_` included.
    pub name: &'static str,
    /// The definitions, at least one; the feature is present if one of them is met.
    pub definitions: &'static [Definition],
    /// Other fields that describe the feature, of AArch32 registers or of ID_AA64ZFR0_EL1.
    ///
    /// They do not decide if the feature is present: KVM always hides some of them, such as
    /// ID_ISAR5_EL1.VCMA, and all of AArch32 on a CPU without it.
    pub mirrors: &'static [FieldRange],
}

impl FeatureDescription {
    /// The name without `FEAT_`.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.strip_prefix(FEATURE_PREFIX).unwrap_or(self.name)
    }

    /// The fields of all definitions.
    pub fn defining_fields(&self) -> impl Iterator<Item = FieldRange> + use<> {
        let definitions = self.definitions.iter();
        definitions
            .flat_map(|definition| definition.fields)
            .copied()
    }

    /// The definitions for a message, as in `A>=0x1, B>=0x1 or C=0x0 with FEAT_SVE`.
    #[must_use]
    pub fn definition(&self) -> impl fmt::Display + use<> {
        Joined(self.definitions, " or ")
    }

    /// Every field that describes the feature: those of the definitions, then the mirrors.
    pub fn fields(&self) -> impl Iterator<Item = FieldRange> + use<> {
        self.defining_fields().chain(self.mirrors.iter().copied())
    }
}

/// A definition of a feature: it is met if all its fields and conditions are.
#[derive(Debug)]
pub struct Definition {
    /// The fields that change with the feature; none if other features alone define it.
    pub fields: &'static [FieldRange],
    /// The conditions without which the fields do not count, and which do not change with the
    /// feature.
    pub with: &'static [Condition],
}

/// Shows the fields, and the conditions after `with`.
impl fmt::Display for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Joined(self.fields, ", ").fmt(f)?;
        let before = if self.fields.is_empty() { "" } else { " with " };
        for (index, condition) in self.with.iter().enumerate() {
            f.write_str(if index == 0 { before } else { ", " })?;
            match condition {
                Condition::Feature(feature) => f.write_str(feature.name)?,
                Condition::Field(range) => range.fmt(f)?,
            }
        }
        Ok(())
    }
}

/// Items with a separator between them.
struct Joined<T: 'static>(&'static [T], &'static str);

impl<T: fmt::Display> fmt::Display for Joined<T> {
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
#[derive(Clone, Copy, Debug)]
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
    AtMostOne(&'static [RegisterField]),
    /// At least one of the conditions is met.
    AtLeastOne(&'static [Condition]),
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
        features: &'static [&'static FeatureDescription],
    },
}

/// A condition: a feature, or a range of a field if no feature has this name.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// A feature.
    Feature(&'static FeatureDescription),
    /// A field with a range of values.
    Field(FieldRange),
}

/// Shows the name of the feature without `FEAT_`, or `<REGISTER>.<FIELD>`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(feature) => f.write_str(feature.short_name()),
            Self::Field(FieldRange { field, .. }) => {
                write!(f, "{}.{}", field.register.name, field.field.name)
            }
        }
    }
}

/// The prefix of every feature's name.
pub const FEATURE_PREFIX: &str = "FEAT_";
