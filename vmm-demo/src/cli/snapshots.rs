//! Arguments of the commands that save and restore guests.

use super::views::ToleranceArgument;
use crate::snapshot::memory::MemoryEncoding;
use crate::socket_address::Address;
use crate::vmm::state::ClockPolicy;
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

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The file, written by `snapshot`.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Start at once and read each page of the memory when the guest needs it; the file must have
    /// been written with `--memory raw`, and must not change while the guest runs.
    #[arg(long)]
    pub lazy: bool,
    /// The treatment of the time since the guest was saved.
    #[arg(long, value_name = "POLICY", value_enum, default_value_t)]
    pub clock: ClockPolicy,
    /// The fields that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Create this socket, serve QMP at it, and remove it at the end.
    #[arg(long, value_name = "unix:PATH")]
    pub qmp: Option<Address>,
    /// Write the guest's view on this host to this file, before the guest goes on.
    #[arg(long, value_name = "FILE")]
    pub view: Option<PathBuf>,
    /// Let the guest go on at QMP's `cont` only.
    #[arg(long, requires = "qmp")]
    pub paused: bool,
    /// Write a JSON report of the run to this file: register writes, ending and start times.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}
