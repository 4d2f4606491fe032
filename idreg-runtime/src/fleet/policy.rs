//! The choices that the hosts of a fleet leave open.

use super::guests::Guest;
use crate::tolerance::Tolerance;

/// The choices that the hosts of a fleet leave open for their common model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// The CPU that guests are told they run on.
    pub midr: MidrPolicy,
    /// The fields and mitigations that may differ between the hosts.
    pub tolerance: Tolerance,
    /// The guests whose [limits](super::GuestLimit) the model keeps, as far as all hosts accept
    /// such values.
    pub guests: Vec<Guest>,
}

/// The CPU that guests of a fleet are told they run on: MIDR_EL1, with REVIDR_EL1 and AIDR_EL1.
///
/// Where the kernel of a host fixes these registers, that host decides. Hosts that do not differ
/// need no choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MidrPolicy {
    /// The CPU of the first host, or if others do not accept it, of another one: the lowest
    /// MIDR_EL1 that all accept.
    #[default]
    First,
    /// The CPU of the host of this name.
    Host(String),
    /// A value of MIDR_EL1. REVIDR_EL1 and AIDR_EL1 are those of the first host with this value, or
    /// 0.
    Value(u64),
}

impl Policy {
    /// Sets [`midr`](Self::midr).
    #[must_use]
    pub fn with_midr(mut self, midr: MidrPolicy) -> Self {
        self.midr = midr;
        self
    }

    /// Sets [`tolerance`](Self::tolerance).
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: Tolerance) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Sets [`guests`](Self::guests).
    #[must_use]
    pub fn with_guests(mut self, guests: Vec<Guest>) -> Self {
        self.guests = guests;
        self
    }
}
