//! RAM as compressed chunks without pages of zeros.
//!
//! The payload of a chunk:
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | guest physical address: a range's first, plus a multiple of 1 MiB |
//! | 8 | 32 | bit N (of byte N/8, bit N%8) is 1 if page N is in the data |
//! | 40 | 4 | 0 if the data are the pages, 1 if they are compressed with zstd |
//! | 44 | | the data: pages of 4 KiB in ascending order |
//!
//! Chunks have ascending addresses; those that are left out are zeros.

use super::{CHUNK, GuestRam, MemoryEncoding, MemoryMap, OnProgress, OutsideRam, PAGE, parallel};
use crate::snapshot::error::{Fault, ReadError};
use crate::snapshot::layout::{Fields, REPEATED, SectionKind};
use crate::snapshot::reader::{Section, SectionReader};
use crate::snapshot::writer::SectionWriter;
use crate::vmm::pages::{is_zero, runs};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{self, ErrorKind, Read, Write};

const PAGES: usize = CHUNK / PAGE;
const BITMAP: usize = PAGES / 8;
const HEADER: usize = 8 + BITMAP + 4;

const STORED: u32 = 0;
const COMPRESSED: u32 = 1;

/// The kind of a chunk's section.
pub(in crate::snapshot) const CHUNK_KIND: SectionKind =
    SectionKind::required("memory-chunk", (HEADER + CHUNK) as u64).with(REPEATED);

/// The number of chunks for each thread before the results are written.
const CHUNKS_PER_THREAD: usize = 4;

/// Packs a chunk of RAM into a payload, or returns `None` if it is all zeros.
///
/// # Errors
///
/// [`OutsideRam`].
pub fn pack(
    ram: &(impl GuestRam + ?Sized),
    address: u64,
    length: usize,
) -> Result<Option<Vec<u8>>, OutsideRam> {
    let mut chunk = vec![0; length.min(CHUNK)];
    ram.read(address, &mut chunk)?;
    let mut bitmap = [0_u8; BITMAP];
    for (eight, bits) in chunk.chunks(8 * PAGE).zip(&mut bitmap) {
        for (bit, page) in eight.chunks(PAGE).enumerate() {
            *bits |= u8::from(!is_zero(page)) << bit;
        }
    }
    if is_zero(&bitmap) {
        return Ok(None);
    }
    let mut pages = Vec::with_capacity(chunk.len());
    for run in runs(&chunk, PAGE).filter(|run| !run.is_zero) {
        pages.extend(run.bytes);
    }
    let compressed = compress_to_vec(pages.as_slice(), CompressionLevel::Fastest);
    let (compression, data) = if compressed.len() < pages.len() {
        (COMPRESSED, compressed)
    } else {
        (STORED, pages)
    };
    let mut payload = Vec::with_capacity(HEADER + data.len());
    payload.extend(address.to_le_bytes());
    payload.extend(bitmap);
    payload.extend(compression.to_le_bytes());
    payload.extend(data);
    Ok(Some(payload))
}

/// Unpacks a chunk's payload into RAM that is all zeros there. Memory use is at most twice the size
/// of a chunk.
///
/// # Errors
///
/// [`Fault`] if the payload is not that of a chunk of this map.
pub fn unpack(
    ram: &(impl GuestRam + ?Sized),
    map: &MemoryMap,
    payload: &[u8],
) -> Result<(), Fault> {
    let chunk = Packed::parse(map, payload)?;
    let pages = chunk.pages()?;
    let mut pages = pages.chunks_exact(PAGE);
    for number in chunk.numbers() {
        let page = pages.next().ok_or_else(|| chunk.damaged())?;
        ram.write(chunk.address + (number * PAGE) as u64, page)?;
    }
    Ok(())
}

/// Writes all chunks that are not zeros.
///
/// # Errors
///
/// Those of the sink; [`ErrorKind::Interrupted`] if the listener stopped the work.
pub fn write_chunks<W: Write>(
    writer: &mut SectionWriter<W>,
    map: &MemoryMap,
    ram: &(impl GuestRam + ?Sized),
    progress: OnProgress<'_>,
) -> io::Result<()> {
    debug_assert_eq!(map.encoding(), MemoryEncoding::Zstd);
    let mut chunks = map.chunks();
    let mut done = 0;
    loop {
        let batch: Vec<_> = { chunks.by_ref() }.take(batch_size()).collect();
        let Some((last, length)) = batch.last().copied() else {
            return Ok(());
        };
        done += batch.iter().map(|(_, length)| *length as u64).sum::<u64>();
        debug_assert!(map.chunk_at(last) == Some(length));
        for payload in parallel::map(batch, |(address, length)| pack(ram, address, length)) {
            if let Some(payload) = payload? {
                writer.section(&CHUNK_KIND, &payload)?;
            }
        }
        if progress(done, map.size()).is_break() {
            return Err(ErrorKind::Interrupted.into());
        }
    }
}

