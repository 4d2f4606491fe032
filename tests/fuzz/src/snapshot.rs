//! Snapshots of guests.

use std::io::Cursor;
use std::ops::ControlFlow;
use vmm_demo::snapshot::contents::OpenSnapshot;
use vmm_demo::snapshot::error::ReadError;
use vmm_demo::snapshot::layout::MAGIC;
use vmm_demo::snapshot::memory::buffers::RamBuffers;
use vmm_demo::snapshot::memory::{MemoryEncoding, MemoryMap};

/// The lengths of the headers, which end in a checksum of 4 bytes.
const FILE_HEADER: usize = 20;
const SECTION_HEADER: usize = 40;

/// The maximum size of RAM that is allocated for an input in bytes.
const MOST_RAM: u64 = 4 << 20;

/// A snapshot that can be read is written as a file that reads as the same snapshot. The checksums
/// of the input are made right first, so that what they protect is read too.
pub fn snapshot(bytes: &[u8]) {
    read(bytes);
    let mut bytes = bytes.to_vec();
    correct(&mut bytes);
    read(&bytes);
}

fn read(bytes: &[u8]) {
    match OpenSnapshot::new(Cursor::new(bytes)) {
        Ok(open) if open.map().size() <= MOST_RAM => restore(open, bytes),
        Ok(_) => {}
        Err(error) => shown(&error),
    }
}

fn restore(open: OpenSnapshot<Cursor<&[u8]>>, bytes: &[u8]) {
    let map = open.map().clone();
    let mut progress = |_, _| ControlFlow::Continue(());
    let ram = ram(&map);
    match open.restore_memory(&ram, &mut progress) {
        Ok(snapshot) => {
            let sink = Cursor::new(Vec::new());
            let file = snapshot.write(sink, &ram, map.encoding(), &mut progress);
            let file = file.expect("a buffer").into_inner();
            let again = OpenSnapshot::new(file.as_slice()).expect("our own file");
            let again = again.restore_memory(&self::ram(&map), &mut progress);
            assert_eq!(again.expect("our own file"), snapshot);
        }
        Err(error) => shown(&error),
    }
    if map.encoding() == MemoryEncoding::Raw {
        let open = OpenSnapshot::new(Cursor::new(bytes)).expect("it could be read before");
        match open.locate_memory() {
            Ok((_, place, _)) => assert!(place.offset + place.size <= bytes.len() as u64),
            Err(error) => shown(&error),
        }
    }
}

fn ram(map: &MemoryMap) -> RamBuffers {
    RamBuffers::new(map.ranges()).expect("enough memory")
}

fn shown(error: &ReadError) {
    assert!(!error.to_string().is_empty() && !error.remedy().is_empty());
}

/// Writes the checksums of headers and payloads anew, as far as the input has whole sections, and
/// the end section's.
fn correct(bytes: &mut [u8]) {
    let Some((header, mut rest)) = bytes.split_at_mut_checked(FILE_HEADER) else {
        return;
    };
    header[..MAGIC.len()].copy_from_slice(&MAGIC);
    seal(header);
    let (mut count, mut headers) = (0_u64, crc32fast::Hasher::new());
    while let Some((header, after)) = rest.split_at_mut_checked(SECTION_HEADER) {
        let length = u64::from_le_bytes(header[24..32].try_into().expect("8 bytes"));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((payload, after)) = after.split_at_mut_checked(length) else {
            return;
        };
        let is_end = header.starts_with(b"end\0");
        if is_end && length == 12 {
            payload[..8].copy_from_slice(&count.to_le_bytes());
            payload[8..].copy_from_slice(&headers.clone().finalize().to_le_bytes());
        }
        // Direct sections have no checksum of their own.
        let is_direct = header[20] & 4 != 0;
        let checksum = if is_direct {
            0
        } else {
            crc32fast::hash(payload)
        };
        header[32..36].copy_from_slice(&checksum.to_le_bytes());
        seal(header);
        headers.update(&header[..SECTION_HEADER - 4]);
        count += 1;
        rest = after;
    }
}

/// Writes the checksum at the end of a header.
fn seal(header: &mut [u8]) {
    let (fields, checksum) = header.split_last_chunk_mut::<4>().expect("a header");
    *checksum = crc32fast::hash(fields).to_le_bytes();
}
