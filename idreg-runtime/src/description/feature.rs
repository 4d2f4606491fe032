//! The architecture's features and the rules between them: facts beside the description, from
//! `aarch64-id.facts`.

use super::registers::RegisterField;
use core::fmt;

/// A feature of the architecture, such as `FEAT_DotProd`, defined by minimum values of fields.
#[derive(Debug)]
pub struct FeatureDescription {
    /// The architecture's name, `FEAT_` included.
    pub name: &'static str,
    /// The minimum value of each field that describes the feature, fields of AArch64 registers
    /// first.
    pub values: &'static [FieldAtLeast],
}

impl FeatureDescription {
    /// The fields that define the feature: those of AArch64 registers, if there are any.
    ///
    /// KVM always hides some fields of AArch32 registers, such as ID_ISAR5_EL1.VCMA, and hides all
    /// of them on a CPU without AArch32.
    pub fn defining_fields(&self) -> impl Iterator<Item = FieldAtLeast> + use<> {
        let values = self.values;
        let is_aarch32 = |minimum: &FieldAtLeast| minimum.field.register.encoding.is_aarch32_id();
        let only_aarch32 = values.iter().all(is_aarch32);
        let defines = move |minimum: &FieldAtLeast| only_aarch32 || !is_aarch32(minimum);
        values.iter().copied().filter(defines)
    }

    /// The fields of AArch32 registers that describe the feature beside the defining fields.
    pub fn aarch32_mirrors(&self) -> impl Iterator<Item = FieldAtLeast> {
        let mirrors = move |minimum: &FieldAtLeast| {
            self.defining_fields().all(|defining| defining != *minimum)
        };
        self.values.iter().copied().filter(mirrors)
    }
}

/// A field and the minimum value with which it indicates a feature, signed if the field's rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAtLeast {
    /// The field.
    pub field: RegisterField,
    /// The minimum value.
    pub value: u64,
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
    /// A field is at most another field.
    NotAbove {
        /// The lower field.
        field: RegisterField,
        /// The field that is its maximum.
        most: RegisterField,
    },
}

/// A condition of a rule: a feature, or a minimum value of a field if no feature has this name.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// A feature.
    Feature(&'static FeatureDescription),
    /// A field with a minimum value.
    Field(FieldAtLeast),
}

/// Shows the name of the feature without `FEAT_`, or `<REGISTER>.<FIELD>`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(feature) => f.write_str(
                feature
                    .name
                    .strip_prefix(FEATURE_PREFIX)
                    .unwrap_or(feature.name),
            ),
            Self::Field(FieldAtLeast { field, .. }) => {
                write!(f, "{}.{}", field.register.name, field.field.name)
            }
        }
    }
}

/// The prefix of every feature's name.
pub const FEATURE_PREFIX: &str = "FEAT_";
