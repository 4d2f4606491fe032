//! RAM in both encodings: what is saved is restored, and every fault is found.

use proptest::prelude::*;
use std::io::Cursor;
use std::ops::ControlFlow;
use vmm_demo::snapshot::contents::KINDS;
use vmm_demo::snapshot::error::ReadError;
use vmm_demo::snapshot::memory::buffers::RamBuffers;
use vmm_demo::snapshot::memory::{
    CHUNK, GuestRam, MemoryEncoding, MemoryMap, PAGE, locate, pack, read_chunks, read_image,
    unpack, write_chunks, write_image,
};
use vmm_demo::snapshot::reader::SectionReader;
use vmm_demo::snapshot::writer::SectionWriter;
use vmm_demo::vmm::ram_range::RamRange;

const START: u64 = 0x4000_0000;
/// A chunk and a half.
const FIRST_SIZE: u64 = 3 << 19;

fn ranges() -> Vec<RamRange> {
    let range = |start, size| RamRange { start, size };
    vec![range(START, FIRST_SIZE), range(START + (1 << 30), 1 << 16)]
}

fn map(encoding: MemoryEncoding) -> MemoryMap {
    MemoryMap::new(encoding, ranges()).expect("a map")
}

fn ram() -> RamBuffers {
    RamBuffers::new(&ranges()).expect("enough memory")
}

fn contents(ram: &RamBuffers) -> Vec<Vec<u8>> {
    let ranges = ram.ranges().into_iter().map(|range| {
        let mut bytes = vec![1; usize::try_from(range.size).expect("a small range")];
        ram.read(range.start, &mut bytes).expect("RAM");
        bytes
    });
    ranges.collect()
}

fn saved(encoding: MemoryEncoding, ram: &RamBuffers) -> Vec<u8> {
    let mut writer = SectionWriter::new(Cursor::new(Vec::new())).expect("a header");
    let mut shown = Vec::new();
    let mut progress = |done, all| {
        shown.push((done, all));
        ControlFlow::Continue(())
    };
    let map = map(encoding);
    match encoding {
        MemoryEncoding::Zstd => write_chunks(&mut writer, &map, ram, &mut progress),
        MemoryEncoding::Raw => write_image(&mut writer, &map, ram, &mut progress),
    }
    .expect("a buffer");
    assert_eq!(shown.last(), Some(&(map.size(), map.size())));
    writer.finish().expect("an end").into_inner()
}

fn restored(encoding: MemoryEncoding, file: &[u8]) -> Result<RamBuffers, ReadError> {
    let ram = ram();
    let mut reader = SectionReader::new(file, KINDS)?;
    let mut progress = |_, _| ControlFlow::Continue(());
    match encoding {
        MemoryEncoding::Zstd => read_chunks(&mut reader, &map(encoding), &ram, &mut progress)?,
        MemoryEncoding::Raw => read_image(&mut reader, &map(encoding), &ram, &mut progress)?,
    }
    reader.end_of_file().map(|_| ram)
}

/// Bytes at an offset of the RAM: few or many, random or alike.
fn writes() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..3 * PAGE),
        (any::<u8>(), 1..CHUNK / 4).prop_map(|(byte, length)| vec![byte; length]),
    ];
    prop::collection::vec((0..FIRST_SIZE, bytes), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ram_is_restored_as_it_was_saved(writes in writes()) {
        let before = ram();
        for (offset, bytes) in &writes {
            let end = FIRST_SIZE - offset;
            let length = bytes.len().min(usize::try_from(end).expect("a small range"));
            before.write(START + offset, &bytes[..length]).expect("RAM");
        }
        for encoding in [MemoryEncoding::Zstd, MemoryEncoding::Raw] {
            let after = restored(encoding, &saved(encoding, &before)).expect("our own file");
            prop_assert!(contents(&after) == contents(&before), "{encoding:?}");
        }
    }
}

/// Code and data of a real program: a test's own.
#[test]
fn real_contents_are_restored() {
    let program = std::env::current_exe().expect("a path");
    let bytes = std::fs::read(program).expect("a file");
    let before = ram();
    before
        .write(START, &bytes[bytes.len() / 3..][..1 << 20])
        .expect("RAM");
    let file = saved(MemoryEncoding::Zstd, &before);
    assert!(
        file.len() < 1 << 20,
        "{} bytes are not compressed",
        file.len()
    );
    let after = restored(MemoryEncoding::Zstd, &file).expect("our own file");
    assert!(contents(&after) == contents(&before));
}

#[test]
fn zeros_take_no_room() {
    assert!(saved(MemoryEncoding::Zstd, &ram()).len() < 100);
    let one = ram();
    one.write(START + 5 * PAGE as u64, &[1]).expect("RAM");
    assert!(saved(MemoryEncoding::Zstd, &one).len() < 400);
}

#[cfg(unix)]
#[test]
fn zeros_of_an_image_are_holes() {
    use std::os::unix::fs::MetadataExt as _;
    let one = ram();
    one.write(START + 5 * PAGE as u64, &[1]).expect("RAM");
    let file = tempfile::tempfile().expect("a file");
    let mut writer = SectionWriter::new(file).expect("a header");
    let mut progress = |_, _| ControlFlow::Continue(());
    write_image(&mut writer, &map(MemoryEncoding::Raw), &one, &mut progress).expect("a disk");
    let file = writer.finish().expect("an end");
    let metadata = file.metadata().expect("a file");
    let used = metadata.blocks() * 512;
    assert!(metadata.len() > 3 << 19);
    assert!(used <= 128 << 10, "{used} bytes are used");
}

