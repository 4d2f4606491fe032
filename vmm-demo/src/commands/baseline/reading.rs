//! Reads hosts into a fleet.

use super::weights::Weights;
use crate::cli::fleet::FleetArguments;
use crate::machine::fleet_files::FleetFiles;
use crate::machine::host_files::{HostFiles, UnparsedHost};
use crate::output;
use crate::output::failure::Failure;
use crate::output::progress::Progress;
use idreg_runtime::fleet::Fleet;
use std::collections::HashMap;

/// The maximum number of documents that are kept: a fleet of any size has a few hundred kinds.
const KEPT_DOCUMENTS: usize = 1024;

/// The maximum length of all documents that are kept, in bytes.
const KEPT_BYTES: usize = 16 << 20;

/// A fleet, and the documents of its hosts: an equal document is not parsed again.
#[derive(Default)]
struct Reader {
    fleet: Fleet,
    known: KnownDocuments,
    weights: Weights,
}

/// The position of each document's kind.
#[derive(Default)]
struct KnownDocuments {
    kinds: HashMap<Box<[u8]>, usize>,
    /// The length of all documents, in bytes.
    bytes: usize,
    /// The number of documents that were found here.
    found: usize,
    /// True if too few were found for the time that a search takes.
    is_useless: bool,
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
    let keep_going = arguments.keep_going;
    let mut unusable = each("hosts", keep_going, || {
        files.next_with(|name, host| reader.add(name, host?))
    })?;
    reader.weights.warn();
    let mut fleet = reader.fleet;
    if !arguments.merge.is_empty() {
        let mut files = FleetFiles::new(arguments.merge.clone());
        unusable += each("fleet files", keep_going, || {
            files.next_with(|other| fleet.merge(other).map_err(Failure::other))
        })?;
        fleet = fleet.in_order_of_names();
    }
    Ok((fleet, unusable))
}

/// Adds all of something, with progress; returns the number of those that cannot be used.
fn each(
    items: &'static str,
    keep_going: bool,
    mut add: impl FnMut() -> Option<Result<(), Failure>>,
) -> Result<u64, Failure> {
    let mut unusable = 0;
    let mut progress = Progress::new(items);
    while let Some(added) = add() {
        match added {
            Err(failure) if keep_going => {
                progress.aside(|| output::error(&failure.message()));
                unusable += 1;
            }
            added => added?,
        }
        progress.advance();
    }
    Ok(unusable)
}

impl Reader {
    fn add(&mut self, name: &str, host: UnparsedHost<'_>) -> Result<(), Failure> {
        let weight = self.weights.of(name);
        if let Some(kind) = self.known.find(host.bytes) {
            self.fleet.add_equal(name, kind, weight);
            return Ok(());
        }
        let parsed = host.parse()?;
        let kind = self.fleet.add_weighted(name, &parsed, weight);
        let kind = kind.map_err(Failure::other)?;
        self.known.keep(host.bytes, kind);
        Ok(())
    }
}

impl KnownDocuments {
    fn find(&mut self, document: &[u8]) -> Option<usize> {
        if self.is_useless {
            return None;
        }
        let kind = self.kinds.get(document).copied();
        self.found += usize::from(kind.is_some());
        kind
    }

    fn keep(&mut self, document: &[u8], kind: usize) {
        if self.is_useless {
            return;
        }
        let bytes = self.bytes.saturating_add(document.len());
        if self.kinds.len() < KEPT_DOCUMENTS && bytes <= KEPT_BYTES {
            self.kinds.insert(document.into(), kind);
            self.bytes = bytes;
        } else if self.found < self.kinds.len() {
            self.kinds = HashMap::new();
            self.is_useless = true;
        }
    }
}
