//! Reads texts of other programs from files: of limited length, in UTF-8 or UTF-16.

use super::document::MAX_LENGTH;
use crate::output::failure::Failure;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The argument that stands for the standard input.
const STANDARD_INPUT: &str = "-";

/// Reads a text; `-` is the standard input. Windows writes UTF-16 with a byte order mark.
///
/// # Errors
///
/// [`Failure::ImportFile`].
pub fn read(path: &Path) -> Result<String, Failure> {
    text(path).map_err(|source| Failure::ImportFile {
        path: path.to_owned(),
        source: source.into(),
    })
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    // A device or a FIFO can be endless.
    if path == Path::new(STANDARD_INPUT) {
        io::stdin()
            .lock()
            .take(MAX_LENGTH + 1)
            .read_to_end(&mut bytes)?;
    } else {
        File::open(path)?
            .take(MAX_LENGTH + 1)
            .read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_LENGTH {
        let message = format!("longer than {} MiB", MAX_LENGTH >> 20);
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let text = match bytes.as_slice() {
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] => String::from_utf8(text.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    };
    text.ok_or_else(|| {
        let message = "the file is neither UTF-8 nor UTF-16 with a byte order mark";
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Option<String> {
    let (units, rest) = bytes.as_chunks();
    let units: Vec<u16> = units.iter().map(|bytes| unit(*bytes)).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}
