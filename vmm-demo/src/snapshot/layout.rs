//! The headers of a snapshot and the kinds of its sections.

use crc32fast::hash;

/// The first bytes of every snapshot.
pub const MAGIC: [u8; 8] = *b"idregsnp";

/// The version of the format that this program writes.
pub const FORMAT: u32 = 1;

/// The oldest version of the format that this program reads.
pub const OLDEST_FORMAT: u32 = 1;

/// The oldest version of the format whose readers can read what this program writes.
const OLDEST_READER: u32 = 1;

/// The length of the file's header in bytes.
pub const FILE_HEADER: usize = 20;

/// The length of a section's header in bytes.
pub const SECTION_HEADER: usize = 40;

/// The maximum length of a section's name in bytes.
const NAME: usize = 16;

/// The name of the last section.
pub const END: &str = "end";

/// The length of the last section's payload in bytes.
pub const END_PAYLOAD: usize = 12;

/// Flag: a reader that does not know the section refuses the file.
pub const REQUIRED: u32 = 1 << 0;
/// Flag: several sections of this name may follow each other.
pub const REPEATED: u32 = 1 << 1;
/// Flag: the payload has its checksums in another section; its own is 0.
pub const DIRECT: u32 = 1 << 2;

/// A kind of section that a program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionKind {
    /// The name: at most 16 characters of `a-z0-9-`.
    pub name: &'static str,
    /// The version that is written, and the newest that is read.
    pub version: u32,
    /// The flags.
    pub flags: u32,
    /// The maximum length of the payload in bytes.
    pub limit: u64,
}

impl SectionKind {
    /// A required section of version 1.
    #[must_use]
    pub const fn required(name: &'static str, limit: u64) -> Self {
        Self {
            name,
            version: 1,
            flags: REQUIRED,
            limit,
        }
    }

    /// A section of version 1 that readers may skip.
    #[must_use]
    pub const fn optional(name: &'static str, limit: u64) -> Self {
        Self {
            flags: 0,
            ..Self::required(name, limit)
        }
    }

    /// The kind with another flag.
    #[must_use]
    pub const fn with(self, flag: u32) -> Self {
        Self {
            flags: self.flags | flag,
            ..self
        }
    }
}

/// The header of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) version: u32,
    pub(super) oldest_reader: u32,
}

impl FileHeader {
    pub(super) const WRITTEN: Self = Self {
        version: FORMAT,
        oldest_reader: OLDEST_READER,
    };

    pub(super) fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FILE_HEADER);
        bytes.extend(MAGIC);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.oldest_reader.to_le_bytes());
        with_checksum(bytes)
    }

    /// Parses what follows the magic number; the checksum is not looked at.
    pub(super) fn parse(bytes: &[u8; FILE_HEADER]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let _magic: [u8; 8] = fields.take()?;
        Some(Self {
            version: fields.u32()?,
            oldest_reader: fields.u32()?,
        })
    }

    /// True if this program can read the file.
    pub(super) const fn is_readable(self) -> bool {
        self.version >= OLDEST_FORMAT && self.oldest_reader <= FORMAT
    }
}

/// The header of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SectionHeader {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) flags: u32,
    pub(super) length: u64,
    pub(super) checksum: u32,
}

impl SectionHeader {
    pub(super) fn of(kind: &SectionKind, length: u64, checksum: u32) -> Self {
        Self {
            name: kind.name.to_owned(),
            version: kind.version,
            flags: kind.flags,
            length,
            checksum,
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SECTION_HEADER);
        bytes.extend(self.name.bytes().take(NAME));
        bytes.resize(NAME, 0);
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        bytes.extend(self.checksum.to_le_bytes());
        with_checksum(bytes)
    }

    /// Parses a header, or returns `None` if its name has other characters than `a-z0-9-`; the
    /// checksum of the header is not looked at.
    pub(super) fn parse(bytes: &[u8; SECTION_HEADER]) -> Option<Self> {
        let mut fields = Fields(bytes);
        Some(Self {
            name: name(fields.take()?)?,
            version: fields.u32()?,
            flags: fields.u32()?,
            length: fields.u64()?,
            checksum: fields.u32()?,
        })
    }

    pub(super) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

fn name(bytes: [u8; NAME]) -> Option<String> {
    let text = std::str::from_utf8(&bytes).ok()?.trim_end_matches('\0');
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!text.is_empty() && text.bytes().all(is_plain)).then(|| text.to_owned())
}

fn with_checksum(mut header: Vec<u8>) -> Vec<u8> {
    let checksum = hash(&header);
    header.extend(checksum.to_le_bytes());
    header
}

/// The fields of a header, if the last 4 bytes are their checksum.
pub(super) fn checked_fields(header: &[u8]) -> Option<&[u8]> {
    let (fields, checksum) = header.split_last_chunk()?;
    (hash(fields) == u32::from_le_bytes(*checksum)).then_some(fields)
}

/// The little-endian fields of a binary record, from its beginning.
#[derive(Debug)]
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl Fields<'_> {
    pub(super) fn take<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}
