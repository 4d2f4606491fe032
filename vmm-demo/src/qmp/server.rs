//! QMP server: all clients of a socket, in one thread.

use super::client::Client;
use super::command::{self, Context};
use super::event::{self, EventQueue, EventSender};
use super::expansion::Models;
use super::guest::GuestControl;
use super::json::writer;
use super::listener::{Listener, Sources};
use crate::unix_socket::{Socket, SocketFile};
use event_manager::{EventManager, EventOps, EventSet, Events, MutEventSubscriber, SubscriberOps};
use std::collections::BTreeMap;
use std::io;
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
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

// Sources of events; client numbers begin at `FIRST_CLIENT`.
const LISTENER: u32 = 0;
const RETRY: u32 = 1;
const WAKE: u32 = 2;
const FIRST_CLIENT: u32 = 3;

const SOURCES: Sources = Sources {
    listener: LISTENER,
    retry: RETRY,
};

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
        listener: Listener::new(listener)?,
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
struct Service {
    listener: Listener,
    queue: EventQueue,
    context: Context,
    clients: BTreeMap<u32, Client>,
    next: u32,
}

impl Service {
    /// Accepts connections up to `MAX_CLIENTS`.
    fn accept(&mut self, ops: &mut EventOps) {
        while self.clients.len() < MAX_CLIENTS
            && let Some(stream) = self.listener.accept()
        {
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
    }

    /// Sends queued events to all clients.
    fn send_events(&mut self) {
        for event in self.queue.drain() {
            let line = writer::line(&event.message());
            for client in self.clients.values_mut() {
                client.session.event(&line);
            }
        }
    }

    /// Answers one request of each client that has one. Others connect, leave and send between two
    /// rounds, so that nobody waits for all that a client has asked.
    fn answer_round(&mut self) {
        let numbers: Vec<u32> = self.clients.keys().copied().collect();
        for number in numbers {
            self.answer_one(number);
        }
    }

    /// Answers a request of this client, if it has one.
    fn answer_one(&mut self, number: u32) {
        let client = self.clients.get_mut(&number);
        let Some(pending) = client.and_then(Client::next_request) else {
            return;
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
            client.write();
        }
    }

    /// Writes output, disconnects finished clients, and updates the registration of the others.
    fn update_clients(&mut self, ops: &mut EventOps) {
        let before = self.clients.len();
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
        let now = self.clients.len();
        if now < before {
            self.listener.relieve();
        }
        if let Err(error) = self.listener.watch(ops, SOURCES, now < MAX_CLIENTS) {
            tracing::error!(%error, "cannot watch the QMP listener");
        }
    }

    /// Asks for another round if a request can be answered.
    fn schedule_round(&self) {
        if self
            .clients
            .values()
            .any(|client| client.session.has_work())
        {
            self.queue.wake_again();
        }
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
        let started = self.listener.start(ops, SOURCES);
        if let Err(error) = started.and_then(|()| {
            let wake = Events::with_data(self.queue.wake(), WAKE, EventSet::IN);
            ops.add(wake)
        }) {
            tracing::error!(%error, "cannot watch the QMP listener; QMP clients are not answered");
        }
    }

    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match events.data() {
            LISTENER => self.accept(ops),
            RETRY => self.listener.relieve(),
            WAKE => {
                // The read resets the eventfd; its count has no meaning.
                let _count = self.queue.wake().read();
                self.answer_round();
            }
            number => {
                if let Some(client) = self.clients.get_mut(&number) {
                    client.read();
                }
            }
        }
        self.send_events();
        self.update_clients(ops);
        self.schedule_round();
    }
}
