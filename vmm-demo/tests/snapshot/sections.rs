//! The container: headers, order, limits and checksums of sections.

use std::io::Cursor;
use vmm_demo::snapshot::error::ReadError;
use vmm_demo::snapshot::layout::{
    DIRECT, FILE_HEADER, REPEATED, REQUIRED, SECTION_HEADER, SectionKind,
};
use vmm_demo::snapshot::reader::SectionReader;
use vmm_demo::snapshot::writer::SectionWriter;

const FIRST: SectionKind = SectionKind::required("first", 100);
const PART: SectionKind = SectionKind::required("part", 10).with(REPEATED);
const DATA: SectionKind = SectionKind::required("direct", 100).with(DIRECT);
const LAST: SectionKind = SectionKind::optional("last", 100);
const KINDS: &[SectionKind] = &[FIRST, PART, DATA, LAST];

fn written(sections: &[(SectionKind, &[u8])]) -> Vec<u8> {
    let mut writer = SectionWriter::new(Vec::new()).expect("a header");
    for (kind, payload) in sections {
        writer.section(kind, payload).expect("a section");
    }
    writer.finish().expect("an end")
}

/// The names and payloads of the sections that a reader gives.
fn read(file: &[u8]) -> Result<Vec<(&'static str, Vec<u8>)>, ReadError> {
    let mut reader = SectionReader::new(file, KINDS)?;
    let mut sections = Vec::new();
    while let Some(section) = reader.next_section()? {
        sections.push((section.kind.name, section.payload));
    }
    reader.end_of_file().map(|_| sections)
}

fn refusal(file: &[u8]) -> String {
    read(file).expect_err("the file is wrong").to_string()
}

#[test]
fn sections_are_read_as_they_were_written() {
    let file = written(&[(FIRST, b"one"), (PART, b"2"), (PART, b""), (LAST, b"four")]);
    let expected = [
        ("first", b"one".to_vec()),
        ("part", b"2".to_vec()),
        ("part", Vec::new()),
        ("last", b"four".to_vec()),
    ];
    assert_eq!(read(&file).expect("our own file"), expected);
}

#[test]
fn direct_sections_are_read_in_parts_or_left_out() {
    let mut writer = SectionWriter::new(Cursor::new(Vec::new())).expect("a header");
    writer.begin_direct(&DATA, 10).expect("a header");
    writer.write(b"abc").expect("a part");
    writer.skip(7).expect("a hole");
    writer.section(&LAST, b"last").expect("a section");
    let file = writer.finish().expect("an end").into_inner();
    for part in [0, 5, 10] {
        let mut reader = SectionReader::new(Cursor::new(&file), KINDS).expect("a header");
        reader.next_section().expect("a section");
        assert_eq!(reader.offset(), (FILE_HEADER + SECTION_HEADER) as u64);
        let mut bytes = vec![1; part];
        reader.read_direct(&mut bytes).expect("a part");
        assert_eq!(bytes, b"abc\0\0\0\0\0\0\0"[..part]);
        assert!(reader.read_direct(&mut [0; 11]).is_err());
        if part == 5 {
            reader.skip_direct().expect("a seek");
        }
        let last = reader.next_section().expect("a section").expect("the last");
        assert_eq!(last.payload, b"last");
        assert!(reader.next_section().expect("the end").is_none());
    }
}

#[test]
fn every_flipped_byte_and_every_cut_is_refused() {
    let file = written(&[(FIRST, b"one"), (PART, b"2"), (PART, b""), (LAST, b"four")]);
    for at in 0..file.len() {
        let mut flipped = file.clone();
        flipped[at] ^= 0xff;
        refusal(&flipped);
        refusal(&file[..at]);
    }
    let mut longer = file.clone();
    longer.push(0);
    assert_eq!(
        refusal(&longer),
        format!(
            "data after the section `end` at byte {}: there are bytes after the end",
            file.len()
        )
    );
}

