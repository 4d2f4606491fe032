//! Signals that end this program, as events of the supervisor.

use super::ending::Ending;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::unix::net::UnixStream;

/// Signals that end this program in good order.
const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Pending signals: delivered and not handled yet.
pub(crate) type Signals = SignalDelivery<UnixStream, SignalOnly>;

/// Installs handlers for the signals that end this program; they become events from here on.
pub(crate) fn install_signal_handlers() -> io::Result<Signals> {
    let (read, write) = UnixStream::pair()?;
    SignalDelivery::with_pipe(read, write, SignalOnly, SIGNALS)
}

/// The ending by the first pending signal, or `None`.
pub(crate) fn pending_signal(signals: &mut Signals) -> Option<Ending> {
    signals.pending().next().map(Ending::of_signal)
}
