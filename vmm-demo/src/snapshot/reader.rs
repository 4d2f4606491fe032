//! Reads sections from a file or stream. Memory use does not exceed the limit of one section.

use super::error::{Fault, FaultPlace, ReadError};
use super::layout::{
    DIRECT, END, END_PAYLOAD, FILE_HEADER, FORMAT, Fields, FileHeader, MAGIC, REPEATED, REQUIRED,
    SECTION_HEADER, SectionHeader, SectionKind, checked_fields,
};
use crc32fast::Hasher;
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// The maximum number of unknown optional sections: each one's name is kept.
const MOST_UNKNOWN: usize = 64;

/// The limit of an unknown section, which is read but not kept.
const UNKNOWN_LIMIT: u64 = 1 << 30;

/// The bytes that are read at once where none are kept.
const BUFFER: usize = 16 << 10;

/// A section with its payload, whose checksum is right.
#[derive(Debug)]
pub struct Section {
    /// The kind.
    pub kind: &'static SectionKind,
    /// The version, at most the kind's.
    pub version: u32,
    /// The offset of its header from the beginning of the file or stream.
    pub offset: u64,
    /// The length of the payload in bytes.
    pub length: u64,
    /// The payload; empty for a section with the flag [`DIRECT`].
    pub payload: Vec<u8>,
}

impl Section {
    /// The error of this section for a fault.
    #[must_use]
    pub fn fault(&self, fault: Fault) -> ReadError {
        ReadError {
            place: FaultPlace::Section(self.kind.name.to_owned()),
            offset: self.offset,
            fault,
        }
    }

    /// Parses the payload as JSON.
    ///
    /// # Errors
    ///
    /// [`Fault::Content`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        serde_json::from_slice(&self.payload)
            .map_err(|error| self.fault(Fault::Content(error.to_string())))
    }
}

/// A reader of sections.
#[derive(Debug)]
pub struct SectionReader<R> {
    source: R,
    offset: u64,
    /// The kinds in the order of their sections.
    kinds: &'static [SectionKind],
    /// The place in `kinds` of the section before.
    place: Option<usize>,
    /// The name of the section before.
    last: Option<String>,
    unknown: Vec<String>,
    count: u64,
    headers: Hasher,
    /// The bytes of a direct section's payload that are not read yet.
    direct: u64,
    is_at_end: bool,
}

impl<R: Read> SectionReader<R> {
    /// Reads the header of the file. Sections have the order of `kinds`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the data does not begin with the header of a version that is read.
    pub fn new(source: R, kinds: &'static [SectionKind]) -> Result<Self, ReadError> {
        let mut reader = Self {
            source,
            offset: 0,
            kinds,
            place: None,
            last: None,
            unknown: Vec::new(),
            count: 0,
            headers: Hasher::new(),
            direct: 0,
            is_at_end: false,
        };
        reader.file_header().map_err(|fault| ReadError {
            place: FaultPlace::FileHeader,
            offset: 0,
            fault,
        })?;
        Ok(reader)
    }

