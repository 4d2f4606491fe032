//! All clients of a socket, in a thread of their own.

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

/// Clients at once; more of them wait in the listener's backlog, and are served when others have left.
const MAX_CLIENTS: usize = 64;

/// How long a server that is to end is waited for: as long as a model may take on an emulated host.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long clients have to take what was said last.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(200);

// What an event is about: the first numbers are not those of clients.
const LISTENER: u32 = 0;
const WAKE: u32 = 1;
const FIRST_CLIENT: u32 = 2;

/// A server that runs in a thread; it ends when this is dropped, and its socket is removed.
#[derive(Debug)]
pub struct ServerHandle {
    events: EventSender,
    stop: Arc<AtomicBool>,
    /// Closed by the thread's end.
    ended: Receiver<()>,
    _file: SocketFile,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The kernel refuses.
    #[error("cannot start the QMP server")]
    Io(#[from] io::Error),
    #[error("cannot listen to the QMP server's clients")]
    /// Events cannot be watched.
    Events(#[from] event_manager::Error),
}

/// Serves a socket's clients in a thread of its own.
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
    /// Where events are sent to.
    #[must_use]
    pub fn events(&self) -> EventSender {
        self.events.clone()
    }
}

/// Ends the server: clients get what is written already, as far as they read it within a moment, and are
/// disconnected, and the socket is removed.
impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.events.wake();
        // Closed or late: a thread that is still at work ends with the program.
        let _ = self.ended.recv_timeout(SHUTDOWN_TIMEOUT);
    }
}

/// The listener and all clients, by the number that their events have.
#[derive(Debug)]
struct Service {
    listener: UnixListener,
    /// Whether the kernel tells of connections: not as long as there are too many.
    listening: bool,
    queue: EventQueue,
    context: Context,
    clients: BTreeMap<u32, Client>,
    next: u32,
}

impl Service {
    /// Takes connections until there are enough.
    fn accept(&mut self, ops: &mut EventOps) {
        while self.clients.len() < MAX_CLIENTS {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    // Such as too many open files. The connection waits, and is taken when a client has left.
                    tracing::warn!(%error, "a QMP client cannot be served now");
                    break;
                }
            };
            let Ok(client) = Client::new(stream) else {
                continue;
            };
            let number = self.next;
            self.next = self.next.checked_add(1).unwrap_or(FIRST_CLIENT);
            // It waits for nothing yet, but the kernel tells of its end.
            let events = Events::with_data_raw(client.descriptor(), number, client.registered);
            match ops.add(events) {
                Ok(()) => drop(self.clients.insert(number, client)),
                Err(error) => tracing::warn!(%error, "a QMP client cannot be served"),
            }
        }
        self.watch_listener(ops, false);
    }

    /// Has the kernel tell of connections, or not.
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
            Err(error) => tracing::error!(%error, "QMP clients cannot be listened to"),
        }
    }

    /// Passes events on to all clients.
    fn send_events(&mut self) {
        for event in self.queue.drain() {
            let line = message::line(&event.message());
            for client in self.clients.values_mut() {
                client.session.event(&line);
            }
        }
    }

    /// Answers one request of each client in turn, until none can be answered now.
    fn answer(&mut self) {
        let mut numbers: Vec<u32> = self.clients.keys().copied().collect();
        while !numbers.is_empty() {
            numbers.retain(|number| self.answer_one(*number));
        }
    }

    /// Answers a request of this client, if it has one.
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
        // What the command brought about is told before it is answered, as QEMU does.
        self.send_events();
        if let Some(client) = self.clients.get_mut(&number) {
            client.session.answer(&id, result, is_negotiation);
        }
        true
    }

    /// Writes what clients take, disconnects those that are over, and waits for the others.
    fn update_clients(&mut self, ops: &mut EventOps) {
        self.clients.retain(|number, client| {
            client.write();
            if client.is_finished() {
                // The kernel forgets it with its descriptor, and event-manager with this.
                let _forgotten = ops.remove(Events::empty_raw(client.descriptor()));
                return false;
            }
            let interest = client.interest();
            if interest != client.registered {
                let events = Events::with_data_raw(client.descriptor(), *number, interest);
                if let Err(error) = ops.modify(events) {
                    tracing::warn!(%error, "a QMP client cannot be served any more");
                    let _forgotten = ops.remove(Events::empty_raw(client.descriptor()));
                    return false;
                }
                client.registered = interest;
            }
            true
        });
        self.watch_listener(ops, self.clients.len() < MAX_CLIENTS);
    }

    /// Gives clients a moment to take what was said.
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
            tracing::error!(%error, "QMP clients will not be told of events");
        }
    }

    fn process(&mut self, events: Events, ops: &mut EventOps) {
        match events.data() {
            LISTENER => self.accept(ops),
            // It says no more than that there are events.
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
