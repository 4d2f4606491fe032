//! Whole snapshots: restored as they were saved, or refused by name before the guest runs.

use super::guest::{SIZE, START, bytes, ram, restored, saved, snapshot, zeros};
use std::fs;
use std::io::{Cursor, Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use vmm_demo::output::file::OutputFile;
use vmm_demo::snapshot::contents::OpenSnapshot;
use vmm_demo::snapshot::file;
use vmm_demo::snapshot::memory::MemoryEncoding;
use vmm_demo::snapshot::memory::buffers::RamBuffers;
use vmm_demo::vmm::ram_range::RamRange;

/// The sections of a snapshot in both encodings, and the headers.
const PARTS: [&str; 13] = [
    "file header at byte ",
    "header of the first section at byte ",
    "header of the section after `",
    "section `info` at byte ",
    "section `view` at byte ",
    "section `clock` at byte ",
    "section `vcpus` at byte ",
    "section `gic` at byte ",
    "section `console` at byte ",
    "section `memory` at byte ",
    "section `memory-",
    "section `padding` at byte ",
    "section `end` at byte ",
];

#[test]
fn guest_is_restored_as_it_was_saved() {
    for encoding in [MemoryEncoding::Zstd, MemoryEncoding::Raw] {
        let (after, memory) = restored(&saved(encoding)).expect("our own file");
        assert_eq!(after, snapshot(), "{encoding:?}");
        assert!(memory == bytes(&ram()), "{encoding:?}");
    }
}

/// A refusal names the part that the change is in, or the header of the section.
#[track_caller]
fn refused(file: &[u8], at: usize) {
    let error = restored(file).err().map(|error| error.to_string());
    let error = error.unwrap_or_else(|| "not refused".to_owned());
    let is_named = PARTS.iter().any(|part| error.starts_with(part));
    assert!(is_named, "byte {at}: {error}");
}

#[test]
fn every_flipped_byte_and_every_cut_of_a_packed_snapshot_is_refused() {
    let file = saved(MemoryEncoding::Zstd);
    for at in 0..file.len() {
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        refused(&flipped, at);
        refused(&file[..at], at);
    }
}

/// The bytes of an image's file: all but those of padding and pages, which are alike, and some of
/// these.
fn bytes_of_image(length: usize) -> impl Iterator<Item = usize> {
    let padding = 4096..(64 << 10) - 40;
    let pages = (64 << 10)..(64 << 10) + usize::try_from(SIZE).expect("a small size");
    let is_alike = move |at: &usize| padding.contains(at) || pages.contains(at);
    (0..length).filter(move |at| !is_alike(at) || at.is_multiple_of(127))
}

#[test]
fn flipped_bytes_and_cuts_of_an_image_are_refused() {
    let mut file = saved(MemoryEncoding::Raw);
    for at in bytes_of_image(file.len()) {
        file[at] ^= 1 << (at % 8);
        refused(&file, at);
        file[at] ^= 1 << (at % 8);
        refused(&file[..at], at);
    }
}

/// Mapped memory is not read, so that only its pages can differ.
#[test]
fn flipped_bytes_but_those_of_pages_are_refused_before_mapping() {
    let mut file = saved(MemoryEncoding::Raw);
    let locate = |file: &[u8]| {
        let open = OpenSnapshot::new(Cursor::new(file))?;
        open.locate_memory().map(|(_, place, _)| place)
    };
    let place = locate(&file).expect("our own file");
    let pages = place.offset..place.offset + place.size;
    assert_eq!((pages.start, place.size), (64 << 10, SIZE));
    for at in bytes_of_image(file.len()) {
        file[at] ^= 0x10;
        let is_page = pages.contains(&(at as u64));
        assert_eq!(locate(&file).is_ok(), is_page, "byte {at}");
        file[at] ^= 0x10;
    }
}

#[test]
fn file_to_map_is_the_one_that_was_checked() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("guest.snapshot");
    let saved = saved(MemoryEncoding::Raw);
    fs::write(&path, &saved).expect("a file");
    let snapshot = file::open(&path).expect("our own file");
    let other = directory.path().join("other");
    fs::write(&other, "no snapshot").expect("a file");
    fs::rename(&other, &path).expect("the same directory");
    let (_, _, file) = snapshot.locate_memory().expect("our own file");
    let (mut file, mut mapped) = (file.into_inner(), Vec::new());
    file.rewind().expect("a file");
    file.read_to_end(&mut mapped).expect("a file");
    assert!(mapped == saved, "another file");
}

