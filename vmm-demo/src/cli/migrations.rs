//! Arguments of migrations.

use super::views::ToleranceArgument;
use crate::endpoint::Endpoint;
use crate::socket_address::Address;
use crate::vmm::state::ClockPolicy;
use clap::{Arg, Args};
use std::path::{Path, PathBuf};

/// Arguments of `run` for a guest from another process.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "A guest from another process",
    mut_arg("tolerate", |argument| argument.requires("incoming"))
)]
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

/// Arguments of `migrate` for a judgement beforehand.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "A judgement beforehand",
    mut_arg("tolerate", only_with_plan)
)]
pub struct MigrationPlanArguments {
    /// Move nothing, and say if a host would accept a guest, else every reason and what would have
    /// worked. Works on any machine.
    ///
    /// VIEW is the guest's view, written by `run --view`, and HOST the host's file, written by
    /// `idreg dump --json`.
    #[arg(
        long,
        num_args = 2,
        value_names = ["VIEW", "HOST"],
        conflicts_with_all = [
            "to", "qmp", "copy", "tls_creds", "plain", "lease", "downtime_limit", "max_bandwidth",
            "time_out", "force", "auto_converge", "channels", "zstd",
        ]
    )]
    pub plan: Option<Vec<PathBuf>>,
    /// The fields that may differ.
    #[command(flatten)]
    pub tolerance: ToleranceArgument,
    /// Print JSON.
    #[arg(long, requires = "plan", conflicts_with_all = ["to", "qmp"])]
    pub json: bool,
}

/// Arguments of `migrate`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct MigrateArguments {
    /// The place where `run --incoming` waits.
    #[arg(
        long,
        value_name = "unix:PATH|tcp:HOST:PORT",
        required_unless_present = "plan"
    )]
    pub to: Option<Endpoint>,
    /// The socket at which the guest serves QMP: the `--qmp` of its `run` or `restore`.
    #[arg(long, value_name = "unix:PATH", required_unless_present = "plan")]
    pub qmp: Option<Address>,
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
    /// The judgement beforehand.
    #[command(flatten)]
    pub judgement: MigrationPlanArguments,
}

/// An argument of the judgement. clap requires nothing that conflicts with what is given, so that
/// the others of `migrate` exclude it by themselves.
fn only_with_plan(argument: Arg) -> Arg {
    argument.requires("plan").conflicts_with_all(["to", "qmp"])
}

impl MigrationPlanArguments {
    /// The paths of the view and of the host, if the judgement is asked for.
    #[must_use]
    pub fn files(&self) -> Option<(&Path, &Path)> {
        match self.plan.as_deref() {
            Some([view, host]) => Some((view, host)),
            _ => None,
        }
    }
}
