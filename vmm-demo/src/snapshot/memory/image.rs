//! RAM as an image that can be mapped.
//!
//! Three sections: `padding`, `memory-image` and `memory-sums`. The padding makes the image begin
//! at a multiple of 64 KiB in the file, the largest page of Arm. The image has all ranges, one
//! after the other; pages of zeros are holes in the file. Then come the checksums of the chunks, 4
//! bytes each; a chunk has at most 1 MiB, counted from the beginning of its range.

use super::{GuestRam, MemoryEncoding, MemoryMap, OnProgress, PAGE};
use crate::snapshot::error::{Fault, ReadError};
use crate::snapshot::layout::{DIRECT, SECTION_HEADER, SectionKind};
use crate::snapshot::reader::{Section, SectionReader};
use crate::snapshot::writer::SectionWriter;
use crate::vmm::pages::runs;
use std::io::{self, ErrorKind, Read, Seek, Write};

/// The alignment of the image in the file.
const ALIGNMENT: u64 = 64 << 10;

pub(in crate::snapshot) const PADDING: SectionKind = SectionKind::required("padding", ALIGNMENT);
pub(in crate::snapshot) const IMAGE: SectionKind =
    SectionKind::required("memory-image", 1 << 52).with(DIRECT);
/// Enough for the checksums of 16 TiB.
pub(in crate::snapshot) const SUMS: SectionKind = SectionKind::required("memory-sums", 64 << 20);

/// The place of an image in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImagePlace {
    /// The offset of the first byte: a multiple of 64 KiB.
    pub offset: u64,
    /// The size in bytes: that of all ranges, which follow each other.
    pub size: u64,
}

/// Writes the image of the RAM. The sink must be able to seek beyond its end.
///
/// # Errors
///
/// Those of the sink; [`ErrorKind::Interrupted`] if the listener stopped the work.
pub fn write_image<W: Write + Seek>(
    writer: &mut SectionWriter<W>,
    map: &MemoryMap,
    ram: &(impl GuestRam + ?Sized),
    progress: OnProgress<'_>,
) -> io::Result<()> {
    debug_assert_eq!(map.encoding(), MemoryEncoding::Raw);
    let headers = 2 * SECTION_HEADER as u64;
    let after = writer.offset() + headers;
    let padding = after.next_multiple_of(ALIGNMENT) - after;
    writer.section(&PADDING, &vec![0; usize::try_from(padding).unwrap_or(0)])?;
    writer.begin_direct(&IMAGE, map.size())?;
    let mut sums = Vec::new();
    let mut buffer = vec![0; map.longest_chunk()];
    let mut done = 0;
    for (address, length) in map.chunks() {
        let Some(chunk) = buffer.get_mut(..length) else {
            break;
        };
        ram.read(address, chunk)?;
        sums.extend(crc32fast::hash(chunk).to_le_bytes());
        for run in runs(chunk, PAGE) {
            if run.is_zero {
                writer.skip(run.bytes.len() as u64)?;
            } else {
                writer.write(run.bytes)?;
            }
        }
        done += length as u64;
        if progress(done, map.size()).is_break() {
            return Err(ErrorKind::Interrupted.into());
        }
    }
    writer.section(&SUMS, &sums)
}

/// Reads the image into RAM that is all zeros, checks it, and reads the end of the file.
///
/// # Errors
///
/// [`ReadError`]; with [`Fault::Stopped`] if the listener stopped the work.
pub fn read_image<R: Read>(
    reader: &mut SectionReader<R>,
    map: &MemoryMap,
    ram: &(impl GuestRam + ?Sized),
    progress: OnProgress<'_>,
) -> Result<(), ReadError> {
    let image = begin(reader, map)?;
    let fault = |fault| image.fault(fault);
    let mut found = Vec::new();
    let mut buffer = vec![0; map.longest_chunk()];
    let mut done = 0;
    for (address, length) in map.chunks() {
        let Some(chunk) = buffer.get_mut(..length) else {
            break;
        };
        reader.read_direct(chunk).map_err(fault)?;
        found.push((address, crc32fast::hash(chunk)));
        for run in runs(chunk, PAGE).filter(|run| !run.is_zero) {
            let written = ram.write(address + run.offset, run.bytes);
            written.map_err(|error| fault(error.into()))?;
        }
        done += length as u64;
        if progress(done, map.size()).is_break() {
            return Err(fault(Fault::Stopped));
        }
    }
    let sums = sums(reader, map)?;
    let (expected, _) = sums.payload.as_chunks();
    for ((address, found), expected) in found.into_iter().zip(expected) {
        if found != u32::from_le_bytes(*expected) {
            let message = format!("the checksum of the chunk at {address:#x} is wrong");
            return Err(fault(Fault::Content(message)));
        }
    }
    end(reader)
}

/// Finds the image, and checks all that is in the file but its pages.
///
/// The image can be mapped copy-on-write while nobody changes or shortens the file: a page that is
/// not there any more ends the program with a signal.
///
/// # Errors
///
/// [`ReadError`].
pub fn locate<R: Read + Seek>(
    reader: &mut SectionReader<R>,
    map: &MemoryMap,
) -> Result<ImagePlace, ReadError> {
    let image = begin(reader, map)?;
    let place = ImagePlace {
        offset: reader.offset(),
        size: map.size(),
    };
    reader.skip_direct().map_err(|fault| image.fault(fault))?;
    sums(reader, map)?;
    end(reader).map(|()| place)
}

/// Reads what is before the image's first byte.
fn begin<R: Read>(reader: &mut SectionReader<R>, map: &MemoryMap) -> Result<Section, ReadError> {
    reader.expect_section(&PADDING)?;
    let image = reader.expect_section(&IMAGE)?;
    let content = |message: String| Err(image.fault(Fault::Content(message)));
    if !reader.offset().is_multiple_of(ALIGNMENT) {
        return content(format!("the image is not at a multiple of {ALIGNMENT}"));
    }
    let (length, expected) = (image.length, map.size());
    if length != expected {
        return content(format!("the image has {length} bytes, expected {expected}"));
    }
    Ok(image)
}

fn sums<R: Read>(reader: &mut SectionReader<R>, map: &MemoryMap) -> Result<Section, ReadError> {
    let sums = reader.expect_section(&SUMS)?;
    let expected = 4 * map.chunk_count();
    if sums.length != expected {
        let message = format!("{} bytes, expected {expected}", sums.length);
        return Err(sums.fault(Fault::Content(message)));
    }
    Ok(sums)
}

fn end<R: Read>(reader: &mut SectionReader<R>) -> Result<(), ReadError> {
    match reader.next_section()? {
        Some(section) => Err(section.fault(Fault::OutOfOrder)),
        None => Ok(()),
    }
}
