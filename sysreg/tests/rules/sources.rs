//! Errors of bytes that are not a source.

use expect_test::{Expect, expect};
use std::io::ErrorKind;
use std::path::Path;
use sysreg::{MAX_BYTES, Source, SourceError};

/// Compares the error of bytes that are not a source.
fn check(bytes: &[u8], error: &SourceError, expected: &Expect) {
    let source = Source::from_bytes("test.sysreg", bytes.to_vec());
    assert_eq!(source.as_ref().err(), Some(error));
    expected.assert_eq(&error.to_string());
}

#[test]
fn not_utf8() {
    check(
        b"Sysreg A 3 0 0 0 0\nField 63:0 \xff\nEndSysreg\n",
        &SourceError::NotUtf8 {
            line: 2,
            column: 12,
        },
        &expect!["not UTF-8: the first bad byte is at line 2, byte 12"],
    );
}

#[test]
fn not_utf8_in_the_first_byte() {
    check(
        b"\x80",
        &SourceError::NotUtf8 { line: 1, column: 1 },
        &expect!["not UTF-8: the first bad byte is at line 1, byte 1"],
    );
}

#[test]
fn too_large() {
    let size = MAX_BYTES + 1;
    let bytes = Some(size);
    check(
        &vec![b'\n'; size],
        &SourceError::TooLarge { bytes },
        &expect!["a description of 4194305 bytes is over the limit of 4194304"],
    );
    let error = Source::new("test.sysreg", "\n".repeat(size)).unwrap_err();
    assert_eq!(error, SourceError::TooLarge { bytes });
}

#[test]
fn too_large_is_found_before_not_utf8() {
    let size = MAX_BYTES + 1;
    let bytes = Some(size);
    check(
        &vec![0xff; size],
        &SourceError::TooLarge { bytes },
        &expect!["a description of 4194305 bytes is over the limit of 4194304"],
    );
}

#[test]
fn too_large_together() {
    let half = || Source::new("test.sysreg", "\n".repeat(MAX_BYTES / 2)).unwrap();
    assert!(Source::join([half(), half()]).is_ok());
    let one = Source::new("one.sysreg", "\n").unwrap();
    let bytes = Some(MAX_BYTES + 1);
    let error = Source::join([half(), half(), one]).unwrap_err();
    assert_eq!(error, SourceError::TooLarge { bytes });
}

/// Reads a file of the operating system that never ends.
#[cfg(unix)]
#[test]
fn too_large_without_end() {
    let path = Path::new("/dev/zero");
    let error = Source::read_as("test.sysreg", path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    expect!["a description of more than 4194304 bytes is too large"].assert_eq(&error.to_string());
}
