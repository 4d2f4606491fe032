//! The listening socket in the server's event loop.

use event_manager::{EventOps, EventSet, Events};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;
use vmm_sys_util::timerfd::TimerFd;

/// Time after which a connection that could not be accepted is tried again although no client has
/// left: another thread or process may have used up the file descriptors.
const RETRY: Duration = Duration::from_secs(1);

/// Listening socket that is not watched while no connection can be accepted.
#[derive(Debug)]
pub(super) struct Listener {
    socket: UnixListener,
    /// True if epoll watches the socket.
    watched: bool,
    /// True if `accept` has failed since a client left or `RETRY` passed.
    starved: bool,
    /// True if a warning was printed about the connections that wait now.
    warned: bool,
    retry: TimerFd,
}

/// Numbers of the listener's sources of events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources {
    pub(super) listener: u32,
    pub(super) retry: u32,
}

impl Listener {
    /// # Errors
    ///
    /// The kernel's error if there is no timer.
    pub(super) fn new(socket: UnixListener) -> io::Result<Self> {
        Ok(Self {
            socket,
            watched: false,
            starved: false,
            warned: false,
            retry: TimerFd::new().map_err(io::Error::from)?,
        })
    }

    /// Begins to watch the socket.
    ///
    /// # Errors
    ///
    /// The kernel's error if epoll watches no more sources.
    pub(super) fn start(
        &mut self,
        ops: &mut EventOps,
        sources: Sources,
    ) -> Result<(), event_manager::Error> {
        ops.add(Events::with_data(&self.retry, sources.retry, EventSet::IN))?;
        self.watch(ops, sources, true)
    }

    /// Accepts a connection; `None` if none waits, or if none can be accepted now.
    pub(super) fn accept(&mut self) -> Option<UnixStream> {
        match self.socket.accept() {
            Ok((stream, _)) => Some(stream),
            // Without a file descriptor left, `accept` fails although nobody waits.
            Err(error) if self.is_waiting() => {
                self.starve(&error);
                None
            }
            Err(_) => {
                self.warned = false;
                None
            }
        }
    }

    /// True if a connection waits in the backlog.
    fn is_waiting(&self) -> bool {
        let mut polled = [PollFd::new(&self.socket, PollFlags::IN)];
        let ready = poll(&mut polled, Some(&Timespec::default()));
        ready.is_ok_and(|count| count > 0)
    }

    /// Stops listening after an error of `accept`, as for want of file descriptors: the connection
    /// stays in the backlog, so that epoll would report it again at once.
    fn starve(&mut self, error: &io::Error) {
        self.starved = true;
        if !self.warned {
            self.warned = true;
            tracing::warn!(
                %error,
                "cannot accept a QMP client now; it waits until another has left; a higher limit \
                 of open files (`ulimit -n`) prevents this"
            );
        }
        if let Err(error) = self.retry.reset(RETRY, None) {
            tracing::warn!(%error, "QMP clients that wait are accepted only when another leaves");
        }
    }

    /// Listens again after a client has left, or when the timer has expired.
    pub(super) fn relieve(&mut self) {
        self.starved = false;
        // Also resets the timer's file descriptor, which a read might wait for.
        let _cleared = self.retry.clear();
    }

    /// Watches the socket if the server has `room` for a client, and one can be accepted.
    ///
    /// # Errors
    ///
    /// The kernel's error if epoll watches no more sources.
    pub(super) fn watch(
        &mut self,
        ops: &mut EventOps,
        sources: Sources,
        room: bool,
    ) -> Result<(), event_manager::Error> {
        let watch = room && !self.starved;
        if watch == self.watched {
            return Ok(());
        }
        let events = Events::with_data(&self.socket, sources.listener, EventSet::IN);
        if watch {
            ops.add(events)?;
        } else {
            ops.remove(events)?;
        }
        self.watched = watch;
        Ok(())
    }
}
