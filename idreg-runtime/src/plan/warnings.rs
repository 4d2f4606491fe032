//! The warnings of a plan, found when they are asked for.

use super::Warning;
use crate::description::RegisterField;
use crate::host::Host;
use std::sync::OnceLock;

/// The warnings of a plan.
///
/// Those about the host are found at the first question, so that a VMM that asks for none does not
/// wait for them, nor link what finds them.
#[derive(Clone, Debug)]
pub(crate) struct Warnings {
    of_plan: Vec<Warning>,
    on_host: Option<OnHost>,
    all: OnceLock<Vec<Warning>>,
}

/// The host of a plan.
#[derive(Clone, Debug)]
struct OnHost {
    host: Host,
    /// The fields that the plan sets to values that every core type can honour.
    set: Vec<RegisterField>,
}

impl Warnings {
    /// The warnings of a plan alone.
    #[cfg(feature = "serde")]
    pub(super) fn new(of_plan: Vec<Warning>) -> Self {
        Self {
            of_plan,
            on_host: None,
            all: OnceLock::new(),
        }
    }

    /// The warnings of a plan, and those of its host except for fields that the plan sets to values
    /// that every core type can honour.
    pub(crate) fn on_host(of_plan: Vec<Warning>, host: &Host, set: Vec<RegisterField>) -> Self {
        let host = host.clone();
        Self {
            of_plan,
            on_host: Some(OnHost { host, set }),
            all: OnceLock::new(),
        }
    }

    /// The warnings: those of the plan, then those of its host.
    pub(super) fn all(&self) -> &[Warning] {
        self.all.get_or_init(|| {
            let mut all = self.of_plan.clone();
            if let Some(OnHost { host, set }) = &self.on_host {
                all.extend(Warning::of_host_beside(host, set));
            }
            all
        })
    }
}

/// Compares the warnings, whether they were asked for or not.
impl PartialEq for Warnings {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl Eq for Warnings {}
