//! Errors of snapshots that are read: each with the section, its place and the fault.

use super::layout::{FORMAT, OLDEST_FORMAT};
use crate::size::MemorySize;
use std::fmt;
use std::io;
use thiserror::Error;

/// The error of a snapshot that cannot be read.
#[derive(Debug, Error)]
#[error("{place} at byte {offset}: {fault}")]
pub struct ReadError {
    /// The place that is wrong.
    pub place: FaultPlace,
    /// The offset of its first byte, from the beginning of the file or stream.
    pub offset: u64,
    /// The fault.
    pub fault: Fault,
}

impl ReadError {
    /// The advice for a file with this error.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self.fault {
            Fault::Io(_) => "check the disk, then try again",
            Fault::Magic => "give a file that `snapshot` wrote",
            Fault::NewerFormat { .. }
            | Fault::UnknownSection
            | Fault::NewerSection { .. }
            | Fault::Flags { .. } => "restore it with the version of this program that saved it",
            Fault::OlderFormat { .. } => "restore it with an older version of this program",
            Fault::Stopped => "restore it again",
            Fault::NoImage => "restore it without `--lazy`, or save the guest as an image",
            Fault::OtherRam => "restore into RAM of the saved size and addresses",
            _ => "the file is damaged: restore an older one, or save the guest again",
        }
    }
}

/// A part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultPlace {
    /// The header of the file.
    FileHeader,
    /// The header of the section after the named one, or of the first section.
    HeaderAfter(Option<String>),
    /// The section of this name.
    Section(String),
    /// The data after the last section.
    AfterEnd,
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileHeader => f.write_str("file header"),
            Self::HeaderAfter(None) => f.write_str("header of the first section"),
            Self::HeaderAfter(Some(name)) => write!(f, "header of the section after `{name}`"),
            Self::Section(name) => write!(f, "section `{name}`"),
            Self::AfterEnd => f.write_str("data after the section `end`"),
        }
    }
}

/// A fault of a part.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file or stream cannot be read.
    #[error(transparent)]
    Io(io::Error),
    /// The file does not begin with the magic number.
    #[error("this is not a snapshot")]
    Magic,
    /// The file ends within the part, or before it.
    #[error("the data ends too early")]
    Truncated,
    /// The checksum of a header is wrong.
    #[error("the checksum of the header is wrong")]
    HeaderChecksum,
    /// The format is newer than this program.
    #[error("the format has version {version}, expected at most {FORMAT}")]
    NewerFormat {
        /// The version of the file.
        version: u32,
    },
    /// The format is older than what this program reads.
    #[error("the format has version {version}, expected at least {OLDEST_FORMAT}")]
    OlderFormat {
        /// The version of the file.
        version: u32,
    },
    /// A section's name has other characters than `a-z0-9-`.
    #[error("the name has other characters than `a-z0-9-`")]
    Name,
    /// The section has other flags than sections of its kind.
    #[error("the flags are {flags:#x}, expected {expected:#x}")]
    Flags {
        /// The flags.
        flags: u32,
        /// The flags of the kind, or of all that exist.
        expected: u32,
    },
    /// This program does not know the section, which is required.
    #[error("this version of the program does not know the section, which is required")]
    UnknownSection,
    /// The section has a version that this program does not read.
    #[error("the section has version {version}, expected 1 to {newest}")]
    NewerSection {
        /// The section's version.
        version: u32,
        /// The newest version that this program reads.
        newest: u32,
    },
    /// The section has come before.
    #[error("the section is there twice")]
    Twice,
    /// The section comes after one that it must precede.
    #[error("the section is out of order")]
    OutOfOrder,
    /// Another section must come here.
    #[error("expected the section `{expected}` here")]
    Missing {
        /// The section's name.
        expected: &'static str,
    },
    /// The payload is longer than any of its kind.
    #[error(
        "the section has {}, expected at most {}",
        MemorySize(*length), MemorySize(*limit)
    )]
    TooLong {
        /// The length in bytes.
        length: u64,
        /// The maximum in bytes.
        limit: u64,
    },
    /// The checksum of a payload is wrong.
    #[error("the checksum of the section is wrong")]
    Checksum,
    /// Sections are missing, or from another snapshot.
    #[error("the sections are not those that were written")]
    OtherSections,
    /// There is data after the last section.
    #[error("there are bytes after the end")]
    Trailing,
    /// A payload is not what its kind has.
    #[error("{0}")]
    Content(String),
    /// The RAM to be restored has other addresses.
    #[error("the guest's RAM has other addresses than the saved one")]
    OtherRam,
    /// The RAM is compressed, and cannot be mapped.
    #[error("the memory is compressed, expected an image that can be mapped")]
    NoImage,
    /// The caller stopped the reading.
    #[error("stopped")]
    Stopped,
}
