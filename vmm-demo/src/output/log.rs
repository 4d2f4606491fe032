//! The log on the standard error.

use std::io;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// Starts logging through a filter, by default of warnings and errors.
pub fn start(filter: Option<&Targets>) {
    let filter = filter
        .cloned()
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::WARN));
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(true)
        .without_time();
    // Fails only if a subscriber is already installed.
    let _started = registry().with(lines).with(filter).try_init();
}
