//! Bases: the CPU that a model's overrides change.

use super::NamedModel;
use core::fmt;
#[cfg(feature = "models")]
use std::sync::Arc;

/// The CPU that the overrides of a model change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// The host's CPU.
    #[default]
    Host,
    /// A named model.
    #[cfg(feature = "models")]
    Named(Arc<NamedModel>),
    /// A named model that is not known here, by its name; no plan is possible with it.
    Unknown(String),
}

impl Base {
    /// The named model, or `None` for another base.
    pub(crate) fn named(&self) -> Option<&NamedModel> {
        match self {
            #[cfg(feature = "models")]
            Self::Named(model) => Some(model),
            _ => None,
        }
    }
}

/// Shows `host`, or the name of the model with its version.
impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            #[cfg(feature = "models")]
            Self::Named(model) => model.full_name(),
            Self::Unknown(name) => name,
        })
    }
}
