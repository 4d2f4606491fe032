//! The architecture's features and what holds between them: facts beside the description, from
//! `aarch64-id.facts`.

use super::registers::RegisterField;
use core::fmt;

/// A feature of the architecture, such as `FEAT_DotProd`, by the fields that tell of it.
#[derive(Debug)]
pub struct FeatureDescription {
    /// The architecture's name, `FEAT_` included.
    pub name: &'static str,
    /// The least value of each field with the feature, those of AArch64 registers first.
    pub values: &'static [FieldAtLeast],
}

impl FeatureDescription {
    /// The fields that decide whether the feature is there: those of AArch64 registers, where it has any. KVM
    /// hides some of the others for good, ID_ISAR5_EL1.VCMA for one, and all on a CPU without AArch32.
    pub fn defining_fields(&self) -> impl Iterator<Item = FieldAtLeast> + use<> {
        let values = self.values;
        let is_aarch32 = |least: &FieldAtLeast| least.field.register.encoding.is_aarch32_id();
        let only_aarch32 = values.iter().all(is_aarch32);
        let decides = move |least: &FieldAtLeast| only_aarch32 || !is_aarch32(least);
        values.iter().copied().filter(decides)
    }

    /// The fields of AArch32 registers that tell of the feature beside those that decide.
    pub fn aarch32_mirrors(&self) -> impl Iterator<Item = FieldAtLeast> {
        let decides = move |least: &FieldAtLeast| self.defining_fields().all(|one| one != *least);
        self.values.iter().copied().filter(decides)
    }
}

/// A field whose value says that something is there if it is at least so much, signed where the
/// field's rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAtLeast {
    /// The field.
    pub field: RegisterField,
    /// The least value.
    pub value: u64,
}

/// Something that holds for every CPU of the architecture (Arm ARM DDI 0487 M.a.a).
#[derive(Clone, Copy, Debug)]
pub enum Consistency {
    /// What has the one has the other.
    Requires {
        /// The one.
        subject: Condition,
        /// The other.
        needs: Condition,
    },
    /// Two fields tell of the same and have the same value.
    Equal {
        /// One field.
        left: RegisterField,
        /// The other.
        right: RegisterField,
        /// They need to be equal only with this.
        with: Option<Condition>,
    },
    /// No more than one of the fields is anything but zero.
    AtMostOne(&'static [RegisterField]),
    /// A field is no more than another.
    NotAbove {
        /// The field.
        field: RegisterField,
        /// The other.
        most: RegisterField,
    },
}

/// What a rule speaks of: a feature, or a field's value for which there is no feature's name.
#[derive(Clone, Copy, Debug)]
pub enum Condition {
    /// A feature.
    Feature(&'static FeatureDescription),
    /// A field that is at least so much.
    Field(FieldAtLeast),
}

/// Shows the feature's name without `FEAT_`, or the field's.
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

/// What every feature's name starts with.
pub const FEATURE_PREFIX: &str = "FEAT_";
