//! `evacuate`: finds a target for each guest of a host.

use super::Verdict;
use super::placement::{self, PlacementEntry, Warnings};
use crate::cli::views::EvacuateArguments;
use crate::machine::host_files::HostFiles;
use crate::machine::known_documents::KnownDocuments;
use crate::machine::{self, view_files};
use crate::output::failure::Failure;
use crate::output::list::{comma_list, lines};
use crate::output::{self, table};
use idreg_runtime::host::Host;
use idreg_runtime::plan::Warning;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::{Incompatible, View};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The maximum number of targets that are listed for a guest; it needs one.
const MOST_TARGETS: usize = 1024;

/// A guest of the host, and where it can go.
struct HostedGuest {
    name: String,
    view: View,
    /// The first targets.
    targets: Vec<Target>,
    /// The number of the other targets.
    more: u64,
    /// The host with the fewest reasons, and these, as long as there is no target.
    nearest: Option<(String, Incompatible)>,
}

#[derive(Serialize)]
struct Target {
    host: String,
    #[serde(flatten, serialize_with = "shared")]
    place: Rc<Place>,
}

/// A guest's place on a host.
#[derive(Serialize)]
struct Place {
    cpu: String,
    /// The settings for `--firmware`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    firmware: Vec<String>,
    /// The messages about what differs as tolerated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tolerated: Vec<String>,
}

#[derive(Serialize)]
struct EvacuateReport<'g> {
    schema: &'static str,
    host: String,
    tolerated: String,
    guests: Vec<GuestEntry<'g>>,
    /// The number of guests without a target.
    stranded: usize,
    /// The number of hosts whose files cannot be used.
    unusable: u64,
}

#[derive(Serialize)]
struct GuestEntry<'g> {
    guest: &'g str,
    targets: &'g [Target],
    /// The number of further targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<u64>,
    /// The host with the fewest reasons, if there is no target.
    nearest: Option<NearestEntry<'g>>,
}

#[derive(Serialize)]
struct NearestEntry<'g> {
    host: &'g str,
    #[serde(flatten)]
    placement: PlacementEntry,
}

/// Lists the targets of each guest among the other hosts.
///
/// # Errors
///
/// [`Failure`]: the host or a view cannot be used, or another host without `--keep-going`.
pub fn evacuate(arguments: &EvacuateArguments) -> Result<Verdict, Failure> {
    let host = machine::host_file(&arguments.host)?;
    let tolerance = arguments.tolerance.tolerance();
    let mut guests = guests(&arguments.views)?;
    let strangers = guests
        .iter()
        .filter(|guest| placement::judge(&host, &guest.view, &tolerance).is_err());
    output::warnings(&strangers.map(HostedGuest::stranger).collect::<Vec<_>>());
    let unusable = find_targets(arguments, &tolerance, &mut guests)?;
    let stranded = guests.iter().filter(|guest| guest.targets.is_empty());
    let stranded = stranded.count();
    if arguments.json {
        output::json(&EvacuateReport {
            schema: "idreg-evacuate/1",
            host: arguments.host.to_string_lossy().into_owned(),
            tolerated: tolerance.to_string(),
            guests: guests.iter().map(HostedGuest::entry).collect(),
            stranded,
            unusable,
        })?;
    } else {
        output::warnings(&tolerated(&guests));
        output::text(&human(&guests, stranded))?;
    }
    Ok(Verdict::new(stranded == 0, unusable))
}

fn guests(directory: &Path) -> Result<Vec<HostedGuest>, Failure> {
    let files = view_files::in_directory(directory)?.into_iter();
    let guests = files.map(|path| {
        Ok(HostedGuest {
            view: view_files::read(&path)?,
            name: path.to_string_lossy().into_owned(),
            targets: Vec::new(),
            more: 0,
            nearest: None,
        })
    });
    guests.collect()
}