    /// The number of bytes that are read.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads and checks the next section that this program knows, or returns `None` after the last.
    ///
    /// What is left of a direct section's payload is read first.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn next_section(&mut self) -> Result<Option<Section>, ReadError> {
        self.drain_direct()?;
        while !self.is_at_end {
            let offset = self.offset;
            let header = self.section_header().map_err(|fault| ReadError {
                place: FaultPlace::HeaderAfter(self.last.clone()),
                offset,
                fault,
            })?;
            let read = self.after_header(&header, offset);
            let section = read.map_err(|fault| ReadError {
                place: FaultPlace::Section(header.name.clone()),
                offset,
                fault,
            })?;
            self.last = Some(header.name);
            if section.is_some() {
                return Ok(section);
            }
        }
        Ok(None)
    }

    /// Reads the next section, which must be of this kind.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; with [`Fault::Missing`] if there is another section, or none.
    pub fn expect_section(&mut self, kind: &'static SectionKind) -> Result<Section, ReadError> {
        let fault = Fault::Missing {
            expected: kind.name,
        };
        match self.next_section()? {
            Some(section) if section.kind == kind => Ok(section),
            Some(section) => Err(section.fault(fault)),
            None => Err(ReadError {
                place: FaultPlace::Section(END.to_owned()),
                offset: self.offset,
                fault,
            }),
        }
    }

    /// Fills a buffer from the payload of a direct section.
    ///
    /// # Errors
    ///
    /// [`Fault::Truncated`] if the section or the data ends before.
    pub fn read_direct(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        let length = buffer.len() as u64;
        self.direct = self.direct.checked_sub(length).ok_or(Fault::Truncated)?;
        self.fill(buffer)
    }

    /// Checks that the file ends after the last section, and returns it.
    ///
    /// # Errors
    ///
    /// [`Fault::Trailing`].
    pub fn end_of_file(mut self) -> Result<R, ReadError> {
        let fault = match self.fill(&mut [0]) {
            Err(Fault::Truncated) => return Ok(self.source),
            Err(fault) => fault,
            Ok(()) => Fault::Trailing,
        };
        Err(ReadError {
            place: FaultPlace::AfterEnd,
            offset: self.offset.saturating_sub(1),
            fault,
        })
    }

    fn file_header(&mut self) -> Result<(), Fault> {
        let mut bytes = [0; FILE_HEADER];
        self.fill(&mut bytes)?;
        if !bytes.starts_with(&MAGIC) {
            return Err(Fault::Magic);
        }
        checked_fields(&bytes).ok_or(Fault::HeaderChecksum)?;
        let header = FileHeader::parse(&bytes).ok_or(Fault::Truncated)?;
        match header.version {
            _ if header.is_readable() => Ok(()),
            version if version > FORMAT => Err(Fault::NewerFormat { version }),
            version => Err(Fault::OlderFormat { version }),
        }
    }

    fn section_header(&mut self) -> Result<SectionHeader, Fault> {
        let mut bytes = [0; SECTION_HEADER];
        self.fill(&mut bytes)?;
        let fields = checked_fields(&bytes).ok_or(Fault::HeaderChecksum)?;
        let header = SectionHeader::parse(&bytes).ok_or(Fault::Name)?;
        if header.name != END {
            self.headers.update(fields);
            self.count += 1;
        }
        Ok(header)
    }

    /// Reads the payload after a header; the section, if it is one that this program knows.
    fn after_header(
        &mut self,
        header: &SectionHeader,
        offset: u64,
    ) -> Result<Option<Section>, Fault> {
        if header.name == END {
            return self.end(header).map(|()| None);
        }
        let kinds = self.kinds;
        let mut places = kinds.iter().enumerate();
        let known = places.find(|(_, kind)| kind.name == header.name);
        let Some((place, kind)) = known else {
            return self.skip_unknown(header).map(|()| None);
        };
        check_header(header, kind)?;
        match self.place {
            Some(before) if place == before && kind.flags & REPEATED == 0 => {
                return Err(Fault::Twice);
            }
            Some(before) if place < before => return Err(Fault::OutOfOrder),
            _ => self.place = Some(place),
        }
        let payload = if kind.flags & DIRECT == 0 {
            self.payload(header)?
        } else {
            self.direct = header.length;
            Vec::new()
        };
        Ok(Some(Section {
            kind,
            version: header.version,
            offset,
            length: header.length,
            payload,
        }))
    }

    fn payload(&mut self, header: &SectionHeader) -> Result<Vec<u8>, Fault> {
        let mut payload = Vec::new();
        let mut source = self.source.by_ref().take(header.length);
        let length = source.read_to_end(&mut payload).map_err(Fault::Io)? as u64;
        self.offset += length;
        if length < header.length {
            return Err(Fault::Truncated);
        }
        if crc32fast::hash(&payload) != header.checksum {
            return Err(Fault::Checksum);
        }
        Ok(payload)
    }

    fn skip_unknown(&mut self, header: &SectionHeader) -> Result<(), Fault> {
        if header.has(REQUIRED) {
            return Err(Fault::UnknownSection);
        }
        if header.flags & !REPEATED != 0 {
            return Err(Fault::Flags {
                flags: header.flags,
                expected: header.flags & REPEATED,
            });
        }
        check_length(header.length, UNKNOWN_LIMIT)?;
        let is_repeated = header.has(REPEATED) && self.last.as_ref() == Some(&header.name);
        if self.unknown.contains(&header.name) && !is_repeated {
            return Err(Fault::Twice);
        }
        if !is_repeated {
            if self.unknown.len() == MOST_UNKNOWN {
                let message = format!("there are more than {MOST_UNKNOWN} unknown sections");
                return Err(Fault::Content(message));
            }
            self.unknown.push(header.name.clone());
        }
        if self.discard(header.length)? != header.checksum {
            return Err(Fault::Checksum);
        }
        Ok(())
    }

    fn end(&mut self, header: &SectionHeader) -> Result<(), Fault> {
        let kind = SectionKind::required(END, END_PAYLOAD as u64);
        check_header(header, &kind)?;
        let payload = self.payload(header)?;
        let mut fields = Fields(&payload);
        let expected = (fields.u64(), fields.u32());
        let found = (self.count, self.headers.clone().finalize());
        if expected != (Some(found.0), Some(found.1)) || !fields.0.is_empty() {
            return Err(Fault::OtherSections);
        }
        self.is_at_end = true;
        Ok(())
    }

    /// Reads what is left of a direct section's payload.
    fn drain_direct(&mut self) -> Result<(), ReadError> {
        let length = std::mem::take(&mut self.direct);
        let drained = self.discard(length);
        drained.map(drop).map_err(|fault| ReadError {
            place: FaultPlace::Section(self.last.clone().unwrap_or_default()),
            offset: self.offset,
            fault,
        })
    }

    /// Reads bytes that are not kept, and returns their checksum.
    fn discard(&mut self, length: u64) -> Result<u32, Fault> {
        let mut checksum = Hasher::new();
        if length == 0 {
            return Ok(checksum.finalize());
        }
        let mut buffer = [0; BUFFER];
        let mut left = length;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            let Some(part) = buffer.get_mut(..most) else {
                break;
            };
            self.fill(part)?;
            checksum.update(part);
            left -= most as u64;
        }
        Ok(checksum.finalize())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        match self.source.read_exact(buffer) {
            Ok(()) => {
                self.offset += buffer.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Fault::Truncated),
            Err(error) => Err(Fault::Io(error)),
        }
    }
}

impl<R: Read + Seek> SectionReader<R> {
    /// Leaves out what is left of a direct section's payload.
    ///
    /// # Errors
    ///
    /// [`Fault::Io`].
    pub fn skip_direct(&mut self) -> Result<(), Fault> {
        let length = std::mem::take(&mut self.direct);
        let distance = i64::try_from(length).map_err(|error| Fault::Io(io::Error::other(error)))?;
        let moved = self.source.seek(SeekFrom::Current(distance));
        moved.map_err(Fault::Io)?;
        self.offset += length;
        Ok(())
    }
}

fn check_header(header: &SectionHeader, kind: &SectionKind) -> Result<(), Fault> {
    if !(1..=kind.version).contains(&header.version) {
        return Err(Fault::NewerSection {
            version: header.version,
            newest: kind.version,
        });
    }
    if header.flags != kind.flags {
        return Err(Fault::Flags {
            flags: header.flags,
            expected: kind.flags,
        });
    }
    check_length(header.length, kind.limit)
}

fn check_length(length: u64, limit: u64) -> Result<(), Fault> {
    if length > limit {
        return Err(Fault::TooLong { length, limit });
    }
    Ok(())
}
