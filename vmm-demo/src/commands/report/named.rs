//! The named models, and the reasons why kinds of hosts cannot give them.

use crate::output::escaped;
use idreg_runtime::fleet::Kind;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::NamedModel;
use idreg_runtime::plan::rejection::Rejection;
use idreg_runtime::plan::{Plan, PlanError};
use serde::Serialize;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// The number of reasons of one refusal that the page has; `idreg models --host FILE` has all.
const SHOWN: usize = 8;

/// A named model.
#[derive(Serialize)]
pub(super) struct ModelColumn {
    model: String,
    description: String,
    deprecated: bool,
}

/// The reasons why a kind cannot give a named model.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Refusal {
    /// The positions of the first reasons.
    reasons: Vec<usize>,
    /// The number of all reasons.
    count: usize,
}

/// The refusals of all kinds, and their reasons in words, each once.
#[derive(Default)]
pub(super) struct Refusals {
    refusals: Distinct<Refusal>,
    reasons: Distinct<String>,
}

/// Different items, in the order in which they came.
struct Distinct<T> {
    all: Vec<T>,
    positions: HashMap<T, usize>,
}

impl ModelColumn {
    pub(super) fn of(model: &NamedModel) -> Self {
        let identity = model.identity();
        Self {
            model: escaped(model.full_name()),
            description: escaped(&identity.description),
            deprecated: identity.deprecated,
        }
    }
}

impl Refusals {
    /// The position of the refusal of a model by a kind, or `None` if the kind can give it.
    pub(super) fn of(&mut self, kind: &Kind, model: &Arc<NamedModel>) -> Option<usize> {
        let plan = Plan::new(kind.host(), &CpuModel::named(model.clone()));
        let refusal = self.refusal(&plan.err()?);
        Some(self.refusals.position(refusal))
    }

    fn refusal(&mut self, error: &PlanError) -> Refusal {
        let PlanError::Rejected(rejections) = error else {
            return Refusal {
                reasons: vec![self.reasons.position(escaped(&error.to_string()))],
                count: 1,
            };
        };
        let first = rejections.iter().take(SHOWN).map(|rejection| {
            // The column has the model's name already.
            let rejection = Rejection {
                base: None,
                ..rejection.clone()
            };
            self.reasons.position(escaped(&rejection.to_string()))
        });
        Refusal {
            reasons: first.collect(),
            count: rejections.len(),
        }
    }

    /// All refusals and all reasons, by position.
    pub(super) fn into_lists(self) -> (Vec<Refusal>, Vec<String>) {
        (self.refusals.all, self.reasons.all)
    }
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    fn position(&mut self, item: T) -> usize {
        if let Some(position) = self.positions.get(&item) {
            return *position;
        }
        let position = self.all.len();
        self.positions.insert(item.clone(), position);
        self.all.push(item);
        position
    }
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            positions: HashMap::new(),
        }
    }
}
