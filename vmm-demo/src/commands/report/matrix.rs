//! The fields of all kinds, each value by its relation to the model.

use super::coverage::{Curve, Part};
use crate::commands::baseline::names;
use crate::output::json::ranges;
use crate::output::list::comma_list;
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::feature::Features;
use idreg_runtime::description::rule::{Audience, Safety};
use idreg_runtime::fleet::{Explanation, Fleet, Impossible};
use idreg_runtime::regs::MpidrEl1;
use serde::Serialize;
use std::collections::HashMap;

/// A relation of a host's value to the model, as the page explains it.
#[derive(Serialize)]
pub(super) struct RelationNote {
    name: &'static str,
    /// The sign beside the value, so that colour alone says nothing.
    sign: &'static str,
    meaning: &'static str,
}

/// The relation of a host's value to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Relation {
    Same,
    Limits,
    Lowered,
    Replaced,
    Tolerated,
    InTheWay,
    NoModel,
}

/// The relations by position.
pub(super) const RELATIONS: [RelationNote; 7] = [
    RelationNote {
        name: "same",
        sign: "",
        meaning: "the model has the host's value",
    },
    RelationNote {
        name: "limits",
        sign: "◂",
        meaning: "others accept a greater value than the host",
    },
    RelationNote {
        name: "lowered",
        sign: "↓",
        meaning: "the model offers guests less than the host",
    },
    RelationNote {
        name: "replaced",
        sign: "≠",
        meaning: "the model has another identity than the host",
    },
    RelationNote {
        name: "tolerated",
        sign: "~",
        meaning: "guests see the host's own value",
    },
    RelationNote {
        name: "in the way",
        sign: "✕",
        meaning: "the host does not accept the value that others need",
    },
    RelationNote {
        name: "no model",
        sign: "·",
        meaning: "there is no model to compare with",
    },
];

/// A field with its values on all kinds.
#[derive(Serialize)]
pub(super) struct MatrixField {
    property: String,
    register: &'static str,
    field: &'static str,
    /// The features that the field defines.
    features: Vec<&'static str>,
    mitigation: bool,
    audience: Option<&'static str>,
    /// The value in the model.
    model: Option<String>,
    /// True if it is not the same on all kinds and in the model.
    pub(super) differs: bool,
    /// True if no value is accepted by all.
    pub(super) in_the_way: bool,
    /// The greatest value that some host accepts.
    greatest: Option<String>,
    /// The different accepted values.
    accepted: Vec<AcceptedState>,
    /// For each kind the position of what it accepts; empty if all accept the same.
    accepts: Vec<usize>,
    /// The different cells of the matrix.
    states: Vec<CellState>,
    /// For each kind the position of its state; empty if there is one for all.
    cells: Vec<usize>,
}

/// Accepted values of a field.
#[derive(Serialize)]
struct AcceptedState {
    values: String,
    /// True if the greatest value that some host accepts is not among them.
    limits: bool,
}

/// A value of a field and its relation to the model.
#[derive(Serialize)]
struct CellState {
    value: String,
    relation: usize,
}

/// The value of a field on a kind with its relation to the model; the value is `None` if KVM there
/// does not have the register.
type Cell = (Option<u64>, Relation);

/// Every field but those of MPIDR_EL1, which differ between the vCPUs of a guest.
pub(super) fn fields(fleet: &Fleet, curve: &Curve) -> Vec<MatrixField> {
    let Some(description) = fleet.kinds().first().map(|kind| kind.host().description()) else {
        return Vec::new();
    };
    let features = feature_names(description.features);
    let is_shown = |field: &RegisterField| field.register.name != MpidrEl1::NAME;
    let explained = fleet.explain_each(description.fields().filter(is_shown));
    explained
        .map(|explanation| {
            let of_field = features.get(&position(explanation.field));
            MatrixField::new(fleet, curve, &explanation, of_field.cloned())
        })
        .collect()
}

/// A field's place in the description.
fn position(field: RegisterField) -> (usize, u8) {
    (field.register.index, field.field.shift())
}

/// The names of the features that each field defines.
fn feature_names(features: Features) -> HashMap<(usize, u8), Vec<&'static str>> {
    let mut names: HashMap<_, Vec<&'static str>> = HashMap::new();
    for feature in features.iter() {
        for range in feature.defining_fields() {
            let of_field = names.entry(position(range.field)).or_default();
            if of_field.last() != Some(&feature.name()) {
                of_field.push(feature.name());
            }
        }
    }
    names
}

/// A field and everything that decides the relations of its values.
struct Judge<'f> {
    explanation: &'f Explanation,
    part: Option<&'f Part>,
    /// The model's value, or without a model the one that most hosts accept.
    reference: Option<u64>,
    in_the_way: bool,
    tolerated: bool,
    /// For each kind the position of what it accepts.
    accepted: Vec<usize>,
}

