//! `migrate --plan`: judges beforehand if a destination would accept a guest.

use super::Verdict;
use super::placement::{self, Placement, PlacementEntry};
use crate::machine::remedies::remedies;
use crate::machine::{host_file, view_files};
use crate::output;
use crate::output::failure::Failure;
use crate::output::list::lines;
use idreg_runtime::tolerance::Tolerance;
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct PlanReport<'p> {
    schema: &'static str,
    /// The path of the host's file.
    host: String,
    tolerated: String,
    #[serde(flatten)]
    placement: &'p PlacementEntry,
    /// The model, override or tolerance that would have worked, of a guest that is refused.
    remedies: &'p [String],
}

/// Judges a guest by its view as `run --incoming` on a host would, and prints every reason against
/// it with what would have worked.
///
/// # Errors
///
/// [`Failure`]: a file cannot be used, or the output cannot be written.
pub fn plan(
    view: &Path,
    host: &Path,
    tolerance: &Tolerance,
    json: bool,
) -> Result<Verdict, Failure> {
    let name = output::escaped(&host.to_string_lossy());
    let (view, host) = (view_files::read(view)?, host_file(host)?);
    let placement = placement::judge(&host, &view, tolerance);
    let remedies = match &placement {
        Ok(_) => Vec::new(),
        Err(error) => remedies(error, &host, &view, tolerance),
    };
    if json {
        output::json(&PlanReport {
            schema: "idreg-migration-plan/1",
            host: name,
            tolerated: tolerance.to_string(),
            placement: &PlacementEntry::new(&placement),
            remedies: &remedies,
        })?;
    } else {
        if let Ok(place) = &placement {
            let others = place.warnings.iter();
            output::warnings(others.filter(|warning| !warning.is_tolerated()));
        }
        output::text(&text(&name, &placement, &remedies))?;
    }
    Ok(Verdict::new(placement.is_ok(), 0))
}

fn text(name: &str, placement: &Placement, remedies: &[String]) -> String {
    let (first, rest): (String, Vec<String>) = match placement {
        Ok(place) => {
            let tolerated = place.tolerated().map(|warning| format!("  {warning}"));
            (format!("{name} accepts the guest"), tolerated.collect())
        }
        Err(error) => {
            let reasons = error.reasons.iter().map(|reason| format!("  {reason}"));
            let remedies = remedies.iter().map(|remedy| format!("possible: {remedy}"));
            let count = placement::count_of_reasons(error);
            (
                format!("{name} refuses the guest, for {count}:"),
                reasons.chain(remedies).collect(),
            )
        }
    };
    lines([first].into_iter().chain(rest))
}
