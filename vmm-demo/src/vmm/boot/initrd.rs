//! Checks that an initial RAM disk is complete. The kernel unpacks a truncated one as far as it
//! goes, and the errors that follow do not point to the file.

use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use thiserror::Error;

/// The magic number of cpio's `newc` form, with and without checksums (Linux 7.2,
/// `Documentation/driver-api/early-userspace/buffer-format.rst`).
const CPIO: [&[u8]; 2] = [b"070701", b"070702"];
/// A header: the magic number and 13 fields of 8 hexadecimal digits.
const CPIO_HEADER: usize = 6 + 13 * 8;
/// The numbers of the fields with the size of the file and of its name.
const CPIO_FILE_SIZE: usize = 6;
const CPIO_NAME_SIZE: usize = 11;
/// The name of the last entry.
const CPIO_TRAILER: &[u8] = b"TRAILER!!!\0";

const GZIP: &[u8] = b"\x1f\x8b";
/// Formats that are recognised but not checked.
const OTHERS: [(&[u8], &str); 6] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"BZh", "bzip2"),
    (b"\x5d\0\0", "lzma"),
    (b"\x89LZO", "lzop"),
];

/// An initial RAM disk that the kernel cannot unpack.
#[derive(Debug, Error)]
pub enum InitrdError {
    /// It cannot be read.
    #[error("cannot read it")]
    Read(#[from] io::Error),
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It ends early.
    #[error("it is truncated: {part} ends early")]
    Truncated {
        /// The part that ends early.
        part: &'static str,
    },
    /// Its gzip data is damaged.
    #[error("its gzip data is damaged")]
    Gzip(#[source] io::Error),
    /// Its cpio archive is damaged.
    #[error("its cpio archive is damaged after {entries} entries")]
    Cpio {
        /// The entries before the damage.
        entries: u64,
    },
}

/// The result of a check without errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The archives are complete.
    Whole,
    /// The format is known but not checked.
    NotFollowed(&'static str),
    /// It is not an archive: perhaps an image of a file system.
    Unknown,
}

/// Reads archives, compressed or not, one after the other, to the end of the file.
///
/// # Errors
///
/// [`InitrdError`].
pub fn check(file: impl Read) -> Result<Checked, InitrdError> {
    let mut input = BufReader::with_capacity(64 << 10, file);
    if input.fill_buf()?.is_empty() {
        return Err(InitrdError::Empty);
    }
    loop {
        skip_zeros(&mut input)?;
        let start = input.fill_buf()?;
        if start.is_empty() {
            return Ok(Checked::Whole);
        }
        if start.starts_with(GZIP) {
            follow_gzip(&mut input)?;
        } else if CPIO.iter().any(|magic| start.starts_with(magic)) {
            follow_cpio(&mut input)?;
        } else if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)) {
            return Ok(Checked::NotFollowed(name));
        } else {
            return Ok(Checked::Unknown);
        }
    }
}

/// Skips zero bytes, which the kernel reads as padding between archives.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let all = zeros == bytes.len();
        input.consume(zeros);
        if !all || zeros == 0 {
            return Ok(());
        }
    }
}

fn follow_gzip(input: &mut impl BufRead) -> Result<(), InitrdError> {
    let mut unpacked = BufReader::new(GzDecoder::new(input));
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => InitrdError::Truncated { part: "gzip data" },
        _ => InitrdError::Gzip(error),
    };
    // The archive in it is complete if the compressed data is: gzip has a checksum.
    io::copy(&mut unpacked, &mut io::sink()).map_err(failed)?;
    Ok(())
}