impl<'f> Judge<'f> {
    fn new(fleet: &Fleet, curve: &'f Curve, explanation: &'f Explanation) -> Self {
        let field = explanation.field;
        let part = curve.part.as_ref();
        let has = |fields: &[Impossible]| fields.iter().any(|other| other.field == field);
        let impossible = curve.reasons.as_ref().map(|reasons| &reasons.impossible);
        let model = part.and_then(|part| part.baseline.values().field(field));
        let mut accepted = vec![0; fleet.kinds().len()];
        for (position, (_, kinds)) in explanation.accepted.iter().enumerate() {
            for kind in kinds {
                if let Some(of_kind) = accepted.get_mut(*kind) {
                    *of_kind = position;
                }
            }
        }
        Self {
            explanation,
            part,
            reference: model.or_else(|| most_accepted(fleet, explanation)),
            in_the_way: impossible.is_some_and(|fields| has(fields)),
            tolerated: part.is_some_and(|part| has(part.baseline.tolerated())),
            accepted,
        }
    }

    fn relation(&self, kind: usize, value: u64) -> Relation {
        let reference = self.reference.unwrap_or(0);
        let rule = self.explanation.field.field.rule();
        if self.in_the_way && !self.accepts(kind, reference) {
            Relation::InTheWay
        } else if self.part.is_none() {
            Relation::NoModel
        } else if value == reference {
            if self.is_limiting(kind) && self.explanation.greatest != self.reference {
                Relation::Limits
            } else {
                Relation::Same
            }
        } else if self.tolerated {
            Relation::Tolerated
        } else if rule.safety == Safety::Any {
            Relation::Replaced
        } else if self.accepts(kind, reference) {
            Relation::Lowered
        } else {
            Relation::Limits
        }
    }

    fn accepts(&self, kind: usize, value: u64) -> bool {
        let group = self.accepted.get(kind).copied().unwrap_or(0);
        let group = self.explanation.accepted.get(group);
        group.is_some_and(|(ranges, _)| ranges.iter().any(|range| range.contains(value)))
    }

    /// True if others accept a greater value than the kind.
    fn is_limiting(&self, kind: usize) -> bool {
        self.explanation.limited_by.binary_search(&kind).is_ok()
    }
}

/// The first value of those that most hosts accept.
fn most_accepted(fleet: &Fleet, explanation: &Explanation) -> Option<u64> {
    let groups = explanation.accepted.iter();
    let (ranges, _) = groups.max_by_key(|(_, kinds)| names::count(fleet, kinds))?;
    ranges.first().map(|range| range.first)
}

impl MatrixField {
    fn new(
        fleet: &Fleet,
        curve: &Curve,
        explanation: &Explanation,
        features: Option<Vec<&'static str>>,
    ) -> Self {
        let judge = Judge::new(fleet, curve, explanation);
        let field = explanation.field;
        let show = |value: u64| field.field.show(value).to_string();
        let model = judge.part.and(judge.reference);
        let mut states: Vec<Cell> = Vec::new();
        let kinds = fleet.kinds().iter().enumerate();
        let cells = kinds.map(|(position, kind)| {
            let value = kind.host().values().field(field);
            let cell = (value, judge.relation(position, value.unwrap_or(0)));
            states
                .iter()
                .position(|state| *state == cell)
                .unwrap_or_else(|| {
                    states.push(cell);
                    states.len() - 1
                })
        });
        let cells: Vec<usize> = cells.collect();
        let first = states.first().and_then(|(value, _)| *value);
        let is_first = |value: Option<u64>| value.unwrap_or(0) == first.unwrap_or(0);
        let is_same = states.iter().all(|(value, _)| is_first(*value));
        let accepted = explanation.accepted.iter();
        Self {
            property: field.to_string(),
            register: field.register.name,
            field: field.field.name(),
            features: features.unwrap_or_default(),
            mitigation: field.field.rule().mitigation,
            audience: field.field.rule().audience.map(Audience::name),
            model: model.map(show),
            differs: !is_same || (model.is_some() && !is_first(model)) || judge.in_the_way,
            in_the_way: judge.in_the_way,
            greatest: explanation.greatest.map(show),
            accepted: accepted
                .map(|(accepted, kinds)| AcceptedState {
                    values: match accepted.as_slice() {
                        [] => "none".to_owned(),
                        accepted => comma_list(ranges(accepted)),
                    },
                    limits: kinds.first().is_some_and(|kind| judge.is_limiting(*kind)),
                })
                .collect(),
            accepts: if explanation.accepted.len() > 1 {
                judge.accepted
            } else {
                Vec::new()
            },
            states: states
                .iter()
                .map(|(value, relation)| CellState {
                    value: value.map_or_else(|| "absent".to_owned(), show),
                    relation: *relation as usize,
                })
                .collect(),
            cells: if states.len() > 1 { cells } else { Vec::new() },
        }
    }
}
