//! Migration in QMP: its status and settings (QEMU 11.1, `qapi/migration.json`).

use crate::endpoint::Endpoint;
use crate::migration::control::{MigrationParameters, TimeOutStrategy};
use crate::migration::hello::MAX_STREAMS;
use crate::migration::progress::{MigrationProgress, MigrationStep};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// Way of the memory (`MigMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationMode {
    /// The memory is copied.
    Normal,
    /// Another process on this machine takes the memory over.
    CprTransfer,
}

/// Settings of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationSettings {
    /// The settings that can change while memory is sent.
    pub parameters: MigrationParameters,
    /// The way of the memory; `None` to transfer it through a Unix socket, and to copy it else.
    pub mode: Option<MigrationMode>,
    /// The number of connections for memory, at least 1.
    pub channels: u32,
    /// True if pages are compressed with zstd.
    pub zstd: bool,
    /// The directory of the certificates for TCP.
    pub tls_creds: Option<PathBuf>,
    /// True if TCP needs no TLS on this machine's own addresses.
    pub plain: bool,
    /// The path of the lease.
    pub lease: Option<PathBuf>,
}

impl Default for MigrationSettings {
    fn default() -> Self {
        Self {
            parameters: MigrationParameters::default(),
            mode: None,
            channels: 1,
            zstd: false,
            tls_creds: None,
            plain: false,
            lease: None,
        }
    }
}

impl MigrationSettings {
    /// The most connections.
    pub const MAX_CHANNELS: u32 = MAX_STREAMS;

    /// The way of the memory to a destination. `is_shared` is true if another process can take the
    /// memory over.
    #[must_use]
    pub fn mode_to(&self, destination: &Endpoint, is_shared: bool) -> MigrationMode {
        self.mode.unwrap_or(match destination {
            Endpoint::Unix(_) if is_shared => MigrationMode::CprTransfer,
            Endpoint::Unix(_) | Endpoint::Tcp { .. } => MigrationMode::Normal,
        })
    }
}

/// Status of a migration (`MigrationStatus`; `in-doubt` is this machine's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationStatus {
    /// The sides agree on the migration.
    Setup,
    /// Memory is sent.
    Active,
    /// The guest is stopped, and its state is sent.
    Device,
    /// The destination runs the guest.
    Completed,
    /// The migration has failed; the guest goes on at the source.
    Failed,
    /// The migration is being cancelled.
    Cancelling,
    /// The migration was cancelled.
    Cancelled,
    /// The link was lost after the hand-over had begun: either side may be the one that runs.
    InDoubt,
}

impl MigrationStatus {
    /// The status of a side at a step.
    #[must_use]
    pub const fn at(step: MigrationStep) -> Self {
        match step {
            MigrationStep::Hello | MigrationStep::View | MigrationStep::Memory => Self::Setup,
            MigrationStep::Rounds => Self::Active,
            MigrationStep::State | MigrationStep::Ready | MigrationStep::HandOver => Self::Device,
            MigrationStep::Running => Self::Completed,
        }
    }

    /// True if the migration is under way.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(
            self,
            Self::Setup | Self::Active | Self::Device | Self::Cancelling
        )
    }
}

/// Report on a migration (`MigrationInfo`); without a status before the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationInfo {
    /// The status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MigrationStatus>,
    /// The time since the start, or of the whole migration, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_time: Option<u64>,
    /// The time in which the guest did not run, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime: Option<u64>,
    /// The downtime if the guest was stopped now, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_downtime: Option<u64>,
    /// The time before memory is sent, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setup_time: Option<u64>,
    /// The share of time for which vCPUs are slowed down, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_throttle_percentage: Option<u8>,
    /// The counters of the memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ram: Option<MigrationStats>,
    /// The error of a migration that has failed, or the reason for the doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_desc: Option<String>,
}

