//! `evacuate`: finds a target for each guest of a host.

use super::Verdict;
use super::placement::{self, PlacementEntry};
use crate::cli::views::EvacuateArguments;
use crate::machine::host_files::HostFiles;
use crate::machine::{self, view_files};
use crate::output::failure::Failure;
use crate::output::list::{comma_list, lines};
use crate::output::{self, table};
use idreg_runtime::model::CpuModel;
use idreg_runtime::tolerance::Tolerance;
use idreg_runtime::view::{Incompatible, View};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// A guest of the host, and where it can go.
struct HostedGuest {
    name: String,
    view: View,
    targets: Vec<Target>,
    /// The host with the fewest reasons, and these, as long as there is no target.
    nearest: Option<(String, Incompatible)>,
}

#[derive(Serialize)]
struct Target {
    host: String,
    #[serde(serialize_with = "as_text")]
    cpu: CpuModel,
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
    HostFiles::new(arguments.hosts.hosts.clone()).each(arguments.hosts.keep_going, |name, host| {
        if is_evacuated(name) {
            return Ok(());
        }
        for guest in guests.iter_mut() {
            match placement::judge(host, &guest.view, tolerance) {
                Ok(place) => guest.targets.push(Target {
                    host: name.to_owned(),
                    cpu: place.model,
                }),
                Err(error) => guest.refused(name, error),
            }
        }
        Ok(())
    })
}

impl HostedGuest {
    /// Keeps the reasons of the host if there are fewer than of any host before.
    fn refused(&mut self, host: &str, error: Incompatible) {
        let fewest = self.nearest.as_ref();
        if fewest.is_none_or(|(_, fewest)| error.reasons.len() < fewest.reasons.len()) {
            self.nearest = Some((host.to_owned(), error));
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
        match self.targets.len() {
            0 => "none".to_owned(),
            count if count > SHOWN => format!("{shown} and {} more", count - SHOWN),
            _ => shown,
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
            placement::reasons(error)
        ));
    }
    let count = guests.len();
    text.push(format!(
        "{} of {count} guests have a target",
        count - stranded
    ));
    lines(text)
}

fn as_text<S: serde::Serializer>(model: &CpuModel, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(model)
}
