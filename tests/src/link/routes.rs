//! Dispatches frames to exchanges.

use crate::guard::lock;
use crate::protocol::{Frame, Message};
use crate::writer_queue::Connection;
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

/// Receiver of the messages of one exchange.
#[derive(Debug)]
pub(super) enum Route {
    /// A thread that waits for answers.
    Answers(Sender<Message>),
    /// One end of a connection.
    Stream(Connection),
}

/// The routes of all exchanges; `None` after the end of the stream.
#[derive(Clone, Debug)]
pub(super) struct Routes(Arc<Mutex<Option<ByExchange>>>);

type ByExchange = BTreeMap<u32, Route>;

impl Default for Routes {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(BTreeMap::new()))))
    }
}

impl Routes {
    /// Adds a route. After the end of the stream it is dropped, so that its receiver notices.
    pub(super) fn add(&self, exchange: u32, route: Route) {
        if let Some(routes) = lock(&self.0).as_mut() {
            routes.insert(exchange, route);
        }
    }

    /// Replaces the route of an exchange; messages that have arrived go to the new one first.
    pub(super) fn switch(&self, exchange: u32, arrived: &Receiver<Message>, route: Route) {
        let mut routes = lock(&self.0);
        // After the end of the stream no message follows, but those that arrived are dispatched.
        let mut last = BTreeMap::new();
        let routes = routes.as_mut().unwrap_or(&mut last);
        routes.insert(exchange, route);
        while let Ok(message) = arrived.try_recv() {
            dispatch(routes, exchange, message);
        }
    }

    pub(super) fn remove(&self, exchange: u32) {
        if let Some(routes) = lock(&self.0).as_mut() {
            routes.remove(&exchange);
        }
    }

    /// Ends the read direction of a connection.
    pub(super) fn end_read(&self, exchange: u32) {
        if let Some(routes) = lock(&self.0).as_mut()
            && let Some(Route::Stream(connection)) = routes.get_mut(&exchange)
            && connection.end_read()
        {
            routes.remove(&exchange);
        }
    }

    /// Dispatches all frames, until the stream ends or has an invalid one.
    pub(super) fn dispatch_all(&self, mut input: UnixStream) {
        while let Ok(Some(Frame { exchange, message })) = Frame::read_from(&mut input) {
            if let Some(routes) = lock(&self.0).as_mut() {
                dispatch(routes, exchange, message);
            }
        }
        *lock(&self.0) = None;
    }
}

fn dispatch(routes: &mut ByExchange, exchange: u32, message: Message) {
    let ended = match (routes.get_mut(&exchange), message) {
        (Some(Route::Answers(sender)), message) => {
            // The exchange may be dropped already.
            let _dropped = sender.send(message);
            false
        }
        (Some(Route::Stream(connection)), Message::Data(bytes)) => {
            let stuck = connection.push(bytes).is_err();
            if stuck {
                connection.cut();
            }
            stuck
        }
        (Some(Route::Stream(connection)), Message::End) => connection.end_write(),
        (Some(Route::Stream(connection)), _failed) => {
            connection.cut();
            true
        }
        // The exchange was dropped.
        (None, _) => false,
    };
    if ended {
        routes.remove(&exchange);
    }
}
