//! Reads documents from files: of limited length, with errors that name the member and the place.

use crate::output::escaped;
use idreg_runtime::host::Host;
use idreg_runtime::view::View;
use serde::Deserialize;
use serde_path_to_error::{Segment, Track};
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The maximum length of a document in bytes: several times that of a host with the most CPUs of an
/// arm64 kernel, 4096, or of a view with the most vCPUs, 512.
pub(super) const MAX_LENGTH: u64 = 4 << 20;

/// The argument that stands for the standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// The error of a file that is not a usable document of its kind.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("longer than {} MiB: not a {kind} file", MAX_LENGTH >> 20)]
    TooLong { kind: &'static str },
    #[error(
        "the line is longer than {} MiB: not a host; the lines after it are not read",
        MAX_LENGTH >> 20
    )]
    LineTooLong,
    #[error("the file begins with a byte order mark; save it without one")]
    ByteOrderMark,
    #[error("the file is UTF-16, expected UTF-8; save it as UTF-8")]
    Utf16,
    #[error("{0}")]
    Content(String),
}

/// A kind of document.
pub(super) trait Document: Sized {
    /// The name of the kind in messages.
    const KIND: &'static str;

    /// Parses a document, or gives the message about its content, for a document that begins in the
    /// line of this number.
    fn parse(bytes: &[u8], line: u64) -> Result<Self, String>;
}

impl Document for Host {
    const KIND: &'static str = "host";

    fn parse(bytes: &[u8], line: u64) -> Result<Self, String> {
        // UTF-8 is checked once for the whole text, and the path of a wrong member is only followed
        // once there is one: both take time.
        let text = std::str::from_utf8(bytes).ok();
        let host = text.and_then(|text| serde_json::from_str(text).ok());
        host.map_or_else(|| host_with_path(bytes, line), Ok)
    }
}

/// Parses a host, with the path of a member that is wrong.
fn host_with_path(bytes: &[u8], line: u64) -> Result<Host, String> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = Track::new();
    let members = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let host = Host::deserialize(members).and_then(|host| json.end().map(|()| host));
    host.map_err(|error| at_member(&track.path(), &error, line))
}

impl Document for View {
    const KIND: &'static str = "view";

    fn parse(bytes: &[u8], line: u64) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| in_line(&error, line))
    }
}

/// Opens a file, or the standard input for `-`.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new(STANDARD_INPUT) {
        Ok(Box::new(io::stdin()))
    } else {
        Ok(Box::new(File::open(path)?))
    }
}

/// Reads the document that a file is.
pub(super) fn read<D: Document>(path: &Path) -> Result<D, DocumentError> {
    let mut bytes = Vec::new();
    // A device or a FIFO can be endless.
    let mut file = open(path)?.take(MAX_LENGTH + 1);
    file.read_to_end(&mut bytes)?;
    parse(&bytes, 1)
}

/// Parses a document that begins in the line of this number, after checks of length and encoding.
pub(super) fn parse<D: Document>(bytes: &[u8], line: u64) -> Result<D, DocumentError> {
    if bytes.len() as u64 > MAX_LENGTH {
        return Err(DocumentError::TooLong { kind: D::KIND });
    }
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => return Err(DocumentError::ByteOrderMark),
        // With a byte order mark, or without one before a character of ASCII.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..] => {
            return Err(DocumentError::Utf16);
        }
        _ => {}
    }
    D::parse(bytes, line).map_err(DocumentError::Content)
}

/// The files `*.json` of a directory by name, except for those that begin with a dot, such as files
/// that are still being written.
pub(super) fn json_files(directory: &Path, kind: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        let name = path.file_name().unwrap_or_default();
        let is_hidden = name.as_encoded_bytes().starts_with(b".");
        if path.extension().is_some_and(|end| end == "json") && !is_hidden && !is_folder(&entry) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let message = format!("the directory has no file `*.json`; give one that has {kind} files");
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(files)
}

/// True for a directory, or a symbolic link to one. Of other entries the system need not be asked.
fn is_folder(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
        kind => kind.is_ok_and(|kind| kind.is_dir()),
    }
}

/// The message with the path of the member that is wrong, unless the file as a whole is.
fn at_member(path: &serde_path_to_error::Path, error: &serde_json::Error, line: u64) -> String {
    let message = in_line(error, line);
    let is_named = |segment: &Segment| !matches!(segment, Segment::Unknown);
    if path.iter().any(is_named) {
        format!("{}: {message}", escaped(&path.to_string()))
    } else {
        message
    }
}

/// The message with the place in the file of a document that begins in the line of this number.
fn in_line(error: &serde_json::Error, first: u64) -> String {
    let message = error.to_string();
    let (line, column) = (error.line() as u64, error.column());
    let place = format!(" at line {line} column {column}");
    match message.strip_suffix(&place) {
        Some(message) if first > 1 => {
            let line = first.saturating_add(line).saturating_sub(1);
            format!("{} at line {line} column {column}", escaped(message))
        }
        _ => escaped(&message),
    }
}
