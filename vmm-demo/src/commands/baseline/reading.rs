//! Reads hosts into a fleet.

use super::weights::Weights;
use crate::cli::fleet::FleetArguments;
use crate::machine::fleet_files::FleetFiles;
use crate::machine::host_files::{HostFiles, UnparsedHost};
use crate::machine::known_documents::KnownDocuments;
use crate::output;
use crate::output::failure::Failure;
use crate::output::progress::Progress;
use idreg_runtime::fleet::Fleet;

/// A fleet, and the documents of its hosts: an equal document is not parsed again.
#[derive(Default)]
struct Reader {
    fleet: Fleet,
    /// The position of each document's kind.
    known: KnownDocuments<usize>,
    weights: Weights,
}

/// Reads all hosts; returns with them the number of files that cannot be used. A part of a fleet
/// may be without hosts.
pub(in crate::commands) fn read(
    arguments: &FleetArguments,
    is_part: bool,
) -> Result<(Fleet, u64), Failure> {
    let mut reader = Reader {
        weights: Weights::read(arguments.weights.as_deref())?,
        ..Reader::default()
    };
    let mut files = HostFiles::new(arguments.hosts.clone());
    if is_part {
        files = files.or_none();
    }
    let mut unusable = files.each(arguments.keep_going, |_, host| reader.add(host))?;
    reader.weights.warn();
    let mut fleet = reader.fleet;
    if !arguments.merge.is_empty() {
        unusable += merge(&mut fleet, arguments)?;
        fleet = fleet.in_order_of_names();
    }
    Ok((fleet, unusable))
}

/// Adds the fleets of files; returns the number of files that cannot be used.
fn merge(fleet: &mut Fleet, arguments: &FleetArguments) -> Result<u64, Failure> {
    let mut unusable = 0;
    let mut progress = Progress::new("fleet files");
    let mut files = FleetFiles::new(arguments.merge.clone());
    while let Some(merged) = files.next_with(|other| fleet.merge(other).map_err(Failure::other)) {
        match merged {
            Err(failure) if arguments.keep_going => {
                progress.aside(|| output::error(&failure.message()));
                unusable += 1;
            }
            merged => merged?,
        }
        progress.advance();
    }
    Ok(unusable)
}

impl Reader {
    fn add(&mut self, host: UnparsedHost<'_>) -> Result<(), Failure> {
        let weight = self.weights.of(host.name);
        if let Some(kind) = self.known.find(host.bytes) {
            self.fleet.add_equal(host.name, kind, weight);
            return Ok(());
        }
        let parsed = host.parse()?;
        let kind = self.fleet.add_weighted(host.name, &parsed, weight);
        let kind = kind.map_err(Failure::other)?;
        self.known.keep(host.bytes, kind);
        Ok(())
    }
}
