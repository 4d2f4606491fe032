//! Rejections of overrides, and of what the base of a model sets.

mod message;

use crate::config::options::OptionSetting;
use crate::config::pmu_counters::CounterObstacle;
use crate::description::RegisterField;
use crate::description::rule::ValueRange;
use crate::host::Obstacle;
use crate::model::{InvalidValue, Override};
use crate::text::ascending;

/// An override, or a value or an option of a named model, that is not possible on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The name of the model's base if the rejection is of a value or option of the base, or `None`
    /// if it is of an override.
    pub base: Option<String>,
    /// The override's position among the overrides of the model, or that of the base's field or
    /// option.
    pub position: usize,
    /// The override as requested, or the base's value as an override would request it.
    pub asked: Override,
    /// The field of the rejection and its value on the host, or `None` if no field is concerned.
    pub target: Option<Target>,
    /// The reason of the rejection.
    pub reason: Reason,
}

/// An override of a model and its position there, or what the model's base sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverrideAt<'m> {
    /// The name of the base if it sets this.
    pub(super) base: Option<&'m str>,
    pub(super) position: usize,
    pub(super) asked: &'m Override,
}

impl<'m> OverrideAt<'m> {
    /// An override of a model.
    pub(super) const fn new(position: usize, asked: &'m Override) -> Self {
        Self {
            base: None,
            position,
            asked,
        }
    }

    /// The override as requested.
    // VMMs link this once, not at each call.
    #[inline(never)]
    pub(super) fn as_asked(self) -> Override {
        self.asked.clone()
    }

    /// Rejects the override, beside others.
    // VMMs link this once, not at each call.
    #[inline(never)]
    pub(super) fn reject_into(
        self,
        rejections: &mut Vec<Rejection>,
        target: Option<Target>,
        reason: Reason,
    ) {
        rejections.push(self.reject(target, reason));
    }

    /// Rejects the override.
    pub(super) fn reject(self, target: Option<Target>, reason: Reason) -> Rejection {
        Rejection {
            base: self.base.map(str::to_owned),
            position: self.position,
            asked: self.as_asked(),
            target,
            reason,
        }
    }
}

impl Rejection {
    /// The place in the model as a number: the base comes before the overrides.
    pub(super) const fn place(&self) -> u128 {
        let of_overrides = if self.base.is_none() { 1 << 64 } else { 0 };
        of_overrides | self.position as u128
    }
}

/// Sorts rejections by their places in the model; those of one place keep their order.
pub(super) fn in_order(rejections: Vec<Rejection>) -> Vec<Rejection> {
    let mut places = Vec::new();
    let mut unsorted = Vec::new();
    for rejection in rejections {
        places.push(rejection.place());
        unsorted.push(Some(rejection));
    }
    let mut sorted = Vec::new();
    for position in ascending(&places) {
        sorted.extend(unsorted.get_mut(position).and_then(Option::take));
    }
    sorted
}

/// The field that a rejected override targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The field.
    pub field: RegisterField,
    /// The value that the override requests for the field, or `None` if it requests no single
    /// value.
    pub requested: Option<u64>,
    /// Its value on the host, or `None` if the host does not have the register.
    pub host: Option<u64>,
    /// The allowed values on the host, ascending.
    pub allowed: Vec<ValueRange>,
    /// Its values on a host with several core types, each with the CPUs that have it, or `None`
    /// where the register does not exist; empty if all core types have the same value.
    pub cores: Vec<(Vec<u32>, Option<u64>)>,
}

/// The reason why an override is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No property has this name.
    UnknownProperty {
        /// The nearest name, or `None` if no name is near.
        nearest: Option<String>,
    },
    /// The value is missing or of the wrong kind.
    InvalidValue(InvalidValue),
    /// The value has more bits than the field, or bits that are reserved in the register.
    TooWide {
        /// The maximum value.
        max: u64,
    },
    /// The value has no name, and other values of the field have; only a check without a host
    /// rejects it.
    UnnamedValue,
    /// The property was given before.
    Duplicate {
        /// The first override of the property.
        first: Override,
    },
    /// Another override contradicts this one.
    Conflict {
        /// The other override.
        with: Override,
    },
    /// The host does not allow the value.
    Host {
        /// The obstacle to the value.
        obstacle: Obstacle,
        /// The host's kernel release.
        kernel: String,
        /// The option with which the host would have a requested value, or `None`.
        remedy: Option<OptionSetting>,
    },
    /// None of the feature's definitions is possible on the host.
    NoDefinition {
        /// An obstacle to each definition.
        obstacles: Vec<Rejection>,
    },
    /// The feature consists of other features, which are all still there.
    OfFeatures {
        /// The names of the other features.
        features: Vec<&'static str>,
    },
    /// The feature is still there, by another override.
    StillPresent {
        /// The definition that is met, in one line.
        by: String,
    },
    /// The cache levels would make the guest skip cache maintenance that this host requires.
    ImpliesIdc,
    /// The host does not support the option.
    NoCapability {
        /// The capability's name in `linux/kvm.h`.
        capability: &'static str,
    },
    /// The host was read with another setting of the option, so its registers with this one are
    /// unknown.
    NotRead {
        /// The option as the host was read.
        read_with: OptionSetting,
    },
    /// The host does not have a vector of this length.
    NoVectorLength {
        /// The host's lengths in bits, ascending.
        lengths: Vec<u32>,
    },
    /// The minimum vector length is always on.
    ShortestVectorLength,
    /// A guest of the host cannot have this number of event counters.
    PmuCounters {
        /// The obstacle to the number.
        obstacle: CounterObstacle,
        /// The host's number, if it is known.
        host: Option<u32>,
        /// The host's kernel release.
        kernel: String,
    },
}

impl Reason {
    /// True if another host may allow the override.
    pub(super) const fn is_of_host(&self) -> bool {
        matches!(self, Self::Host { .. } | Self::NoDefinition { .. })
    }

    /// A stable name for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownProperty { .. } => "unknown-property",
            Self::InvalidValue(_) => "invalid-value",
            Self::TooWide { .. } => "too-wide",
            Self::UnnamedValue => "unnamed-value",
            Self::Duplicate { .. } => "duplicate",
            Self::Conflict { .. } => "conflict",
            Self::Host { obstacle, .. } => obstacle.name(),
            Self::NoDefinition { .. } => "no-definition",
            Self::OfFeatures { .. } => "of-features",
            Self::StillPresent { .. } => "still-present",
            Self::ImpliesIdc => "implies-idc",
            Self::NoCapability { .. } => "no-capability",
            Self::NotRead { .. } => "not-read",
            Self::NoVectorLength { .. } => "no-vector-length",
            Self::ShortestVectorLength => "shortest-vector-length",
            Self::PmuCounters { obstacle, .. } => obstacle.name(),
        }
    }
}
