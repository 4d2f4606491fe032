//! All clients of a socket, in a thread of their own.

use super::event::{self, EventQueue, EventSender};
use super::guest::Guest;
use super::socket::{Socket, SocketFile};
use idreg_runtime::host::Host;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// What CPU models are expanded for.
#[derive(Debug)]
pub(crate) enum Models {
    /// This machine: they are tried on KVM.
    ThisMachine,
    /// A host from a file.
    Host(Box<Host>),
}

/// A server that runs in a thread; it ends when this is dropped, and its socket is removed.
#[derive(Debug)]
pub(crate) struct Handle {
    events: EventSender,
    stop: Arc<AtomicBool>,
    /// Closed by the thread's end.
    ended: Receiver<()>,
    _file: SocketFile,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the QMP server")]
pub(crate) struct ServerError(#[from] io::Error);

/// How long a server that is to end is waited for: as long as a model may take on an emulated host.
const END: Duration = Duration::from_secs(2);

/// The server of a socket.
#[derive(Debug)]
pub(crate) struct Server;

impl Server {
    /// Serves a socket's clients in a thread of its own.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if the kernel has no thread or no file descriptor left.
    pub(crate) fn start(
        socket: Socket,
        guest: Box<dyn Guest>,
        models: Models,
    ) -> Result<Handle, ServerError> {
        let (listener, file) = socket.into_parts();
        let (events, queue) = event::channel()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (end, ended) = channel();
        thread::Builder::new()
            .name("qmp".to_owned())
            .spawn(move || {
                let _end = end;
                let _ = (listener, guest, models);
                serve(&queue, &stopped);
            })?;
        Ok(Handle {
            events,
            stop,
            ended,
            _file: file,
        })
    }
}

fn serve(queue: &EventQueue, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        thread::sleep(Duration::from_millis(10));
        let _ = queue.wake().read();
        queue.drain().for_each(|event| drop(event.message()));
    }
}

impl Handle {
    /// Where events are sent to.
    pub(crate) fn events(&self) -> EventSender {
        self.events.clone()
    }

    /// Ends the server: clients get what is written already, as far as they read it within a moment, and
    /// are disconnected, and the socket is removed.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.events.wake();
        // Closed or late: a thread that is still at work ends with the program.
        let _ = self.ended.recv_timeout(END);
    }
}
