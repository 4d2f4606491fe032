//! The bytes of a guest's memory, and the time to copy and to compress them without a guest.

use super::error::SnapshotCostError;
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

/// The pages of a snapshot that are not zeros.
pub(super) struct Contents {
    /// The pages of each chunk.
    chunks: Vec<Vec<u8>>,
    /// The chunks, compressed.
    compressed: Vec<Vec<u8>>,
}

/// The kind of bare work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BareWork {
    /// A copy to memory that was written before.
    Memcpy,
    /// Compression or decompression of the chunks on one thread.
    Zstd,
}

/// The times of the bare work of a save or a restore.
#[derive(Clone, Copy, Debug)]
pub(super) struct BareTimes {
    copy: Duration,
    zstd: Duration,
}

impl BareWork {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memcpy => "memcpy",
            Self::Zstd => "zstd",
        }
    }
}

impl BareTimes {
    pub(super) const fn of(self, work: BareWork) -> Duration {
        match work {
            BareWork::Memcpy => self.copy,
            BareWork::Zstd => self.zstd,
        }
    }
}

impl Contents {
    /// Reads the pages of a snapshot.
    pub(super) fn of(name: &'static str) -> Result<Self, SnapshotCostError> {
        let file = File::open(name).map_err(SnapshotCostError::file(name))?;
        let open =
            OpenSnapshot::new(BufReader::new(file)).map_err(SnapshotCostError::snapshot(name))?;
        let ranges = open.map().ranges().to_vec();
        let ram = RamBuffers::new(&ranges).ok_or(SnapshotCostError::NoMemory)?;
        let restored = open.restore_memory(&ram, &mut |_, _| ControlFlow::Continue(()));
        restored.map_err(SnapshotCostError::snapshot(name))?;
        let mut chunks = Vec::new();
        for range in ranges {
            for offset in (0..range.size).step_by(CHUNK) {
                let left = usize::try_from(range.size - offset).unwrap_or(CHUNK);
                let mut chunk = vec![0; left.min(CHUNK)];
                let read = ram.read(range.start + offset, &mut chunk);
                read.map_err(|error| SnapshotCostError::file(name)(error.into()))?;
                let pages = chunk.chunks(PAGE).filter(|page| !is_zero(page));
                chunks.push(pages.flatten().copied().collect());
            }
        }
        let compressed = compress(&chunks);
        Ok(Self { chunks, compressed })
    }

    /// The number of bytes.
    pub(super) fn size(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// Copies and compresses once.
    pub(super) fn save(&self) -> BareTimes {
        let copy = self.copy();
        let started = Instant::now();
        black_box(compress(&self.chunks));
        BareTimes {
            copy,
            zstd: started.elapsed(),
        }
    }

    /// Copies and decompresses once.
    pub(super) fn restore(&self) -> Result<BareTimes, SnapshotCostError> {
        let copy = self.copy();
        let mut chunks = self.chunks.clone();
        let started = Instant::now();
        for (chunk, data) in chunks.iter_mut().zip(&self.compressed) {
            chunk.clear();
            let decoder = StreamingDecoder::new(data.as_slice());
            let mut decoder = decoder.map_err(|_| SnapshotCostError::OtherBytes)?;
            let read = decoder.read_to_end(chunk);
            read.map_err(|_| SnapshotCostError::OtherBytes)?;
        }
        let zstd = started.elapsed();
        if chunks != self.chunks {
            return Err(SnapshotCostError::OtherBytes);
        }
        Ok(BareTimes { copy, zstd })
    }

    fn copy(&self) -> Duration {
        let mut copies = self.chunks.clone();
        let started = Instant::now();
        for (copy, chunk) in copies.iter_mut().zip(&self.chunks) {
            copy.copy_from_slice(black_box(chunk));
        }
        black_box(&copies);
        started.elapsed()
    }
}

fn compress(chunks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let chunks = chunks.iter();
    chunks
        .map(|chunk| compress_to_vec(chunk.as_slice(), CompressionLevel::Fastest))
        .collect()
}
