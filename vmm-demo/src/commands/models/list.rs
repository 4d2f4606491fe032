//! The list of the named models, with what a host cannot give.

use crate::cli::idreg::ListModelsArguments;
use crate::machine;
use crate::output::failure::Failure;
use crate::output::json::RejectionEntry;
use crate::output::list::comma_list;
use crate::output::{self, table};
use idreg_runtime::host::Host;
use idreg_runtime::model::CpuModel;
use idreg_runtime::model::named::{Models, NamedModel};
use idreg_runtime::plan::rejection::Rejection;
use idreg_runtime::plan::{Plan, PlanError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// The schema of the list; its number grows when a change would mislead existing readers.
const SCHEMA: &str = "idreg-models/1";

/// The number of blockers of a model that the text shows.
const SHOWN: usize = 3;

#[derive(Serialize)]
struct ModelList<'m> {
    schema: &'static str,
    /// The kernel of the host, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel_release: Option<&'m str>,
    models: Vec<ModelEntry<'m>>,
}

#[derive(Serialize)]
struct ModelEntry<'m> {
    model: &'m str,
    name: &'m str,
    version: u32,
    description: &'m str,
    deprecated: bool,
    /// True if the host can give the model; not in the object without a host.
    #[serde(skip_serializing_if = "Option::is_none")]
    usable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blockers: Option<Vec<RejectionEntry>>,
    /// The message if the host cannot give any model.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A model and, with a host, the plan for it.
struct Judged<'m> {
    model: &'m NamedModel,
    plan: Option<Result<Plan, PlanError>>,
}

/// Prints the models.
pub(super) fn list(arguments: &ListModelsArguments, models: &Models) -> Result<(), Failure> {
    let host = match machine::host(arguments.host.file.as_deref(), &CpuModel::host()) {
        Ok(host) => Some(host),
        Err(Failure::CannotHere(_)) => None,
        Err(other) => return Err(other),
    };
    let judged: Vec<Judged<'_>> = models
        .iter()
        .map(|model| Judged::new(model, host.as_ref()))
        .collect();
    if arguments.json {
        return output::json(&ModelList {
            schema: SCHEMA,
            kernel_release: host
                .as_ref()
                .map(|host| host.info().kernel_release.as_str()),
            models: judged.iter().map(Judged::entry).collect(),
        });
    }
    output::text(&text(&judged, host.as_ref()))
}

impl<'m> Judged<'m> {
    fn new(model: &'m Arc<NamedModel>, host: Option<&Host>) -> Self {
        let named = CpuModel::named(model.clone());
        Self {
            model,
            plan: host.map(|host| Plan::new(host, &named)),
        }
    }

    fn blockers(&self) -> &[Rejection] {
        match &self.plan {
            Some(Err(PlanError::Rejected(rejections))) => rejections,
            _ => &[],
        }
    }

    /// The error that is not about values of the model.
    fn error(&self) -> Option<&PlanError> {
        match &self.plan {
            Some(Err(PlanError::Rejected(_)) | Ok(_)) | None => None,
            Some(Err(error)) => Some(error),
        }
    }

    fn entry(&self) -> ModelEntry<'m> {
        let identity = self.model.identity();
        let blockers = self.blockers().iter().map(RejectionEntry::of_plan);
        ModelEntry {
            model: self.model.full_name(),
            name: &identity.name,
            version: identity.version,
            description: &identity.description,
            deprecated: identity.deprecated,
            usable: self.plan.as_ref().map(Result::is_ok),
            blockers: self.plan.as_ref().map(|_| blockers.collect()),
            error: self.error().map(PlanError::to_string),
        }
    }
}

fn text(models: &[Judged<'_>], host: Option<&Host>) -> String {
    let mut headings = vec!["model"];
    headings.extend(host.map(|_| "usable"));
    headings.push("description");
    let mut table = table::new(&headings);
    for judged in models {
        let mut row = vec![judged.model.full_name().to_owned()];
        let usable = judged.plan.as_ref().map(|plan| match plan {
            Ok(_) => "yes",
            Err(_) => "no",
        });
        row.extend(usable.map(str::to_owned));
        let identity = judged.model.identity();
        let deprecated = if identity.deprecated {
            " (deprecated)"
        } else {
            ""
        };
        row.push(format!("{}{deprecated}", identity.description));
        table.add_row(row);
    }
    let mut out = table::show(table);
    errors(models, &mut out);
    for judged in models {
        blockers(judged, &mut out);
    }
    if host.is_none() {
        out.push_str("\n\nthere is no host here; --host FILE shows which models a host can give");
    }
    out
}

/// Writes the errors that are not about values of models, each once. Writing to a String cannot
/// fail.
fn errors(models: &[Judged<'_>], out: &mut String) {
    let mut by_error: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for judged in models {
        if let Some(error) = judged.error() {
            let names = by_error.entry(error.to_string()).or_default();
            names.push(judged.model.full_name());
        }
    }
    for (error, names) in by_error {
        let _ = write!(out, "\n\n{}: {error}", comma_list(names));
    }
}

/// Writes the first values of a model that the host cannot give.
fn blockers(judged: &Judged<'_>, out: &mut String) {
    let name = judged.model.full_name();
    let blockers = judged.blockers();
    let count = match blockers.len() {
        0 => return,
        1 => "1 value is".to_owned(),
        count => format!("{count} values are"),
    };
    let _ = write!(out, "\n\n{name}: {count} not possible on this host");
    for blocker in blockers.iter().take(SHOWN) {
        // The heading has the model's name already.
        let blocker = Rejection {
            base: None,
            ..blocker.clone()
        };
        let _ = write!(out, "\n  {blocker}");
    }
    if let more @ 1.. = blockers.len().saturating_sub(SHOWN) {
        let _ = write!(out, "\n  and {more} more; --json has all");
    }
}
