//! Where what arrives goes.

use crate::guard::lock;
use crate::protocol::{Frame, Message};
use crate::writer_queue::Connection;
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};

/// Where the messages of one exchange go.
#[derive(Debug)]
pub(super) enum Route {
    /// To somebody who waits for them.
    Answers(Sender<Message>),
    /// To one end of a connection.
    Stream(Connection),
}

/// The routes of all exchanges; `None` once no more can come.
#[derive(Clone, Debug)]
pub(super) struct Routes(Arc<Mutex<Option<ByExchange>>>);

type ByExchange = BTreeMap<u32, Route>;

impl Default for Routes {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(BTreeMap::new()))))
    }
}

impl Routes {
    /// After the end of the stream the route is dropped here, so that its other end learns of it.
    pub(super) fn add(&self, exchange: u32, route: Route) {
        if let Some(routes) = lock(&self.0).as_mut() {
            routes.insert(exchange, route);
        }
    }

    /// Gives an exchange another route, which begins with what has arrived by the first one.
    pub(super) fn switch(&self, exchange: u32, arrived: &Receiver<Message>, route: Route) {
        let mut routes = lock(&self.0);
        // Without routes nothing more comes, but what has arrived is still handed on.
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

    /// One end of a connection says nothing more.
    pub(super) fn end_read(&self, exchange: u32) {
        if let Some(routes) = lock(&self.0).as_mut()
            && let Some(Route::Stream(connection)) = routes.get_mut(&exchange)
            && connection.end_read()
        {
            routes.remove(&exchange);
        }
    }

    /// Hands out what arrives, until the stream ends or holds nonsense.
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
            // Nobody waits any more for the answers of an exchange that was given up.
            let _given_up = sender.send(message);
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
        // Of an exchange that was given up.
        (None, _) => false,
    };
    if ended {
        routes.remove(&exchange);
    }
}