#[test]
fn image_is_found_without_reading_it() {
    let before = ram();
    before.write(START + 100, b"text").expect("RAM");
    let file = saved(MemoryEncoding::Raw, &before);
    let mut reader = SectionReader::new(Cursor::new(&file), KINDS).expect("a header");
    let place = locate(&mut reader, &map(MemoryEncoding::Raw)).expect("an image");
    reader.end_of_file().expect("an end");
    assert!(place.offset.is_multiple_of(64 << 10));
    let offset = usize::try_from(place.offset).expect("a small file");
    let size = usize::try_from(place.size).expect("a small file");
    assert!(file[offset..][..size] == contents(&before).concat());
}

#[test]
fn wrong_page_of_an_image_is_named_by_its_chunk() {
    let mut file = saved(MemoryEncoding::Raw, &ram());
    file[(64 << 10) + CHUNK + 1] ^= 1;
    let error = restored(MemoryEncoding::Raw, &file).expect_err("another page");
    assert_eq!(
        error.to_string(),
        "section `memory-image` at byte 65496: the checksum of the chunk at 0x40100000 is wrong"
    );
}

fn packed() -> Vec<u8> {
    let one = ram();
    one.write(START, &[1; PAGE]).expect("RAM");
    pack(&one, START, CHUNK)
        .expect("RAM")
        .expect("a page that is not zero")
}

#[test]
fn chunks_are_held_to_the_map() {
    let map = map(MemoryEncoding::Zstd);
    let refusal = |payload: &[u8]| {
        unpack(&ram(), &map, payload)
            .expect_err("wrong")
            .to_string()
    };
    let payload = packed();
    unpack(&ram(), &map, &payload).expect("our own chunk");
    for address in [0, START + PAGE as u64, START + (2 << 20), u64::MAX] {
        let mut payload = payload.clone();
        payload[..8].copy_from_slice(&address.to_le_bytes());
        let expected = format!("no chunk of the guest's memory begins at {address:#x}");
        assert_eq!(refusal(&payload), expected);
    }
    let damaged = "the chunk at 0x40000000 cannot be unpacked";
    // No page; a page more than in the data; another compression; no data.
    for (at, byte) in [(8, 0), (9, 1), (40, 0), (40, 2)] {
        let mut payload = payload.clone();
        payload[at] = byte;
        assert_eq!(refusal(&payload), damaged, "{at}");
    }
    assert_eq!(refusal(&payload[..44]), damaged);
    assert_eq!(refusal(&payload[..43]), "the chunk has no header");
    // A page beyond the end of its range, which has 24 pages in this chunk.
    let mut payload = payload;
    payload[..8].copy_from_slice(&(START + (1 << 30)).to_le_bytes());
    payload[8] = 0;
    payload[10] = 1;
    assert_eq!(
        refusal(&payload),
        "the chunk at 0x80000000 cannot be unpacked"
    );
}

#[test]
fn chunk_that_comes_twice_is_refused() {
    let kind = KINDS.iter().find(|kind| kind.name == "memory-chunk");
    let mut writer = SectionWriter::new(Vec::new()).expect("a header");
    for _ in 0..2 {
        writer
            .section(kind.expect("a kind"), &packed())
            .expect("a section");
    }
    let error = restored(MemoryEncoding::Zstd, &writer.finish().expect("an end"));
    let error = error.expect_err("a chunk twice").to_string();
    assert!(
        error.ends_with("the chunk at 0x40000000 is not after the one before"),
        "{error}"
    );
}

#[test]
fn listener_stops_the_work() {
    let mut stop = |_, _| ControlFlow::Break(());
    let mut writer = SectionWriter::new(Vec::new()).expect("a header");
    let stopped = write_chunks(&mut writer, &map(MemoryEncoding::Zstd), &ram(), &mut stop);
    let kind = stopped.expect_err("stopped").kind();
    assert_eq!(kind, std::io::ErrorKind::Interrupted);
    let file = saved(MemoryEncoding::Raw, &ram());
    let mut reader = SectionReader::new(file.as_slice(), KINDS).expect("a header");
    let stopped = read_image(&mut reader, &map(MemoryEncoding::Raw), &ram(), &mut stop);
    assert!(
        stopped
            .expect_err("stopped")
            .to_string()
            .ends_with("stopped")
    );
}

#[test]
fn impossible_maps_are_refused() {
    let map = |start, size| MemoryMap::new(MemoryEncoding::Raw, vec![RamRange { start, size }]);
    for (result, expected) in [
        (
            map(0, 0),
            "the memory at 0x0 has 0 bytes, expected multiples of 64K",
        ),
        (
            map(1, 1 << 16),
            "the memory at 0x1 has 64K, expected multiples of 64K",
        ),
        (
            map(1 << 52, 1 << 16),
            "the memory at 0x10000000000000 is not after the range before, within physical \
             addresses",
        ),
        (
            MemoryMap::new(MemoryEncoding::Raw, Vec::new()),
            "the memory has 0 ranges, expected 1 to 64",
        ),
    ] {
        assert_eq!(result.expect_err("impossible").to_string(), expected);
    }
    let twice = [ranges(), ranges()].concat();
    MemoryMap::new(MemoryEncoding::Raw, twice).expect_err("ranges that overlap");
}