#[test]
fn cut_between_sections_is_found() {
    let first = written(&[(FIRST, b"one")]);
    let before_end = first.len() - SECTION_HEADER - 12;
    assert_eq!(
        refusal(&first[..before_end]),
        "header of the section after `first` at byte 63: the data ends too early"
    );
    // The end of another file, which has a section less.
    let mut spliced = first[..before_end].to_vec();
    spliced.extend(&written(&[])[FILE_HEADER..]);
    assert_eq!(
        refusal(&spliced),
        "section `end` at byte 63: the sections are not those that were written"
    );
}

#[test]
fn section_of_another_file_is_found() {
    let (one, two) = (written(&[(FIRST, b"one")]), written(&[(FIRST, b"two")]));
    let end = one.len() - SECTION_HEADER - 12;
    let mixed = [&one[..end], &two[end..]].concat();
    assert!(refusal(&mixed).starts_with("section `end`"));
}

#[test]
fn order_and_number_of_sections_are_checked() {
    for (sections, expected) in [
        (
            [(FIRST, b"a"), (FIRST, b"b")],
            "section `first` at byte 61: the section is there twice",
        ),
        (
            [(PART, b"a"), (FIRST, b"b")],
            "section `first` at byte 61: the section is out of order",
        ),
    ] {
        let sections = sections.map(|(kind, payload)| (kind, payload.as_slice()));
        assert_eq!(refusal(&written(&sections)), expected);
    }
    let file = written(&[(PART, b"a")]);
    let mut reader = SectionReader::new(file.as_slice(), KINDS).expect("a header");
    let error = reader
        .expect_section(&FIRST)
        .expect_err("a section is missing");
    assert_eq!(
        error.to_string(),
        "section `part` at byte 20: expected the section `first` here"
    );
}

#[test]
fn unknown_sections_are_skipped_unless_required() {
    let unknown = SectionKind::optional("new", 1000);
    let file = written(&[(unknown, &[7; 1000]), (FIRST, b"one")]);
    let expected = [("first", b"one".to_vec())];
    assert_eq!(read(&file).expect("a file of a newer version"), expected);

    let twice = written(&[(unknown, b""), (FIRST, b"one"), (unknown, b"")]);
    assert!(refusal(&twice).contains("section `new` at byte 103: the section is there twice"));
    let repeated = unknown.with(REPEATED);
    read(&written(&[(repeated, b""), (repeated, b"")])).expect("sections that may be repeated");

    let required = unknown.with(REQUIRED);
    let error = read(&written(&[(required, b"")])).expect_err("a required section");
    assert_eq!(
        error.to_string(),
        "section `new` at byte 20: this version of the program does not know the section, which \
         is required"
    );
    assert!(error.remedy().contains("the version of this program"));
}

#[test]
fn newer_sections_and_other_flags_are_refused() {
    let newer = SectionKind {
        version: 2,
        ..FIRST
    };
    assert_eq!(
        refusal(&written(&[(newer, b"")])),
        "section `first` at byte 20: the section has version 2, expected 1 to 1"
    );
    let other = LAST.with(REQUIRED);
    assert_eq!(
        refusal(&written(&[(other, b"")])),
        "section `last` at byte 20: the flags are 0x1, expected 0x0"
    );
    let strange = SectionKind::optional("new", 10).with(0x80);
    assert!(refusal(&written(&[(strange, b"")])).contains("the flags are 0x80"));
}

#[test]
fn limits_are_checked_before_payloads_are_read() {
    let large = SectionKind {
        limit: u64::MAX,
        ..FIRST
    };
    let mut writer = SectionWriter::new(Vec::new()).expect("a header");
    writer
        .section(&FIRST, &[0; 101])
        .expect_err("too long to be read again");
    writer.section(&large, &[0; 101]).expect("a section");
    assert_eq!(
        refusal(&writer.finish().expect("an end")),
        "section `first` at byte 20: the section has 101 bytes, expected at most 100 bytes"
    );
}
