//! Signals that end this program, as events of the supervisor.

use super::ending::Ending;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::unix::net::UnixStream;
use vmm_sys_util::signal::{block_signal, unblock_signal};

/// Signals that end this program in good order.
const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Pending signals: delivered and not handled yet.
pub type Signals = SignalDelivery<UnixStream, SignalOnly>;

/// Installs handlers for the signals that end this program; they become events from here on.
///
/// # Errors
///
/// The pipe between handlers and events, or a handler, cannot be made.
pub fn install_signal_handlers() -> io::Result<Signals> {
    let (read, write) = UnixStream::pair()?;
    install_undisturbed(|| SignalDelivery::with_pipe(read, write, SignalOnly, SIGNALS))
}

/// Installs signal handlers while this thread, which must be the only one, has these signals
/// blocked: signal-hook-registry 1.4 drops a signal that arrives between the installation of its
/// handler and the entry of the action, and this program would run on.
///
/// # Errors
///
/// The error of `install`, or the signals cannot be unblocked.
pub fn install_undisturbed<T>(install: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    // Fails for a signal that this program was started with blocked, which stays so.
    let blocked = SIGNALS.map(|signal| block_signal(signal).is_ok().then_some(signal));
    let installed = install();
    for signal in blocked.into_iter().flatten() {
        unblock_signal(signal).map_err(|error| io::Error::other(error.to_string()))?;
    }
    installed
}

/// The ending by the first pending signal, or `None`.
pub fn pending_signal(signals: &mut Signals) -> Option<Ending> {
    signals.pending().next().map(Ending::of_signal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use vmm_sys_util::signal::Killable;

    #[test]
    fn signal_during_the_installation_is_not_lost() {
        let (started, start) = mpsc::channel();
        let (sent, sending) = mpsc::channel::<()>();
        let installing = thread::spawn(move || {
            install_undisturbed(|| {
                started.send(()).unwrap();
                sending.recv().unwrap();
                let (read, write) = UnixStream::pair()?;
                SignalDelivery::with_pipe(read, write, SignalOnly, SIGNALS)
            })
        });
        start.recv().unwrap();
        installing.kill(SIGTERM).unwrap();
        sent.send(()).unwrap();
        let mut signals: Signals = installing.join().unwrap().unwrap();
        assert_eq!(pending_signal(&mut signals), Some(Ending::Signal(15)));
        assert_eq!(pending_signal(&mut signals), None);
    }
}
