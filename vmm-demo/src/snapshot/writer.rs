//! Writes sections to a file or stream.

use super::layout::{DIRECT, END, FileHeader, SectionHeader, SectionKind};
use crc32fast::Hasher;
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};

const END_KIND: SectionKind = SectionKind::required(END, super::layout::END_PAYLOAD as u64);

/// A writer of sections.
#[derive(Debug)]
pub struct SectionWriter<W> {
    sink: W,
    offset: u64,
    count: u64,
    headers: Hasher,
}

impl<W: Write> SectionWriter<W> {
    /// Writes the header of the file.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn new(mut sink: W) -> io::Result<Self> {
        let header = FileHeader::WRITTEN.bytes();
        sink.write_all(&header)?;
        Ok(Self {
            sink,
            offset: header.len() as u64,
            count: 0,
            headers: Hasher::new(),
        })
    }

    /// The number of bytes that are written.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Writes a section.
    ///
    /// # Errors
    ///
    /// Those of the sink; [`ErrorKind::InvalidInput`] if the payload exceeds the kind's limit.
    pub fn section(&mut self, kind: &SectionKind, payload: &[u8]) -> io::Result<()> {
        let length = payload.len() as u64;
        self.header(kind, length, crc32fast::hash(payload))?;
        self.write(payload)
    }

    /// Writes the header of a section with the flag [`DIRECT`], whose payload follows in parts.
    ///
    /// # Errors
    ///
    /// Those of [`section`](Self::section).
    pub fn begin_direct(&mut self, kind: &SectionKind, length: u64) -> io::Result<()> {
        debug_assert!(kind.flags & DIRECT != 0, "{}", kind.name);
        self.header(kind, length, 0)
    }

    /// Writes a part of a direct section's payload.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Writes the last section and flushes the sink.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        let mut payload = self.count.to_le_bytes().to_vec();
        payload.extend(self.headers.clone().finalize().to_le_bytes());
        self.section(&END_KIND, &payload)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn header(&mut self, kind: &SectionKind, length: u64, checksum: u32) -> io::Result<()> {
        if length > kind.limit {
            let (name, limit) = (kind.name, kind.limit);
            let message = format!("section `{name}` has {length} bytes, expected at most {limit}");
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        let header = SectionHeader::of(kind, length, checksum).bytes();
        // Without its checksum: with it, the CRC of every header would be the same.
        let fields = header.split_last_chunk::<4>();
        self.headers
            .update(fields.map_or(&[], |(fields, _)| fields));
        self.count += 1;
        self.write(&header)
    }
}

impl<W: Write + Seek> SectionWriter<W> {
    /// Leaves a hole of zeros in a direct section's payload. A section must follow it.
    ///
    /// # Errors
    ///
    /// Those of the sink.
    pub fn skip(&mut self, length: u64) -> io::Result<()> {
        let distance = i64::try_from(length).map_err(io::Error::other)?;
        self.sink.seek(SeekFrom::Current(distance))?;
        self.offset += length;
        Ok(())
    }
}