/// Counters of the memory (`MigrationStats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MigrationStats {
    /// The bytes that were sent.
    pub transferred: u64,
    /// The bytes of the round that are not sent yet.
    pub remaining: u64,
    /// The size of the memory in bytes.
    pub total: u64,
    /// The number of zero pages that were sent.
    pub duplicate: u64,
    /// The number of other pages that were sent.
    pub normal: u64,
    /// The number of bytes of other pages that were sent, before compression.
    pub normal_bytes: u64,
    /// The pages that the guest dirtied in a second of the last round.
    pub dirty_pages_rate: u64,
    /// The bandwidth in megabits of guest memory per second.
    pub mbps: f64,
    /// The number of rounds that were begun.
    pub dirty_sync_count: u64,
    /// The number of rounds with zero-copy that copied, which this machine does not have: 0.
    pub dirty_sync_missed_zero_copy: u64,
    /// The number of requests of post-copy, which this machine does not have: 0.
    pub postcopy_requests: u64,
    /// The bytes of post-copy, which this machine does not have: 0.
    pub postcopy_bytes: u64,
    /// The bytes that the first connection carried while the guest ran.
    pub precopy_bytes: u64,
    /// The bytes that the first connection carried while the guest was paused.
    pub downtime_bytes: u64,
    /// The bytes that the further connections carried.
    pub multifd_bytes: u64,
    /// The size of a page in bytes.
    pub page_size: u64,
    /// The pages of guest memory per second.
    pub pages_per_second: u64,
}

impl MigrationInfo {
    /// The report of a side whose migration has this status and progress.
    #[must_use]
    pub fn new(status: MigrationStatus, progress: &MigrationProgress) -> Self {
        let ram = progress.ram;
        let page_size = ram.page_size.max(1);
        let (bits, pages) = (ram.bandwidth.saturating_mul(8), ram.bandwidth / page_size);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let mbps = bits as f64 / 1e6;
        let counters = MigrationStats {
            transferred: ram.transferred,
            remaining: ram.remaining,
            total: ram.total,
            duplicate: ram.duplicate,
            normal: ram.normal,
            normal_bytes: ram.normal_bytes,
            dirty_pages_rate: ram.dirty_pages_rate,
            mbps,
            dirty_sync_count: ram.dirty_sync_count,
            dirty_sync_missed_zero_copy: 0,
            postcopy_requests: 0,
            postcopy_bytes: 0,
            precopy_bytes: ram.precopy_bytes,
            downtime_bytes: ram.downtime_bytes,
            multifd_bytes: ram.stream_bytes,
            page_size: ram.page_size,
            pages_per_second: pages,
        };
        let throttle = progress.throttle_percent;
        Self {
            status: Some(status),
            total_time: Some(milliseconds(progress.total_time)),
            downtime: progress.downtime.map(milliseconds),
            expected_downtime: progress.expected_downtime.map(milliseconds),
            setup_time: progress.setup_time.map(milliseconds),
            cpu_throttle_percentage: (throttle > 0).then_some(throttle),
            ram: (ram.total > 0).then_some(counters),
            error_desc: None,
        }
    }
}

/// The settings as `query-migrate-parameters` returns them (`MigrationParameters`). `time-out`,
/// `strategy`, `auto-converge`, `plain` and `lease` are this machine's own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ShownSettings {
    downtime_limit: u64,
    max_bandwidth: u64,
    mode: &'static str,
    multifd_channels: u32,
    multifd_compression: &'static str,
    tls_creds: PathBuf,
    time_out: u64,
    strategy: &'static str,
    auto_converge: bool,
    plain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<PathBuf>,
}

impl From<MigrationSettings> for ShownSettings {
    fn from(settings: MigrationSettings) -> Self {
        let parameters = settings.parameters;
        Self {
            downtime_limit: milliseconds(parameters.downtime_limit),
            max_bandwidth: parameters.bandwidth.unwrap_or(0),
            mode: match settings.mode {
                None => "auto",
                Some(MigrationMode::Normal) => "normal",
                Some(MigrationMode::CprTransfer) => "cpr-transfer",
            },
            multifd_channels: settings.channels,
            multifd_compression: if settings.zstd { "zstd" } else { "none" },
            tls_creds: settings.tls_creds.unwrap_or_default(),
            time_out: parameters.time_out.map_or(0, milliseconds),
            strategy: match parameters.strategy {
                TimeOutStrategy::Cancel => "cancel",
                TimeOutStrategy::Force => "force",
            },
            auto_converge: parameters.auto_converge,
            plain: settings.plain,
            lease: settings.lease,
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
