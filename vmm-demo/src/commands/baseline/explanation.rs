//! The hosts that keep a field of the model where it is.

use super::names;
use super::report::DifferenceEntry;
use crate::output;
use crate::output::failure::Failure;
use crate::output::list::{comma_list, lines};
use idreg_runtime::description::RegisterField;
use idreg_runtime::description::rule::ValueRange;
use idreg_runtime::fleet::{Explanation, Fleet};
use serde::Serialize;

#[derive(Serialize)]
struct ExplanationReport<'f> {
    #[serde(flatten)]
    accepted: DifferenceEntry,
    /// The greatest value that some host accepts.
    greatest: Option<String>,
    /// The greatest value that all hosts accept.
    common: Option<String>,
    limited_by: Vec<&'f str>,
}

/// Prints the explanation of a field.
pub(super) fn print(fleet: &Fleet, field: RegisterField, json: bool) -> Result<(), Failure> {
    let explanation = fleet.explain(field);
    if json {
        return output::json(&ExplanationReport::new(fleet, &explanation));
    }
    output::text(&text(fleet, &explanation))
}

impl<'f> ExplanationReport<'f> {
    fn new(fleet: &'f Fleet, explanation: &Explanation) -> Self {
        let Explanation {
            field,
            accepted,
            greatest,
            common,
            limited_by,
            ..
        } = explanation;
        let number = |value: Option<u64>| value.map(|value| format!("{value:#x}"));
        let (limited_by, _) = names::of(fleet, limited_by);
        Self {
            accepted: DifferenceEntry::of_field(fleet, *field, accepted),
            greatest: number(*greatest),
            common: number(*common),
            limited_by,
        }
    }
}

fn text(fleet: &Fleet, explanation: &Explanation) -> String {
    let field = explanation.field.field;
    let show = |value: Option<u64>| {
        value.map_or_else(|| "none".to_owned(), |value| field.show(value).to_string())
    };
    let mut text = vec![
        explanation.field.to_string(),
        format!(
            "greatest value on some host: {}",
            show(explanation.greatest)
        ),
        format!("greatest value on all hosts: {}", show(explanation.common)),
    ];
    let groups = explanation.accepted.iter();
    text.extend(groups.map(|(accepted, kinds)| {
        format!(
            "accepted: {} on {}",
            values(accepted),
            names::shown(fleet, kinds)
        )
    }));
    let limited_by = names::shown(fleet, &explanation.limited_by);
    text.push(match explanation.limited_by.as_slice() {
        [] => "limited by no host".to_owned(),
        _ => format!("limited by {limited_by}"),
    });
    lines(text)
}

fn values(accepted: &[ValueRange]) -> String {
    match accepted {
        [] => "no value".to_owned(),
        accepted => comma_list(accepted),
    }
}