/// Reads all chunks into RAM that is all zeros, and the end of the file or stream.
///
/// # Errors
///
/// [`ReadError`]; with [`Fault::Stopped`] if the listener stopped the work.
pub fn read_chunks<R: Read>(
    reader: &mut SectionReader<R>,
    map: &MemoryMap,
    ram: &(impl GuestRam + ?Sized),
    progress: OnProgress<'_>,
) -> Result<(), ReadError> {
    let mut free = 0;
    loop {
        let mut batch = Vec::new();
        while batch.len() < batch_size() {
            let Some(section) = reader.next_section()? else {
                break;
            };
            let chunk = check_order(map, &section, free).map_err(|fault| section.fault(fault))?;
            free = chunk + 1;
            batch.push(section);
        }
        let Some(last) = batch.last() else {
            return Ok(());
        };
        let stopped = last.fault(Fault::Stopped);
        let unpack = |section: Section| {
            unpack(ram, map, &section.payload).map_err(|fault| section.fault(fault))
        };
        for unpacked in parallel::map(batch, unpack) {
            unpacked?;
        }
        if progress(size_below(map, free), map.size()).is_break() {
            return Err(stopped);
        }
    }
}

fn batch_size() -> usize {
    parallel::threads() * CHUNKS_PER_THREAD
}

/// The address of a chunk, which must not be below `free`.
fn check_order(map: &MemoryMap, section: &Section, free: u64) -> Result<u64, Fault> {
    if section.kind != &CHUNK_KIND {
        return Err(Fault::Missing {
            expected: CHUNK_KIND.name,
        });
    }
    let chunk = Packed::parse(map, &section.payload)?;
    if chunk.address < free {
        let message = format!(
            "the chunk at {:#x} is not after the one before",
            chunk.address
        );
        return Err(Fault::Content(message));
    }
    Ok(chunk.address)
}

/// The number of bytes of RAM in the chunks that begin below an address.
fn size_below(map: &MemoryMap, address: u64) -> u64 {
    let below = map.ranges().iter().map(|range| {
        let size = address.saturating_sub(range.start);
        size.next_multiple_of(CHUNK as u64).min(range.size)
    });
    below.sum()
}

/// A chunk's payload.
struct Packed<'p> {
    address: u64,
    bitmap: [u8; BITMAP],
    compression: u32,
    data: &'p [u8],
}

impl<'p> Packed<'p> {
    fn parse(map: &MemoryMap, payload: &'p [u8]) -> Result<Self, Fault> {
        let mut fields = Fields(payload);
        let mut parse = || Some((fields.u64()?, fields.take()?, fields.u32()?));
        let Some((address, bitmap, compression)) = parse() else {
            return Err(Fault::Content("the chunk has no header".to_owned()));
        };
        let Some(length) = map.chunk_at(address) else {
            let message = format!("no chunk of the guest's memory begins at {address:#x}");
            return Err(Fault::Content(message));
        };
        let chunk = Self {
            address,
            bitmap,
            compression,
            data: fields.0,
        };
        let last = chunk.numbers().last();
        if last.is_none_or(|number| number >= length / PAGE) {
            return Err(chunk.damaged());
        }
        Ok(chunk)
    }

    /// The numbers of the pages that are in the data.
    fn numbers(&self) -> impl Iterator<Item = usize> {
        let has = |number: &usize| {
            let bits = self.bitmap.get(number / 8);
            bits.is_some_and(|bits| bits >> (number % 8) & 1 == 1)
        };
        (0..PAGES).filter(has)
    }

    fn pages(&self) -> Result<Vec<u8>, Fault> {
        let length = self.numbers().count() * PAGE;
        let pages = match self.compression {
            STORED => self.data.to_vec(),
            COMPRESSED => decompress(self.data, length).ok_or_else(|| self.damaged())?,
            _ => return Err(self.damaged()),
        };
        if pages.len() != length {
            return Err(self.damaged());
        }
        Ok(pages)
    }

    fn damaged(&self) -> Fault {
        Fault::Content(format!(
            "the chunk at {:#x} cannot be unpacked",
            self.address
        ))
    }
}

/// Decompresses data to at most one byte more than the length.
fn decompress(data: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut decoder = StreamingDecoder::new_with_max_window_size(data, CHUNK as u64).ok()?;
    let mut bytes = Vec::with_capacity(length);
    let mut limited = decoder.by_ref().take(length as u64 + 1);
    limited.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
