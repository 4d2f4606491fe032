//! Commands of migration: `migrate`, `query-migrate`, `migrate_cancel`, `migrate-resolve`,
//! `migrate-set-parameters`, `query-migrate-parameters`.

use super::arguments::Arguments;
use super::guest::GuestControl;
use super::message::{CommandResult, QmpError, ReturnValue};
use super::migration::{MigrationMode, MigrationSettings, ShownSettings};
use crate::endpoint::Endpoint;
use crate::migration::control::TimeOutStrategy;
use crate::migration::inquiry::DoubtDecision;
use std::ops::RangeInclusive;
use std::time::Duration;

/// `auto` is this machine's own.
const MODES: [(&str, Option<MigrationMode>); 3] = [
    ("auto", None),
    ("normal", Some(MigrationMode::Normal)),
    ("cpr-transfer", Some(MigrationMode::CprTransfer)),
];

const STRATEGIES: [(&str, TimeOutStrategy); 2] = [
    ("cancel", TimeOutStrategy::Cancel),
    ("force", TimeOutStrategy::Force),
];

const COMPRESSIONS: [(&str, bool); 2] = [("none", false), ("zstd", true)];

const DECISIONS: [(&str, DoubtDecision); 2] = [
    ("run", DoubtDecision::Run),
    ("discard", DoubtDecision::Discard),
];

/// The limits of QEMU (11.1, `migration/options.c`, `MAX_MIGRATE_DOWNTIME`), in milliseconds.
const DOWNTIMES: RangeInclusive<u64> = 0..=2_000_000;

/// Starts a migration.
pub(super) fn migrate(guest: &dyn GuestControl, mut arguments: Arguments) -> CommandResult {
    for name in ["channels", "resume"] {
        if arguments.has(name) {
            return Err(QmpError::generic(format!(
                "Parameter '{name}' is unexpected: give 'uri', as unix:PATH or tcp:HOST:PORT; \
                 `migrate-set-parameters` has the number of connections"
            )));
        }
    }
    let uri = arguments.string("uri")?;
    // Without effect in QEMU too.
    arguments.optional_bool("detach")?;
    arguments.finish()?;
    let to: Result<Endpoint, _> = uri.parse();
    let to = to.map_err(|error| QmpError::generic(format!("Parameter 'uri': {error}")))?;
    guest.migrate(to).map_err(QmpError::generic)?;
    Ok(ReturnValue::empty())
}

/// Reports on the migration.
pub(super) fn query_migrate(guest: &dyn GuestControl, arguments: Arguments) -> CommandResult {
    arguments.finish()?;
    let info = guest.migration().map_err(QmpError::generic)?;
    Ok(ReturnValue::new(&info))
}

/// Decides a migration in doubt.
pub(super) fn resolve(guest: &dyn GuestControl, mut arguments: Arguments) -> CommandResult {
    let decision = arguments.word("decision", &DECISIONS)?;
    arguments.finish()?;
    let resolved = guest.resolve_migration(decision);
    resolved.map_err(QmpError::generic)?;
    Ok(ReturnValue::empty())
}

/// Changes settings; those that are not given stay.
pub(super) fn set_parameters(guest: &dyn GuestControl, mut arguments: Arguments) -> CommandResult {
    let mut settings = guest.migration_settings().map_err(QmpError::generic)?;
    change(&mut settings, &mut arguments)?;
    arguments.finish()?;
    let set = guest.set_migration_settings(settings);
    set.map_err(QmpError::generic)?;
    Ok(ReturnValue::empty())
}

fn change(settings: &mut MigrationSettings, arguments: &mut Arguments) -> Result<(), QmpError> {
    let parameters = &mut settings.parameters;
    if let Some(limit) = arguments.optional_number("downtime-limit", DOWNTIMES)? {
        parameters.downtime_limit = Duration::from_millis(limit);
    }
    if let Some(bandwidth) = arguments.optional_number("max-bandwidth", 0..=u64::MAX)? {
        parameters.bandwidth = (bandwidth > 0).then_some(bandwidth);
    }
    if let Some(time) = arguments.optional_number("time-out", 0..=u64::from(u32::MAX))? {
        parameters.time_out = (time > 0).then_some(Duration::from_millis(time));
    }
    if let Some(strategy) = arguments.optional_word("strategy", &STRATEGIES)? {
        parameters.strategy = strategy;
    }
    if let Some(is_on) = arguments.optional_bool("auto-converge")? {
        parameters.auto_converge = is_on;
    }
    if let Some(mode) = arguments.optional_word("mode", &MODES)? {
        settings.mode = mode;
    }
    let channels = 1..=u64::from(MigrationSettings::MAX_CHANNELS);
    if let Some(channels) = arguments.optional_number("multifd-channels", channels)? {
        settings.channels = u32::try_from(channels).unwrap_or(1);
    }
    if let Some(zstd) = arguments.optional_word("multifd-compression", &COMPRESSIONS)? {
        settings.zstd = zstd;
    }
    if let Some(directory) = arguments.optional_string("tls-creds")? {
        settings.tls_creds = (!directory.is_empty()).then(|| directory.into());
    }
    if let Some(is_plain) = arguments.optional_bool("plain")? {
        settings.plain = is_plain;
    }
    if let Some(lease) = arguments.optional_string("lease")? {
        settings.lease = (!lease.is_empty()).then(|| lease.into());
    }
    Ok(())
}

/// Shows the settings.
pub(super) fn query_parameters(guest: &dyn GuestControl, arguments: Arguments) -> CommandResult {
    arguments.finish()?;
    let settings = guest.migration_settings().map_err(QmpError::generic)?;
    Ok(ReturnValue::new(&ShownSettings::from(settings)))
}
