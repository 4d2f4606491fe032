//! Encodings of a guest's memory in a snapshot file.

use clap::ValueEnum;
use serde::Serialize;

/// Encoding of a guest's memory in a snapshot file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryEncoding {
    /// Compressed, without zero pages.
    #[default]
    Zstd,
    /// As it is, with holes for zero pages, so that `restore --lazy` can map it.
    Raw,
}
