//! `where`: finds the hosts where a guest can go.

use super::Verdict;
use super::placement::{self, FittingGuest, PlacementEntry, Warnings};
use crate::cli::views::WhereArguments;
use crate::machine::host_files::HostFiles;
use crate::machine::view_files;
use crate::output;
use crate::output::failure::Failure;
use crate::output::list::lines;
use idreg_runtime::plan::Warning;
use serde::Serialize;

#[derive(Serialize)]
struct WhereReport {
    schema: &'static str,
    /// The model that the guest was asked for.
    cpu: String,
    tolerated: String,
    hosts: Vec<HostEntry>,
    /// The number of hosts that the guest fits.
    fitting: u64,
    /// The number of hosts whose files cannot be used.
    unusable: u64,
}

#[derive(Serialize)]
struct HostEntry {
    host: String,
    #[serde(flatten)]
    placement: PlacementEntry,
}

/// Judges a guest on every host: one line for each that it fits, with the model.
///
/// # Errors
///
/// [`Failure`]: the view cannot be used, or a host without `--keep-going`.
pub fn where_view(arguments: &WhereArguments) -> Result<Verdict, Failure> {
    let view = view_files::read(&arguments.view)?;
    let tolerance = arguments.tolerance.tolerance();
    let mut entries = Vec::new();
    let mut warnings = Warnings::default();
    let (mut fitting, mut judged) = (0, 0);
    let hosts = HostFiles::new(arguments.hosts.hosts.clone());
    let unusable = hosts.each(arguments.hosts.keep_going, |name, host| {
        let placement = placement::judge(host, &view, &tolerance);
        judged += 1;
        fitting += u64::from(placement.is_ok());
        if arguments.json {
            entries.push(HostEntry {
                host: name.to_owned(),
                placement: PlacementEntry::new(&placement),
            });
            return Ok(());
        }
        match &placement {
            Ok(place) => {
                warnings.add(name, place);
                output::text(&fits(name, place))
            }
            Err(error) => output::text(&format!(
                "{name}: no, {}:\n{}",
                placement::count_of_reasons(error),
                placement::reasons(error)
            )),
        }
    })?;
    if arguments.json {
        output::json(&WhereReport {
            schema: "idreg-where/1",
            cpu: view.info().model.to_string(),
            tolerated: tolerance.to_string(),
            hosts: entries,
            fitting,
            unusable,
        })?;
    } else {
        output::warnings(&warnings.messages());
        output::text(&format!("the guest fits {fitting} of {judged} hosts"))?;
    }
    Ok(Verdict::new(fitting > 0, unusable))
}

/// The line of a host that the guest fits, and the fields that differ there.
fn fits(name: &str, place: &FittingGuest) -> String {
    let line = format!("{name}: fits, --cpu {}", place.model);
    let is_tolerated = |warning: &&Warning| matches!(warning, Warning::Tolerated(_));
    let tolerated = place.warnings.iter().filter(is_tolerated);
    let tolerated = tolerated.map(|warning| format!("  {warning}"));
    lines([line].into_iter().chain(tolerated))
}