fn follow_cpio(input: &mut impl BufRead) -> Result<(), InitrdError> {
    let truncated = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => InitrdError::Truncated {
            part: "a cpio archive",
        },
        _ => InitrdError::Read(error),
    };
    for entries in 0.. {
        let mut header = [0; CPIO_HEADER];
        input.read_exact(&mut header).map_err(truncated)?;
        let damaged = InitrdError::Cpio { entries };
        if !CPIO.iter().any(|magic| header.starts_with(magic)) {
            return Err(damaged);
        }
        let (Some(file_size), Some(name_size)) = (
            field(&header, CPIO_FILE_SIZE),
            field(&header, CPIO_NAME_SIZE),
        ) else {
            return Err(damaged);
        };
        let name_end = padded(CPIO_HEADER as u64 + name_size) - CPIO_HEADER as u64;
        let mut name = Vec::new();
        input.by_ref().take(name_size).read_to_end(&mut name)?;
        skip(input, name_end - name.len() as u64).map_err(truncated)?;
        if name == CPIO_TRAILER {
            return Ok(());
        }
        skip(input, padded(file_size)).map_err(truncated)?;
    }
    Ok(())
}

/// Rounds up to a multiple of four bytes, as names and files are padded.
const fn padded(length: u64) -> u64 {
    length.next_multiple_of(4)
}

fn field(header: &[u8; CPIO_HEADER], index: usize) -> Option<u64> {
    let digits = header.get(6 + 8 * index..)?.first_chunk::<8>()?;
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok().map(u64::from)
}

fn skip(input: &mut impl BufRead, length: u64) -> io::Result<()> {
    let skipped = io::copy(&mut input.take(length), &mut io::sink())?;
    if skipped == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn entry(name: &str, data: &[u8]) -> Vec<u8> {
        let mut entry = b"070701".to_vec();
        for index in 0..13 {
            let field = match index {
                CPIO_FILE_SIZE => data.len(),
                CPIO_NAME_SIZE => name.len() + 1,
                _ => 0,
            };
            entry.extend(format!("{field:08x}").bytes());
        }
        entry.extend(name.bytes().chain([0]));
        entry.resize(entry.len().next_multiple_of(4), 0);
        entry.extend(data);
        entry.resize(entry.len().next_multiple_of(4), 0);
        entry
    }

    fn archive() -> Vec<u8> {
        [entry("init", b"#!/bin/sh"), entry("TRAILER!!!", b"")].concat()
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn checked(data: &[u8]) -> Result<Checked, String> {
        check(data).map_err(|error| error.to_string())
    }

    #[test]
    fn whole_archives_in_any_number_are_whole() {
        let zeros = vec![0; 512];
        for parts in [
            vec![archive()],
            vec![gzip(&archive())],
            vec![archive(), zeros.clone(), gzip(&archive()), zeros],
            vec![gzip(&archive()), archive()],
        ] {
            assert_eq!(checked(&parts.concat()), Ok(Checked::Whole));
        }
    }

    #[test]
    fn truncation_is_found_wherever_it_is() {
        // Up to three bytes may be missing: the padding of the last entry, which no reader needs.
        let archive = archive();
        for length in 1..archive.len() - 3 {
            let result = checked(&archive[..length]);
            assert_ne!(result, Ok(Checked::Whole), "{length}");
        }
        let packed = gzip(&archive);
        for length in 2..packed.len() {
            assert_eq!(
                checked(&packed[..length]).unwrap_err(),
                "it is truncated: gzip data ends early",
                "{length}"
            );
        }
    }

    #[test]
    fn damage_is_no_truncation() {
        let mut packed = gzip(&vec![7; 100_000]);
        let last = packed.len() - 6;
        packed[last] ^= 1;
        assert_eq!(checked(&packed).unwrap_err(), "its gzip data is damaged");
        let damaged = [entry("init", b"x"), b"07070X".repeat(100)].concat();
        assert!(checked(&damaged).unwrap_err().contains("after 1 entries"));
    }

    #[test]
    fn other_formats_are_named() {
        assert_eq!(checked(b"\xfd7zXZ\0rest"), Ok(Checked::NotFollowed("xz")));
        assert_eq!(checked(b"ext2"), Ok(Checked::Unknown));
        assert_eq!(checked(b"").unwrap_err(), "it is empty");
    }
}
