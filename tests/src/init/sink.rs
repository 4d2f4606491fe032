//! What comes in from the other side, by exchange.

use crate::guard::lock;
use crate::writer_queue::{Connection, Feed};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// Where the pieces of an exchange go.
pub(super) enum Inflow {
    /// A file. After a failure the rest of its pieces is dropped.
    Upload(io::Result<File>),
    /// A command's standard input.
    Input(Feed),
    /// A socket of a command.
    Socket(Connection),
}

/// The exchanges in which more may come.
#[derive(Clone, Default)]
pub(super) struct Inflows(Arc<Mutex<BTreeMap<u32, Inflow>>>);

impl Inflows {
    pub(super) fn add(&self, exchange: u32, inflow: Inflow) {
        lock(&self.0).insert(exchange, inflow);
    }

    /// Takes the next piece. Who does not take what waits gets no more.
    pub(super) fn take(&self, exchange: u32, bytes: Vec<u8>) {
        let mut inflows = lock(&self.0);
        let fed = match inflows.get_mut(&exchange) {
            Some(Inflow::Upload(upload)) => {
                store(upload, &bytes);
                Ok(())
            }
            Some(Inflow::Input(feed)) => feed.give(bytes),
            Some(Inflow::Socket(connection)) => connection.give(bytes),
            None => Ok(()),
        };
        if fed.is_err()
            && let Some(inflow) = inflows.remove(&exchange)
        {
            inflow.cut();
        }
    }

    /// Ends the inflow of an exchange; what waits is still passed on. Returns the file if it was one.
    pub(super) fn end(&self, exchange: u32) -> Option<io::Result<File>> {
        let mut inflows = lock(&self.0);
        if let Some(Inflow::Socket(connection)) = inflows.get_mut(&exchange)
            && !connection.end_feed()
        {
            return None;
        }
        match inflows.remove(&exchange) {
            Some(Inflow::Upload(upload)) => Some(upload),
            _ => None,
        }
    }

    /// The command has ended its direction of a connection.
    pub(super) fn heard_all(&self, exchange: u32) {
        let mut inflows = lock(&self.0);
        if let Some(Inflow::Socket(connection)) = inflows.get_mut(&exchange)
            && connection.end_read()
        {
            inflows.remove(&exchange);
        }
    }

    /// Ends the inflow of an exchange at once, and a connection as a whole.
    pub(super) fn cut(&self, exchange: u32) {
        if let Some(inflow) = lock(&self.0).remove(&exchange) {
            inflow.cut();
        }
    }

    pub(super) fn cut_all(&self) {
        lock(&self.0).values().for_each(Inflow::cut);
    }
}

impl Inflow {
    fn cut(&self) {
        if let Self::Socket(connection) = self {
            connection.cut();
        }
    }
}

fn store(upload: &mut io::Result<File>, bytes: &[u8]) {
    if let Ok(file) = upload
        && let Err(error) = file.write_all(bytes)
    {
        *upload = Err(error);
    }
}
