//! Steps and counters of a migration.

use super::token::Token;
use std::fmt;
use std::time::Duration;

/// A step of a side; the names are those of the messages that end it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MigrationStep {
    /// Versions and identity are exchanged.
    #[default]
    Hello,
    /// The destination judges the view.
    View,
    /// The destination allocates or maps the memory.
    Memory,
    /// Memory is copied while the guest runs.
    Rounds,
    /// The guest is paused; the rest of the memory and the state are sent.
    State,
    /// The destination loads and verifies the state.
    Ready,
    /// The source hands over.
    HandOver,
    /// The destination runs the guest.
    Running,
}

impl fmt::Display for MigrationStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hello => "hello",
            Self::View => "view",
            Self::Memory => "memory",
            Self::Rounds => "rounds",
            Self::State => "state",
            Self::Ready => "ready",
            Self::HandOver => "handover",
            Self::Running => "running",
        })
    }
}

/// The beginning of a part of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationNotice {
    /// A step begins.
    Step(MigrationStep),
    /// The round of memory of this number begins on the source, from 1.
    Pass(u64),
}

/// The counters of a migration on a side, as QEMU's `query-migrate` has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationProgress {
    /// The step.
    pub step: MigrationStep,
    /// The identity of the attempt, once both sides know it.
    pub token: Option<Token>,
    /// The counters of the memory.
    pub ram: RamProgress,
    /// The time from the start to the first round.
    pub setup_time: Option<Duration>,
    /// The time since the start, or of the whole migration.
    pub total_time: Duration,
    /// The downtime that a stop after the last round would have meant.
    pub expected_downtime: Option<Duration>,
    /// The time from the guest's pause to RUNNING, as the source saw it.
    pub downtime: Option<Duration>,
    /// The share of time that vCPUs are slowed down for, in percent.
    pub throttle_percent: u8,
    /// True on a destination that runs the guest once the source has said that it is in no doubt.
    pub source_has_ended: bool,
}

/// The counters of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RamProgress {
    /// The size of RAM in bytes.
    pub total: u64,
    /// The bytes of the current round that are not sent yet. The destination knows them in the
    /// first round only, and has 0 later.
    pub remaining: u64,
    /// The bytes of messages for memory.
    pub transferred: u64,
    /// Those of them that the further connections carried.
    pub stream_bytes: u64,
    /// Those of them on the first connection, while the guest ran; the source knows them.
    pub precopy_bytes: u64,
    /// Those of them on the first connection, while the guest was paused; the source knows them.
    pub downtime_bytes: u64,
    /// The number of zero pages that were sent.
    pub duplicate: u64,
    /// The number of other pages that were sent.
    pub normal: u64,
    /// The number of bytes of other pages that were sent, before compression.
    pub normal_bytes: u64,
    /// The pages per second that the guest wrote in the last round.
    pub dirty_pages_rate: u64,
    /// The number of rounds that were begun.
    pub dirty_sync_count: u64,
    /// The size of a page in bytes.
    pub page_size: u64,
    /// The bandwidth of the last round in bytes of guest memory per second.
    pub bandwidth: u64,
}

impl MigrationProgress {
    /// Counts a message of the source for memory on the first connection.
    pub(super) fn add_sent(&mut self, length: u64) {
        let ram = &mut self.ram;
        ram.transferred += length;
        if self.step == MigrationStep::Rounds {
            ram.precopy_bytes += length;
        } else {
            ram.downtime_bytes += length;
        }
    }
}

impl RamProgress {
    /// Counts a message on one of the further connections.
    pub(super) fn add_stream_message(&mut self, length: u64) {
        self.transferred += length;
        self.stream_bytes += length;
    }

    /// Counts pages of this length in bytes, whose size is known.
    pub(super) fn add_pages(&mut self, is_zero: bool, length: u64) {
        let pages = length / self.page_size.max(1);
        self.remaining = self.remaining.saturating_sub(length);
        if is_zero {
            self.duplicate += pages;
        } else {
            self.normal += pages;
            self.normal_bytes += length;
        }
    }
}
