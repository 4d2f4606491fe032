//! QMP server: all clients of a socket, in one thread.

use super::client::Client;
use super::command::{self, Context};
use super::event::{self, EventQueue, EventSender};
use super::expansion::Models;
use super::guest::GuestControl;
use super::message;
use super::socket::{Socket, SocketFile};
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum number of clients at once; more wait in the listener's backlog until others have left.
const MAX_CLIENTS: usize = 64;

/// Shutdown timeout: a model expansion takes up to this long on an emulated host.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Timeout for writing the last output to the clients.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

// Sources of events; client numbers begin at `FIRST_CLIENT`.
const LISTENER: u32 = 0;
const WAKE: u32 = 1;
const FIRST_CLIENT: u32 = 2;

/// Handle of a running server; dropping it ends the server and removes its socket.
#[derive(Debug)]
pub struct ServerHandle {
    events: EventSender,
    stop: Arc<AtomicBool>,
    /// Disconnected when the thread ends.
    ended: Receiver<()>,
    _file: SocketFile,
}

/// Error in starting a server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A system call failed.
    #[error("cannot start the QMP server")]
    Io(#[from] io::Error),
    /// The event loop cannot be set up.
    #[error("cannot watch the QMP server's clients")]
    Events(#[from] event_manager::Error),
}

/// Starts a thread that serves a socket's clients.
///
/// # Errors
///
/// [`ServerError`] if the kernel has no thread or no file descriptor left.
pub fn start(
    socket: Socket,
    guest: Box<dyn GuestControl>,
    models: Models,
) -> Result<ServerHandle, ServerError> {
    let (listener, file) = socket.into_parts();
    let (events, queue) = event::channel()?;
    let stop = Arc::new(AtomicBool::new(false));
    let service = Service {
        listener,
        listening: false,
        queue,
        context: Context::new(guest, models),
        clients: BTreeMap::new(),
        next: FIRST_CLIENT,
    };
    let mut manager = EventManager::new()?;
    let id = manager.add_subscriber(service);
    let stopped = Arc::clone(&stop);
    let (end, ended) = channel();
    thread::Builder::new()
        .name("qmp".to_owned())
        .spawn(move || {
            let _end = end;
            while !stopped.load(Ordering::Acquire) {
                if let Err(error) = manager.run() {
                    tracing::error!(%error, "the QMP server ends");
                    return;
                }
            }
            if let Ok(mut service) = manager.remove_subscriber(id) {
                service.flush_clients();
            }
        })?;
    Ok(ServerHandle {
        events,
        stop,
        ended,
        _file: file,
    })
}

impl ServerHandle {
    /// Sender of events to the clients.
    #[must_use]
    pub fn events(&self) -> EventSender {
        self.events.clone()
    }
}

/// Ends the server: writes pending output to clients that read it within `FLUSH_TIMEOUT`,
/// disconnects all clients, and removes the socket.
impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.events.wake();
        // Disconnected, or timed out: a thread that still works ends with the program.
        let _ = self.ended.recv_timeout(SHUTDOWN_TIMEOUT);
    }
}

/// The listener and all clients, by the number in their events.
#[derive(Debug)]
struct Service {
    listener: UnixListener,
    /// True if the listener is registered with epoll: not while the number of clients is at its
    /// maximum.
    listening: bool,
    queue: EventQueue,
    context: Context,
    clients: BTreeMap<u32, Client>,
    next: u32,
}

