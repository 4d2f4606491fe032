//! HELLO: versions, identity and ways of a migration.

use super::token::Token;
use serde::{Deserialize, Serialize};

/// The version of the protocol.
pub const VERSION: u32 = 1;

/// The way in which memory reaches the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryMode {
    /// The pages are copied while the guest runs.
    Copy,
    /// The destination maps the same memory: a local upgrade.
    Shared,
}

/// The source's HELLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloOffer {
    /// The name and version of the program.
    pub program: String,
    /// The versions of the protocol that the source speaks.
    pub versions: Vec<u32>,
    /// The identity of the attempt.
    pub token: Token,
    /// The way of the memory.
    pub memory: MemoryMode,
    /// True if a lease decides after a lost link.
    pub lease: bool,
    /// The number of connections that the source can send memory through.
    #[serde(default = "one")]
    pub streams: u32,
    /// True if the source can compress pages with zstd.
    #[serde(default)]
    pub zstd: bool,
}

/// The destination's HELLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelloAnswer {
    /// The name and version of the program.
    pub program: String,
    /// The version of the protocol that both sides speak from here on.
    pub version: u32,
    /// The number of connections for memory: 1 is this connection, a higher number is that of
    /// further ones.
    #[serde(default = "one")]
    pub streams: u32,
    /// True if pages are compressed with zstd.
    #[serde(default)]
    pub zstd: bool,
}

/// The maximum number of connections for memory.
pub const MAX_STREAMS: u32 = 64;

/// The payload of STREAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamGreeting {
    /// The identity of the attempt.
    pub token: Token,
    /// The number of the connection, from 0.
    pub number: u32,
}

const fn one() -> u32 {
    1
}
