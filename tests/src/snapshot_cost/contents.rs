//! The bytes of a guest's memory, and the time to copy and to compress them without a guest.

use super::error::CostError;
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use vmm_demo::snapshot::contents::OpenSnapshot;
use vmm_demo::snapshot::memory::buffers::RamBuffers;
use vmm_demo::snapshot::memory::{CHUNK, GuestRam as _, PAGE};
use vmm_demo::vmm::pages::is_zero;

/// The pages of a snapshot that are not zeros, by chunks.
pub(super) struct Contents(Vec<Vec<u8>>);

/// The times of one round.
#[derive(Clone, Copy, Debug)]
pub(super) struct BareTimes {
    /// A copy of the pages to memory that was written before.
    pub(super) copy: Duration,
    /// The compression of the chunks on one thread.
    pub(super) compress: Duration,
    /// The decompression of the chunks on one thread.
    pub(super) decompress: Duration,
}

impl Contents {
    /// Reads the pages of a snapshot.
    pub(super) fn of(name: &'static str) -> Result<Self, CostError> {
        let file = File::open(name).map_err(CostError::file(name))?;
        let open = OpenSnapshot::new(BufReader::new(file)).map_err(CostError::snapshot(name))?;
        let ranges = open.map().ranges().to_vec();
        let ram = RamBuffers::new(&ranges).ok_or(CostError::NoMemory)?;
        let restored = open.restore_memory(&ram, &mut |_, _| ControlFlow::Continue(()));
        restored.map_err(CostError::snapshot(name))?;
        let mut chunks = Vec::new();
        for range in ranges {
            for offset in (0..range.size).step_by(CHUNK) {
                let left = usize::try_from(range.size - offset).unwrap_or(CHUNK);
                let mut chunk = vec![0; left.min(CHUNK)];
                let read = ram.read(range.start + offset, &mut chunk);
                read.map_err(|error| CostError::file(name)(error.into()))?;
                let pages = chunk.chunks(PAGE).filter(|page| !is_zero(page));
                chunks.push(pages.flatten().copied().collect());
            }
        }
        Ok(Self(chunks))
    }

    /// The number of bytes.
    pub(super) fn size(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Copies, compresses and decompresses once.
    pub(super) fn measure(&self) -> Result<BareTimes, CostError> {
        let mut copies = self.0.clone();
        let started = Instant::now();
        for (copy, chunk) in copies.iter_mut().zip(&self.0) {
            copy.copy_from_slice(black_box(chunk));
        }
        black_box(&copies);
        let copy = started.elapsed();
        let started = Instant::now();
        let compressed: Vec<_> = { self.0.iter() }
            .map(|chunk| compress_to_vec(chunk.as_slice(), CompressionLevel::Fastest))
            .collect();
        let compress = started.elapsed();
        let started = Instant::now();
        for (copy, data) in copies.iter_mut().zip(&compressed) {
            copy.clear();
            let decoder = StreamingDecoder::new(data.as_slice());
            let mut decoder = decoder.map_err(|_| CostError::OtherBytes)?;
            let read = decoder.read_to_end(copy);
            read.map_err(|_| CostError::OtherBytes)?;
        }
        let decompress = started.elapsed();
        if copies != self.0 {
            return Err(CostError::OtherBytes);
        }
        Ok(BareTimes {
            copy,
            compress,
            decompress,
        })
    }
}
