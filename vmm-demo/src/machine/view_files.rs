//! Reads and writes the views of guests.

use super::document::{self, Document as _};
use crate::output::failure::Failure;
use crate::output::file::OutputFile;
use idreg_runtime::view::View;
use std::path::{Path, PathBuf};

/// Reads a view file.
///
/// # Errors
///
/// [`Failure::ViewFile`].
pub fn read(path: &Path) -> Result<View, Failure> {
    document::read(path).map_err(|source| Failure::ViewFile {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// The view files of a directory by name: its files `*.json`, except for those that begin with a
/// dot.
///
/// # Errors
///
/// [`Failure::ViewFile`] if the directory cannot be read or has no such file.
pub fn in_directory(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let files = document::json_files(directory, View::KIND);
    files.map_err(|source| Failure::ViewFile {
        path: directory.to_owned(),
        source: source.into(),
    })
}

/// Writes a view file.
///
/// # Errors
///
/// [`Failure::WriteFile`]; an older file is then unchanged.
pub fn write(file: OutputFile, view: &View) -> Result<(), Failure> {
    let mut json = serde_json::to_string_pretty(view).map_err(Failure::other)?;
    json.push('\n');
    file.write(json.as_bytes())
}
