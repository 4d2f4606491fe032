//! Signals that end this program, as events of the supervisor.

use super::ending::Ending;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::unix::net::UnixStream;

/// What ends this program in good order.
const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Signals that have come and were not seen to.
pub(crate) type Signals = SignalDelivery<UnixStream, SignalOnly>;

/// Takes the signals that end this program: from here on they do not by themselves.
pub(crate) fn install_signal_handlers() -> io::Result<Signals> {
    let (read, write) = UnixStream::pair()?;
    SignalDelivery::with_pipe(read, write, SignalOnly, SIGNALS)
}

/// The ending that the oldest signal asks for, if there is one that was not seen to.
pub(crate) fn pending_signal(signals: &mut Signals) -> Option<Ending> {
    signals.pending().next().map(Ending::of_signal)
}
