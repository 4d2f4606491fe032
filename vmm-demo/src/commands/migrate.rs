//! `migrate`: moves a running guest to another process, by its QMP server.

use crate::cli::migrations::MigrateArguments;
use crate::guest::ending::Ending;
use crate::guest::signals::{Signals, install_signal_handlers, pending_signal};
use crate::output::failure::Failure;
use crate::output::progress::ByteProgress;
use crate::output::{self, escaped};
use crate::qmp::migration::MigrationStatus;
use crate::qmp::monitor::Monitor;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{self, Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Interval of questions for the progress, unless an event arrives earlier.
const INTERVAL: Duration = Duration::from_millis(100);

/// Time in which a guest's process ends after `quit`.
const QUIT_TIMEOUT: Duration = Duration::from_secs(30);

/// A guest that was not moved, or whose old process has not ended.
#[derive(Debug, Error)]
enum NotMoved {
    #[error("no destination or no guest is given; give both --to and --qmp")]
    NoDestination,
    #[error("the guest was not moved, and goes on here: {0}")]
    Failed(String),
    #[error(
        "nobody knows which side runs the guest, and both wait: {0}; see if the destination has \
         it, then run it on one side and discard it on the other (QMP's `migrate-resolve`)"
    )]
    InDoubt(String),
    #[error("the path `{}` is not UTF-8, and QMP has no other; use another path", escaped(.0))]
    Path(String),
    #[error(
        "the guest is moved, but its old process has not ended in {QUIT_TIMEOUT:?}; end it by a \
         signal"
    )]
    NotEnded,
}

/// A migration as `query-migrate` reports it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Report {
    status: Option<MigrationStatus>,
    total_time: Option<u64>,
    downtime: Option<u64>,
    ram: Option<RamReport>,
    error_desc: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RamReport {
    transferred: u64,
    remaining: u64,
    total: u64,
}

/// Moves a guest, and ends its process here when it runs there. A signal cancels the migration.
///
/// # Errors
///
/// [`Failure`]: no guest answers, or it was not moved; it goes on then.
pub fn migrate(arguments: &MigrateArguments) -> Result<Ending, Failure> {
    let (Some(qmp), Some(destination)) = (&arguments.qmp, &arguments.to) else {
        return Err(Failure::Unusable(NotMoved::NoDestination.into()));
    };
    let settings = settings(arguments)?;
    let mut signals = install_signal_handlers().map_err(Failure::other)?;
    let mut monitor = Monitor::connect(qmp)?;
    monitor.execute("migrate-set-parameters", &settings)?;
    let to = json!({ "uri": destination.to_string() });
    monitor.execute("migrate", &to)?;
    let ending = follow(&mut monitor, &mut signals)?;
    if ending == Ending::Done {
        monitor.execute("quit", &json!({}))?;
        if !monitor.wait_for_end(QUIT_TIMEOUT)? {
            return Err(Failure::other(NotMoved::NotEnded));
        }
    }
    Ok(ending)
}

/// The arguments of `migrate-set-parameters`: all of them, since an earlier client may have left
/// others.
fn settings(arguments: &MigrateArguments) -> Result<Value, Failure> {
    let strategy = if arguments.force { "force" } else { "cancel" };
    let time_out = arguments.time_out.unwrap_or(0);
    let mode = if arguments.copy { "normal" } else { "auto" };
    Ok(json!({
        "mode": mode,
        "downtime-limit": arguments.downtime_limit,
        "max-bandwidth": arguments.max_bandwidth,
        "time-out": u64::from(time_out).saturating_mul(1000),
        "strategy": strategy,
        "auto-converge": arguments.auto_converge,
        "multifd-channels": arguments.channels,
        "multifd-compression": if arguments.zstd { "zstd" } else { "none" },
        "tls-creds": absolute(arguments.tls_creds.as_deref())?,
        "plain": arguments.plain,
        "lease": absolute(arguments.lease.as_deref())?,
    }))
}

/// Waits for the end of the migration, and shows its progress.
fn follow(monitor: &mut Monitor, signals: &mut Signals) -> Result<Ending, Failure> {
    let mut progress = ByteProgress::new("copied");
    let mut ending = Ending::Done;
    loop {
        let report: Report = monitor.query("query-migrate")?;
        if let Some(ram) = &report.ram {
            let done = ram.total.saturating_sub(ram.remaining);
            progress.report(done, ram.total);
        }
        match report.status {
            Some(MigrationStatus::Completed) => {
                drop(progress);
                summarise(&report);
                return Ok(Ending::Done);
            }
            Some(MigrationStatus::Cancelled) if ending != Ending::Done => return Ok(ending),
            Some(status) if status.is_active() => {}
            Some(MigrationStatus::InDoubt) => {
                let reason = report.error_desc.unwrap_or_default();
                return Err(Failure::other(NotMoved::InDoubt(reason)));
            }
            status => return Err(failure(status, report.error_desc)),
        }
        if let Some(signal) = pending_signal(signals) {
            ending = signal;
            monitor.execute("migrate_cancel", &json!({}))?;
        }
        monitor.next_event(INTERVAL)?;
    }
}

fn failure(status: Option<MigrationStatus>, error: Option<String>) -> Failure {
    let error = error.unwrap_or_else(|| match status {
        Some(MigrationStatus::Cancelled) => "another client has cancelled the migration".to_owned(),
        _ => "the reason is not known".to_owned(),
    });
    Failure::Refused(NotMoved::Failed(error).into())
}

/// Prints the downtime, and what was copied.
fn summarise(report: &Report) {
    let (downtime, total) = (report.downtime, report.total_time);
    let (downtime, total) = (downtime.unwrap_or(0), total.unwrap_or(0));
    let copied = report.ram.as_ref().map_or(0, |ram| ram.transferred);
    output::note(&format!(
        "the guest runs there: it stood still for {downtime} ms of {total} ms; {copied} bytes of \
         memory were copied"
    ));
}

/// The path for the guest's process, which can have another working directory; empty for none.
fn absolute(path: Option<&Path>) -> Result<String, Failure> {
    let Some(path) = path else {
        return Ok(String::new());
    };
    let unusable = |path: &Path| Failure::Unusable(NotMoved::Path(lossy(path)).into());
    let absolute: PathBuf = path::absolute(path).map_err(Failure::other)?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| unusable(path))
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
