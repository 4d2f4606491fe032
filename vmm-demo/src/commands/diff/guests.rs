//! The guests of a host before and after its change.

use crate::commands::placement::{self, Placement, PlacementEntry};
use crate::machine::view_files;
use crate::output::failure::Failure;
use idreg_runtime::host::Host;
use idreg_runtime::tolerance::Tolerance;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::path::Path;

/// A guest on both readings of a host.
pub(super) struct GuestChange {
    pub(super) name: String,
    pub(super) old: Placement,
    pub(super) new: Placement,
}

/// Judges every guest of a directory on both readings.
pub(super) fn judge(
    views: &Path,
    old: &Host,
    new: &Host,
    tolerance: &Tolerance,
) -> Result<Vec<GuestChange>, Failure> {
    let files = view_files::in_directory(views)?.into_iter();
    let guests = files.map(|path| {
        let view = view_files::read(&path)?;
        Ok(GuestChange {
            name: path.to_string_lossy().into_owned(),
            old: placement::judge(old, &view, tolerance),
            new: placement::judge(new, &view, tolerance),
        })
    });
    guests.collect()
}

impl GuestChange {
    /// True if the guest no longer fits.
    pub(super) fn is_lost(&self) -> bool {
        self.old.is_ok() && self.new.is_err()
    }
}

impl Serialize for GuestChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("GuestChange", 3)?;
        entry.serialize_field("guest", &self.name)?;
        entry.serialize_field("old", &PlacementEntry::new(&self.old))?;
        entry.serialize_field("new", &PlacementEntry::new(&self.new))?;
        entry.end()
    }
}
