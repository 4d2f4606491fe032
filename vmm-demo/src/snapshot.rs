//! Snapshots: a guest's state and RAM in a file.
//!
//! All numbers are little-endian, all checksums CRC-32 (the polynomial of gzip). A file is a
//! header, then sections, each with a header of its own:
//!
//! | offset | bytes | header of the file |
//! |---|---|---|
//! | 0 | 8 | magic number: `idregsnp` |
//! | 8 | 4 | version of the format: 1 |
//! | 12 | 4 | oldest version whose readers can read the file |
//! | 16 | 4 | checksum of bytes 0 to 15 |
//!
//! | offset | bytes | header of a section |
//! |---|---|---|
//! | 0 | 16 | name: characters of `a-z0-9-`, then zeros |
//! | 16 | 4 | version of the section |
//! | 20 | 4 | flags: bit 0 required, bit 1 repeated, bit 2 direct |
//! | 24 | 8 | length of the payload in bytes |
//! | 32 | 4 | checksum of the payload, or 0 for a direct section |
//! | 36 | 4 | checksum of bytes 0 to 35 |
//!
//! A reader skips sections that it does not know, and refuses those that are *required*. Sections
//! come in the order of their kinds and once, but for *repeated* ones, which follow each other. The
//! checksums of a *direct* section's payload are in another section.
//!
//! The last section, `end`, has the number of sections before it (8 bytes) and the checksum of
//! bytes 0 to 35 of their headers in a row (4 bytes): none can be missing, or come from another
//! snapshot.
//!
//! A reader of version N also reads version N-1.

pub mod error;
pub mod layout;
pub mod reader;
pub mod writer;
