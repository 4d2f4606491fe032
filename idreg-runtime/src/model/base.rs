//! Bases: the CPU that a model's overrides change.

use super::named::NamedModel;
use core::fmt;
use std::sync::Arc;

/// The CPU that the overrides of a model change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// The host's CPU.
    #[default]
    Host,
    /// A named model.
    Named(Arc<NamedModel>),
    /// A named model that is not known here, by its name; no plan is possible with it.
    Unknown(String),
}

/// Shows `host`, or the name of the model with its version.
impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Named(model) => model.full_name(),
            Self::Unknown(name) => name,
        })
    }
}
