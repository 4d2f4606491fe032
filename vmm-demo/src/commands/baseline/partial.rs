//! A part of a fleet, for a later merge.

use crate::output;
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use idreg_runtime::fleet::Fleet;

/// Writes a fleet, in one line, to a file or the standard output.
pub(super) fn write(fleet: &Fleet, file: Option<OutputFile>) -> Result<(), Failure> {
    let mut json = serde_json::to_string(fleet).map_err(Failure::other)?;
    json.push('\n');
    match file {
        Some(file) => file.write(json.as_bytes()),
        None => output::bytes(json.as_bytes()),
    }
}