/// Judges every guest on every host except the one that is evacuated.
fn find_targets(
    arguments: &EvacuateArguments,
    tolerance: &Tolerance,
    guests: &mut [HostedGuest],
) -> Result<u64, Failure> {
    let evacuated = fs::canonicalize(&arguments.host).ok();
    let is_evacuated = |name: &str| {
        let path = fs::canonicalize(PathBuf::from(name)).ok();
        path.is_some() && path == evacuated
    };
    let mut known = KnownDocuments::default();
    HostFiles::new(arguments.hosts.hosts.clone()).each(arguments.hosts.keep_going, |_, host| {
        if is_evacuated(host.name) {
            return Ok(());
        }
        let judged = match known.find(host.bytes) {
            Some(judged) => judged,
            None => {
                let parsed = host.parse()?;
                let judged = guests
                    .iter()
                    .map(|guest| place(&parsed, &guest.view, tolerance));
                let judged: Rc<[Judged]> = judged.collect();
                known.keep(host.bytes, judged.clone());
                judged
            }
        };
        for (guest, judged) in guests.iter_mut().zip(judged.iter()) {
            match judged {
                Ok(place) => guest.accepted(host.name, place),
                Err(error) => guest.refused(host.name, error),
            }
        }
        Ok(())
    })
}

/// A guest's place on a host, or the reasons why it has none.
type Judged = Result<Rc<Place>, Incompatible>;

fn place(host: &Host, view: &View, tolerance: &Tolerance) -> Judged {
    let place = placement::judge(host, view, tolerance)?;
    Ok(Rc::new(Place {
        cpu: place.model.to_string(),
        firmware: place.settings().collect(),
        tolerated: place.tolerated().map(Warning::to_string).collect(),
    }))
}

/// The messages about what differs as tolerated, each once.
fn tolerated(guests: &[HostedGuest]) -> Vec<String> {
    let mut warnings = Warnings::default();
    for guest in guests {
        for Target { host, place } in &guest.targets {
            for message in &place.tolerated {
                warnings.add_message(&format!("{} on {host}", guest.name), message.clone());
            }
        }
    }
    warnings.messages()
}

impl HostedGuest {
    fn accepted(&mut self, host: &str, place: &Rc<Place>) {
        if self.targets.len() == MOST_TARGETS {
            self.more += 1;
            return;
        }
        self.targets.push(Target {
            host: host.to_owned(),
            place: place.clone(),
        });
    }

    /// Keeps the reasons of the host if there are fewer than of any host before.
    fn refused(&mut self, host: &str, error: &Incompatible) {
        let fewest = self.nearest.as_ref();
        if fewest.is_none_or(|(_, fewest)| error.reasons.len() < fewest.reasons.len()) {
            self.nearest = Some((host.to_owned(), error.clone()));
        }
    }

    fn stranger(&self) -> String {
        format!(
            "{}: the guest does not fit the host that is evacuated, so it cannot be one of its \
             guests as this file describes them",
            self.name
        )
    }

    fn entry(&self) -> GuestEntry<'_> {
        let nearest = self.nearest.as_ref().filter(|_| self.targets.is_empty());
        GuestEntry {
            guest: &self.name,
            targets: &self.targets,
            more: Some(self.more).filter(|more| *more > 0),
            nearest: nearest.map(|(host, error)| NearestEntry {
                host,
                placement: PlacementEntry::of_reasons(error),
            }),
        }
    }

    /// The first targets and the number of the others.
    fn targets(&self) -> String {
        const SHOWN: usize = 3;
        let shown = self.targets.iter().take(SHOWN);
        let shown = comma_list(shown.map(|target| target.host.as_str()));
        let more = self.targets.len().saturating_sub(SHOWN) as u64 + self.more;
        match more {
            _ if self.targets.is_empty() => "none".to_owned(),
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }
}

/// The table of guests and targets, and below it the reasons for guests without one.
fn human(guests: &[HostedGuest], stranded: usize) -> String {
    let mut table = table::new(&["guest", "targets"]);
    for guest in guests {
        table.add_row([guest.name.clone(), guest.targets()]);
    }
    let mut text = vec![table::show(table)];
    for guest in guests.iter().filter(|guest| guest.targets.is_empty()) {
        let Some((host, error)) = &guest.nearest else {
            continue;
        };
        let count = placement::count_of_reasons(error);
        text.push(format!(
            "{} fits no other host; nearest is {host}, {count}:\n{}",
            guest.name,
            placement::reasons(error, error.remedy().as_slice())
        ));
    }
    let count = guests.len();
    text.push(format!(
        "{} of {count} guests have a target",
        count - stranded
    ));
    lines(text)
}

fn shared<S: serde::Serializer>(place: &Rc<Place>, serializer: S) -> Result<S::Ok, S::Error> {
    Place::serialize(place, serializer)
}
