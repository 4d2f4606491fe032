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
//! The sections of a snapshot, in their order:
//!
//! | name | payload |
//! |---|---|
//! | `info` | summary: program, time, vCPUs, RAM, kernel (JSON) |
//! | `view` | what the guest sees of its machine: `idreg-view/1` (JSON) |
//! | `clock`, `vcpus`, `gic` | the state of the machine (JSON) |
//! | `console` | the state of the console (JSON) |
//! | `memory` | encoding and ranges of the RAM, sizes of chunks and pages (JSON) |
//! | `memory-chunk` | with `zstd`: pages of one chunk; repeated |
//! | `padding` | with `raw`: zeros up to a multiple of 64 KiB |
//! | `memory-image` | with `raw`: the RAM; direct |
//! | `memory-sums` | with `raw`: the checksum of each chunk of the image |
//!
//! A reader of version N also reads version N-1. The checksums find damage, not changes by someone
//! who makes them anew: keep snapshots where only their owner can write. Restoring one twice gives
//! two guests the same random numbers.

pub mod contents;
pub mod error;
pub mod file;
pub mod layout;
pub mod memory;
pub mod migrated;
pub mod reader;
pub mod writer;
