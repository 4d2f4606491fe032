//! PAGES and ZEROS: contents of guest memory.

use super::memory_map::{GRANULE, MemoryMap};
use super::message::{InvalidMessage, MAX_CHUNK, MessageKind};
use super::payload::invalid;
use ruzstd::decoding::FrameDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::borrow::Cow;

/// The encoding of the pages in PAGES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PageEncoding {
    /// The bytes themselves.
    Raw = 0,
    /// A zstd frame.
    Zstd = 1,
}

/// The payload of PAGES: the address (8 bytes), the length in bytes (8), the encoding (1) and the
/// data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRun<'p> {
    /// The guest physical address.
    pub address: u64,
    /// The length in guest memory in bytes, at most [`MAX_CHUNK`].
    pub length: usize,
    /// The encoding of the data.
    pub encoding: PageEncoding,
    /// The data.
    pub data: &'p [u8],
}

/// The number of bytes of the payload before the data.
pub const PREFIX: usize = 17;

/// The maximum window of a zstd frame in bytes, which bounds the memory that it needs.
const MAX_WINDOW: u64 = 2 * MAX_CHUNK as u64;

/// The data of PAGES for these pages if zstd makes them shorter.
#[must_use]
pub fn compressed(pages: &[u8]) -> Option<Vec<u8>> {
    let compressed = compress_to_vec(pages, CompressionLevel::Fastest);
    (compressed.len() < pages.len()).then_some(compressed)
}

impl<'p> PageRun<'p> {
    /// Pages at an address, with their compressed data if there is any.
    #[must_use]
    pub fn new(address: u64, pages: &'p [u8], compressed: Option<&'p [u8]>) -> Self {
        let encoding = match compressed {
            Some(_) => PageEncoding::Zstd,
            None => PageEncoding::Raw,
        };
        Self {
            address,
            length: pages.len(),
            encoding,
            data: compressed.unwrap_or(pages),
        }
    }

    /// The contents of the pages.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Payload`].
    pub fn contents(&self) -> Result<Cow<'p, [u8]>, InvalidMessage> {
        if self.encoding == PageEncoding::Raw {
            return Ok(Cow::Borrowed(self.data));
        }
        let mut contents = vec![0; self.length];
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        match decoder.decode_all(self.data, &mut contents) {
            Ok(length) if length == self.length => Ok(Cow::Owned(contents)),
            Ok(_) => {
                let reason = "the zstd frame does not have the length of the pages";
                Err(invalid(MessageKind::Pages, reason))
            }
            Err(error) => {
                let reason = format!("the zstd frame is invalid: {error}");
                Err(invalid(MessageKind::Pages, &reason))
            }
        }
    }

    /// The bytes of the payload before the data.
    #[must_use]
    pub fn prefix(&self) -> [u8; PREFIX] {
        let mut prefix = [0; PREFIX];
        let (address, rest) = prefix.split_at_mut(8);
        address.copy_from_slice(&self.address.to_le_bytes());
        let (length, encoding) = rest.split_at_mut(8);
        length.copy_from_slice(&(self.length as u64).to_le_bytes());
        encoding.fill(self.encoding as u8);
        prefix
    }

    /// The payload.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        [&self.prefix(), self.data].concat()
    }

    /// Parses a payload and checks that one of the map's slots contains the pages. `zstd` is true
    /// if the encoding was agreed on.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Payload`].
    pub fn parse(payload: &'p [u8], map: &MemoryMap, zstd: bool) -> Result<Self, InvalidMessage> {
        let fault = |reason| invalid(MessageKind::Pages, reason);
        let Some(([address, length], [encoding, data @ ..])) = two_numbers(payload) else {
            return Err(fault("it is too short"));
        };
        let encoding = match encoding {
            0 => PageEncoding::Raw,
            1 if zstd => PageEncoding::Zstd,
            _ => return Err(fault("the encoding is unknown or was not agreed on")),
        };
        check_run(MessageKind::Pages, map, address, length)?;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= MAX_CHUNK)
            .ok_or_else(|| fault("the pages are too many for a message"))?;
        if encoding == PageEncoding::Raw && data.len() != length {
            return Err(fault("the data does not have the length of the pages"));
        }
        Ok(Self {
            address,
            length,
            encoding,
            data,
        })
    }
}

/// The payload of ZEROS: for each run of pages its address (8 bytes) and its length in bytes (8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZeroRuns(pub Vec<(u64, u64)>);

impl ZeroRuns {
    /// The maximum number of runs in a message.
    pub const MAX: usize = MessageKind::Zeros.limit() as usize / 16;

    /// Adds a run, together with the one before it if they are adjacent.
    pub(super) fn add(&mut self, address: u64, length: u64) {
        match self.0.last_mut() {
            Some((start, before)) if *start + *before == address => *before += length,
            _ => self.0.push((address, length)),
        }
    }

    /// The payload.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let numbers = self
            .0
            .iter()
            .flat_map(|(address, length)| [address, length]);
        numbers.flat_map(|number| number.to_le_bytes()).collect()
    }

    /// Parses a payload and checks that the map's slots contain the pages.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Payload`].
    pub fn parse(mut payload: &[u8], map: &MemoryMap) -> Result<Self, InvalidMessage> {
        let mut runs = Vec::new();
        while !payload.is_empty() {
            let Some(([address, length], rest)) = two_numbers(payload) else {
                return Err(invalid(MessageKind::Zeros, "the last run is cut"));
            };
            check_run(MessageKind::Zeros, map, address, length)?;
            runs.push((address, length));
            payload = rest;
        }
        Ok(Self(runs))
    }
}

fn check_run(
    kind: MessageKind,
    map: &MemoryMap,
    address: u64,
    length: u64,
) -> Result<(), InvalidMessage> {
    if length == 0 || !address.is_multiple_of(GRANULE) || !length.is_multiple_of(GRANULE) {
        return Err(invalid(
            kind,
            "a run is empty, or not a multiple of 4096 bytes",
        ));
    }
    if !map.contains(address, length) {
        return Err(invalid(kind, "a run is outside the guest's RAM"));
    }
    Ok(())
}

fn two_numbers(bytes: &[u8]) -> Option<([u64; 2], &[u8])> {
    let (first, rest) = bytes.split_first_chunk::<8>()?;
    let (second, rest) = rest.split_first_chunk::<8>()?;
    let numbers = [u64::from_le_bytes(*first), u64::from_le_bytes(*second)];
    Some((numbers, rest))
}
