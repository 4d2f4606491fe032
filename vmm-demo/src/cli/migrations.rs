//! Arguments of migrations.

use super::views::ToleranceArgument;
use crate::endpoint::Endpoint;
use crate::socket_address::Address;
use crate::vmm::state::ClockPolicy;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `run` for a guest from another process.
#[derive(Debug, Args)]
#[command(next_help_heading = "A guest from another process")]
pub struct IncomingArguments {
    /// Wait here for a guest that `migrate` moves. Port 0 is any that is free.
    ///
    /// The guest must fit this host as `idreg where` judges it; else every reason is printed on
    /// both sides, and the guest goes on where it is.
    #[arg(
        long,
        value_name = "unix:PATH|tcp:HOST:PORT",
        group = "linux_guest",
        conflicts_with_all = [
            "kernel", "cpu", "smp", "firmware", "all", "json", "initrd", "append", "mem",
            "no_reboot", "impl_cpu",
        ]
    )]
    pub incoming: Option<Endpoint>,
    /// The directory with the certificates for TCP: ca-cert.pem, server-cert.pem and
    /// server-key.pem.
    #[arg(long, value_name = "DIRECTORY", requires = "incoming")]
    pub tls_creds: Option<PathBuf>,
    /// Use TCP without certificates, between addresses of this machine only.
    #[arg(long, requires = "incoming", conflicts_with = "tls_creds")]
    pub plain: bool,
    /// Let files at this path decide who runs the guest after a lost link: on storage that both
    /// sides reach, and the same on both.
    #[arg(long, value_name = "PATH", requires = "incoming")]
    pub lease: Option<PathBuf>,
    /// The treatment of the time in which the guest was stopped.
    #[arg(
        long,
        value_name = "POLICY",
        value_enum,
        default_value_t,
        requires = "incoming"
    )]
    pub clock: ClockPolicy,
    /// The fields that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct MigrateArguments {
    /// The place where `run --incoming` waits.
    #[arg(long, value_name = "unix:PATH|tcp:HOST:PORT")]
    pub to: Endpoint,
    /// The socket at which the guest serves QMP: the `--qmp` of its `run` or `restore`.
    #[arg(long, value_name = "unix:PATH")]
    pub qmp: Address,
    /// Copy the memory also through a Unix socket, instead of letting the other process take it
    /// over.
    #[arg(long)]
    pub copy: bool,
    /// The directory with the certificates for TCP: ca-cert.pem, client-cert.pem and
    /// client-key.pem. The guest's process reads it.
    #[arg(long, value_name = "DIRECTORY")]
    pub tls_creds: Option<PathBuf>,
    /// Use TCP without certificates, between addresses of this machine only.
    #[arg(long, conflicts_with = "tls_creds")]
    pub plain: bool,
    /// Let files at this path decide who runs the guest after a lost link: on storage that both
    /// sides reach, and the same on both.
    #[arg(long, value_name = "PATH")]
    pub lease: Option<PathBuf>,
    /// The longest time for which the guest may stand still.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 300)]
    pub downtime_limit: u64,
    /// The most bytes per second.
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub max_bandwidth: u64,
    /// The time for the copying of memory that the guest writes again and again; unlimited by
    /// default.
    #[arg(long, value_name = "SECONDS")]
    pub time_out: Option<u32>,
    /// Stop the guest when the time is used up and send the rest, however long that takes, instead
    /// of cancelling the migration.
    #[arg(long, requires = "time_out")]
    pub force: bool,
    /// Slow the guest down if it writes memory faster than it can be copied.
    #[arg(long)]
    pub auto_converge: bool,
    /// The number of connections for memory.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=64)
    )]
    pub channels: u32,
    /// Compress memory with zstd.
    #[arg(long)]
    pub zstd: bool,
}