#[test]
fn compressed_memory_cannot_be_mapped() {
    let file = saved(MemoryEncoding::Zstd);
    let snapshot = OpenSnapshot::new(Cursor::new(file)).expect("our own file");
    let error = snapshot.locate_memory().expect_err("no image");
    assert!(error.to_string().contains("compressed"), "{error}");
    assert!(error.remedy().contains("--lazy"));
}

#[test]
fn other_ram_is_refused() {
    let range = RamRange {
        start: START,
        size: 2 * SIZE,
    };
    let larger = RamBuffers::new(&[range]).expect("enough memory");
    let file = saved(MemoryEncoding::Zstd);
    let snapshot = OpenSnapshot::new(file.as_slice()).expect("our own file");
    let mut progress = |_, _| ControlFlow::Continue(());
    let error = snapshot.restore_memory(&larger, &mut progress);
    let error = error.expect_err("RAM of another size").to_string();
    assert!(error.contains("other addresses"), "{error}");
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let refusal = |change: fn(&mut vmm_demo::snapshot::contents::Snapshot)| {
        let mut snapshot = snapshot();
        change(&mut snapshot);
        let sink = Cursor::new(Vec::new());
        let mut progress = |_, _| ControlFlow::Continue(());
        let file = snapshot.write(sink, &ram(), MemoryEncoding::Zstd, &mut progress);
        let file = file.expect("a buffer").into_inner();
        restored(&file).expect_err("a contradiction").to_string()
    };
    for (change, expected) in [
        (
            refusal(|snapshot| snapshot.info.vcpus = 3),
            "3 vCPUs, but the view has 2 and the section `vcpus` 2",
        ),
        (
            refusal(|snapshot| snapshot.machine.vcpus.truncate(1)),
            "2 vCPUs, but the view has 2 and the section `vcpus` 1",
        ),
        (
            refusal(|snapshot| snapshot.info.memory += 1),
            "65537 bytes of memory, but `memory` has 65536",
        ),
    ] {
        assert_eq!(change, format!("section `info` at byte 20: {expected}"));
    }
}

fn golden(name: &str) -> PathBuf {
    Path::new("tests/data/snapshots").join(name)
}

/// The files of every version of the format. `UPDATE_EXPECT=1` writes those of the newest one that
/// are not there; a file of a version that was released never changes.
#[test]
fn snapshots_of_every_version_are_restored() {
    for (name, encoding) in [
        ("1-zstd.snapshot", MemoryEncoding::Zstd),
        ("1-raw.snapshot", MemoryEncoding::Raw),
    ] {
        let path = golden(name);
        if !path.exists() && std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, saved(encoding)).expect("a directory");
        }
        let file = fs::read(&path).expect("a golden file");
        let (after, memory) = restored(&file).expect("a file of a version that is read");
        assert_eq!(after, snapshot(), "{name}");
        assert!(memory == bytes(&ram()), "{name}");
    }
}

#[test]
fn file_is_written_whole_or_not_at_all() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("guest.snapshot");
    let open = || OutputFile::open(&path, || false).expect("a place");
    let mut stop = |_, _| ControlFlow::Break(());
    let stopped = file::save(open(), &snapshot(), &ram(), MemoryEncoding::Raw, &mut stop);
    stopped.expect_err("stopped");
    let entries = || fs::read_dir(&directory).expect("a directory").count();
    assert_eq!(entries(), 0);

    let mut progress = |_, _| ControlFlow::Continue(());
    let written = file::save(
        open(),
        &snapshot(),
        &ram(),
        MemoryEncoding::Raw,
        &mut progress,
    );
    written.expect("a disk");
    assert_eq!(entries(), 1);
    let zeros = zeros();
    let open = file::open(&path).expect("our own file");
    let after = open.restore_memory(&zeros, &mut progress);
    assert_eq!(after.expect("our own file"), snapshot());
    assert!(bytes(&zeros) == bytes(&ram()));
}

#[test]
fn message_names_the_file_the_place_and_the_remedy() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("guest.snapshot");
    let mut content = saved(MemoryEncoding::Zstd);
    content[70] ^= 1;
    for (content, expected) in [
        (
            content.as_slice(),
            "section `info` at byte 20: the checksum of the section is wrong; the file is \
             damaged: restore an older one, or save the guest again",
        ),
        (
            &[b'{'; 100],
            "file header at byte 0: this is not a snapshot; give a file that `snapshot` wrote",
        ),
    ] {
        fs::write(&path, content).expect("a file");
        let failure = file::open(&path).expect_err("unusable");
        let expected = format!("cannot use the snapshot `{}`: {expected}", path.display());
        assert_eq!(failure.message(), expected);
        assert_eq!(failure.exit_code(), 2);
    }
}
