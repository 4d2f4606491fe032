//! What this program says of its doings, on the standard error.

use std::io;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// Has all that the filter lets through said; without one, warnings.
pub fn start(filter: Option<&Targets>) {
    let filter = filter
        .cloned()
        .unwrap_or_else(|| Targets::new().with_default(tracing::Level::WARN));
    let lines = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(true)
        .without_time();
    // It fails if there is a subscriber already, and there is none.
    let _started = registry().with(lines).with(filter).try_init();
}