impl Service {
    /// Accepts connections up to `MAX_CLIENTS`.
    fn accept(&mut self, ops: &mut EventOps) {
        while self.clients.len() < MAX_CLIENTS {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    // For example too many open files. The connection stays in the backlog until a
                    // client has left.
                    tracing::warn!(%error, "cannot accept a QMP client now");
                    break;
                }
            };
            let Ok(client) = Client::new(stream) else {
                continue;
            };
            let number = self.next;
            self.next = self.next.checked_add(1).unwrap_or(FIRST_CLIENT);
            // No events yet, but epoll reports a hang-up in any case.
            let events = Events::with_data_raw(client.descriptor(), number, client.registered);
            match ops.add(events) {
                Ok(()) => drop(self.clients.insert(number, client)),
                Err(error) => tracing::warn!(%error, "cannot watch a QMP client; disconnected"),
            }
        }
        self.watch_listener(ops, false);
    }

    /// Registers the listener with epoll, or removes it.
    fn watch_listener(&mut self, ops: &mut EventOps, listen: bool) {
        if self.listening == listen {
            return;
        }
        let events = Events::with_data(&self.listener, LISTENER, EventSet::IN);
        let result = if listen {
            ops.add(events)
        } else {
            ops.remove(events)
        };
        match result {
            Ok(()) => self.listening = listen,
            Err(error) => tracing::error!(%error, "cannot watch the QMP listener"),
        }
    }

    /// Sends queued events to all clients.
    fn send_events(&mut self) {
        for event in self.queue.drain() {
            let line = message::line(&event.message());
            for client in self.clients.values_mut() {
                client.session.event(&line);
            }
        }
    }

    /// Answers one request of each client in turn, until no request can be answered now.
    fn answer(&mut self) {
        let mut numbers: Vec<u32> = self.clients.keys().copied().collect();
        while !numbers.is_empty() {
            numbers.retain(|number| self.answer_one(*number));
        }
    }

    /// Answers a request of this client; false if it has none.
    fn answer_one(&mut self, number: u32) -> bool {
        let Some(client) = self.clients.get_mut(&number) else {
            return false;
        };
        client.write();
        let Some(pending) = client.session.next() else {
            return false;
        };
        let (id, negotiated) = (pending.id, pending.negotiated);
        let mut is_negotiation = false;
        let result = pending.request.and_then(|request| {
            is_negotiation = command::negotiates(&request);
            command::run(&self.context, negotiated, request)
        });
        // Events of the command precede its reply, as in QEMU.
        self.send_events();
        if let Some(client) = self.clients.get_mut(&number) {
            client.session.answer(&id, result, is_negotiation);
        }
        true
    }

    /// Writes output, disconnects finished clients, and updates the registration of the others.
    fn update_clients(&mut self, ops: &mut EventOps) {
        self.clients.retain(|number, client| {
            client.write();
            if client.is_finished() {
                // Closing the descriptor removes it from epoll, this from event-manager.
                let _removed = ops.remove(Events::empty_raw(client.descriptor()));
                return false;
            }
            let interest = client.interest();
            if interest != client.registered {
                let events = Events::with_data_raw(client.descriptor(), *number, interest);
                if let Err(error) = ops.modify(events) {
                    tracing::warn!(%error, "cannot watch a QMP client any more; disconnected");
                    let _removed = ops.remove(Events::empty_raw(client.descriptor()));
                    return false;
                }
                client.registered = interest;
            }
            true
        });
        self.watch_listener(ops, self.clients.len() < MAX_CLIENTS);
    }

    /// Writes the last output to clients, for at most `FLUSH_TIMEOUT`.
    fn flush_clients(&mut self) {
        self.send_events();
        let started = Instant::now();
        while started.elapsed() < FLUSH_TIMEOUT {
            self.clients.retain(|_, client| {
                client.write();
                !client.session.output().is_empty()
            });
            if self.clients.is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl MutEventSubscriber for Service {
    fn init(&mut self, ops: &mut EventOps) {
        self.watch_listener(ops, true);
        if let Err(error) = ops.add(Events::with_data(self.queue.wake(), WAKE, EventSet::IN)) {
            tracing::error!(%error, "cannot watch events; QMP clients will not receive them");
        }
    }

    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match events.data() {
            LISTENER => self.accept(ops),
            // The read resets the eventfd; its count has no meaning.
            WAKE => drop(self.queue.wake().read()),
            number => {
                if let Some(client) = self.clients.get_mut(&number) {
                    client.read();
                    client.note_hang_up(events.event_set());
                }
            }
        }
        self.send_events();
        self.answer();
        self.update_clients(ops);
    }
}
