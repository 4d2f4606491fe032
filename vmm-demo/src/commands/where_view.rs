//! `where`: finds the hosts where a guest can go.

use super::Verdict;
use super::placement::{self, FittingGuest, Placement, PlacementEntry, Warnings};
use crate::cli::views::WhereArguments;
use crate::machine::host_files::{HostFiles, UnparsedHost};
use crate::machine::known_documents::KnownDocuments;
use crate::machine::remedies::known_remedies;
use crate::machine::view_files;
use crate::output;
use crate::output::failure::Failure;
use crate::output::list::lines;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::View;
use serde::Serialize;
use std::rc::Rc;

#[derive(Serialize)]
struct WhereReport<'w> {
    schema: &'static str,
    /// The model that the guest was asked for.
    cpu: String,
    tolerated: String,
    hosts: Vec<HostEntry<'w>>,
    /// The number of hosts that the guest fits.
    fitting: u64,
    /// The number of hosts whose files cannot be used.
    unusable: u64,
}

#[derive(Serialize)]
struct HostEntry<'w> {
    host: &'w str,
    #[serde(flatten)]
    placement: &'w PlacementEntry,
    /// The ways in which a refused guest could have run there, as far as known.
    remedies: &'w [String],
}

/// A guest's place on a host in both forms.
struct Answer {
    placement: Placement,
    entry: PlacementEntry,
    /// None for a guest that fits.
    remedies: Vec<String>,
}

/// The judge of a guest, with the answers for documents that were read before.
struct Judge {
    view: View,
    tolerance: Tolerance,
    known: KnownDocuments<Rc<Answer>>,
}

/// Judges a guest on every host: one line for each that it fits, with the model.
///
/// # Errors
///
/// [`Failure`]: the view cannot be used, or a host without `--keep-going`.
pub fn where_view(arguments: &WhereArguments) -> Result<Verdict, Failure> {
    let mut judge = Judge {
        view: view_files::read(&arguments.view)?,
        tolerance: arguments.tolerance.tolerance(),
        known: KnownDocuments::default(),
    };
    let mut answers = Vec::new();
    let mut warnings = Warnings::default();
    let (mut fitting, mut judged) = (0, 0);
    let hosts = HostFiles::new(arguments.hosts.hosts.clone());
    let unusable = hosts.each(arguments.hosts.keep_going, |progress, host| {
        let answer = judge.judge(host)?;
        judged += 1;
        fitting += u64::from(answer.placement.is_ok());
        if arguments.json {
            answers.push((host.name.to_owned(), answer));
            return Ok(());
        }
        if let Ok(place) = &answer.placement {
            warnings.add(host.name, place);
        }
        progress.print(&text(host.name, &answer))
    })?;
    if arguments.json {
        output::json(&WhereReport {
            schema: "idreg-where/1",
            cpu: judge.view.info().model.to_string(),
            tolerated: judge.tolerance.to_string(),
            hosts: answers.iter().map(HostEntry::of).collect(),
            fitting,
            unusable,
        })?;
    } else {
        output::warnings(&warnings.messages());
        output::text(&format!("the guest fits {fitting} of {judged} hosts"))?;
    }
    Ok(Verdict::new(fitting > 0, unusable))
}

impl Judge {
    fn judge(&mut self, host: UnparsedHost<'_>) -> Result<Rc<Answer>, Failure> {
        if let Some(answer) = self.known.find(host.bytes) {
            return Ok(answer);
        }
        let (bytes, host) = (host.bytes, host.parse()?);
        let (view, tolerance) = (&self.view, &self.tolerance);
        let placement = placement::judge(&host, view, tolerance);
        // Where none is known there is no line: of many hosts most can refuse a guest.
        let remedies = match &placement {
            Ok(_) => Vec::new(),
            Err(error) => known_remedies(error, &host, view, tolerance),
        };
        let answer = Rc::new(Answer {
            entry: PlacementEntry::new(&placement),
            placement,
            remedies,
        });
        self.known.keep(bytes, answer.clone());
        Ok(answer)
    }
}

impl<'w> HostEntry<'w> {
    fn of((host, answer): &'w (String, Rc<Answer>)) -> Self {
        Self {
            host,
            placement: &answer.entry,
            remedies: &answer.remedies,
        }
    }
}

fn text(name: &str, answer: &Answer) -> String {
    match &answer.placement {
        Ok(place) => fits(name, place),
        Err(error) => format!(
            "{name}: no, {}:\n{}",
            placement::count_of_reasons(error),
            placement::reasons(error, &answer.remedies)
        ),
    }
}

/// The line of a host that the guest fits, and what differs there.
fn fits(name: &str, place: &FittingGuest) -> String {
    let line = format!("{name}: fits, {}", place.arguments());
    let tolerated = place.tolerated().map(|warning| format!("  {warning}"));
    lines([line].into_iter().chain(tolerated))
}
