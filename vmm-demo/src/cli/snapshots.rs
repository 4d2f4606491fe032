//! Arguments of the commands that save and restore guests.

use crate::socket_address::Address;
use crate::vmm::memory_encoding::MemoryEncoding;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArguments {
    /// The file. It appears at once when the guest is saved; an older one is replaced.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The socket at which the guest serves QMP: the `--qmp` of its `run` or `restore`.
    #[arg(long, value_name = "unix:PATH")]
    pub qmp: Address,
    /// End the guest's process when the file is whole and on the disk; the guest does not run in
    /// between.
    #[arg(long)]
    pub quit: bool,
    /// The encoding of the guest's memory.
    #[arg(long, value_name = "ENCODING", value_enum, default_value_t)]
    pub memory: MemoryEncoding,
}
