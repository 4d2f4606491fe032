//! Reads host files: of limited length, with errors that name the member.

use crate::output::escaped;
use idreg_runtime::host::Host;
use serde::Deserialize;
use serde_path_to_error::Track;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The maximum length of a host file: several times that of a host with the most CPUs of an arm64
/// kernel, 4096.
const MAX_LENGTH: u64 = 4 << 20;

/// The error of a file that is not a usable host file.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostFileError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("longer than {} MiB: not a host file", MAX_LENGTH >> 20)]
    TooLong,
    #[error("the file begins with a byte order mark; save it without one")]
    ByteOrderMark,
    #[error("the file is UTF-16, expected UTF-8; save it as UTF-8")]
    Utf16,
    #[error("{0}")]
    Content(String),
}

/// Reads a host file.
pub(super) fn read(path: &Path) -> Result<Host, HostFileError> {
    let mut bytes = Vec::new();
    // A device or a FIFO can be endless.
    let mut file = File::open(path)?.take(MAX_LENGTH + 1);
    if file.read_to_end(&mut bytes)? as u64 > MAX_LENGTH {
        return Err(HostFileError::TooLong);
    }
    check_encoding(&bytes)?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let mut track = Track::new();
    let members = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let host = Host::deserialize(members).and_then(|host| json.end().map(|()| host));
    host.map_err(|error| HostFileError::Content(at_member(&track.path(), &error)))
}

fn check_encoding(bytes: &[u8]) -> Result<(), HostFileError> {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => Err(HostFileError::ByteOrderMark),
        // With a byte order mark, or without one before a character of ASCII.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..] => {
            Err(HostFileError::Utf16)
        }
        _ => Ok(()),
    }
}

/// The message with the path of the member that is wrong, unless the file as a whole is.
fn at_member(path: &serde_path_to_error::Path, error: &serde_json::Error) -> String {
    let message = escaped(&error.to_string());
    match path.iter().next() {
        Some(_) => format!("{}: {message}", escaped(&path.to_string())),
        None => message,
    }
}
