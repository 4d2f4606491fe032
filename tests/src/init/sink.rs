//! Destinations of incoming data, by exchange.

use crate::guard::lock;
use crate::writer_queue::{Connection, WriterQueue};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

/// Destination of the data of one exchange.
pub(super) enum Sink {
    /// A file. After a failure its further data is dropped.
    Upload(io::Result<File>),
    /// A command's standard input.
    Input(WriterQueue),
    /// A socket of a command.
    Socket(Connection),
}

/// Sinks of the exchanges whose input has not ended.
#[derive(Clone, Default)]
pub(super) struct Sinks(Arc<Mutex<BTreeMap<u32, Sink>>>);

impl Sinks {
    pub(super) fn add(&self, exchange: u32, sink: Sink) {
        lock(&self.0).insert(exchange, sink);
    }

    /// Writes the next piece. A sink whose queue is full gets no more.
    pub(super) fn write(&self, exchange: u32, bytes: Vec<u8>) {
        let mut sinks = lock(&self.0);
        let fed = match sinks.get_mut(&exchange) {
            Some(Sink::Upload(upload)) => {
                store(upload, &bytes);
                Ok(())
            }
            Some(Sink::Input(queue)) => queue.push(bytes),
            Some(Sink::Socket(connection)) => connection.push(bytes),
            None => Ok(()),
        };
        if fed.is_err()
            && let Some(sink) = sinks.remove(&exchange)
        {
            sink.cut();
        }
    }

    /// Ends the input of an exchange; queued data is still written. Returns the file if it was one.
    pub(super) fn end(&self, exchange: u32) -> Option<io::Result<File>> {
        let mut sinks = lock(&self.0);
        if let Some(Sink::Socket(connection)) = sinks.get_mut(&exchange)
            && !connection.end_write()
        {
            return None;
        }
        match sinks.remove(&exchange) {
            Some(Sink::Upload(upload)) => Some(upload),
            _ => None,
        }
    }

    /// Ends the command's direction of a connection.
    pub(super) fn read_closed(&self, exchange: u32) {
        let mut sinks = lock(&self.0);
        if let Some(Sink::Socket(connection)) = sinks.get_mut(&exchange)
            && connection.end_read()
        {
            sinks.remove(&exchange);
        }
    }

    /// Ends the input of an exchange at once, and a connection in both directions.
    pub(super) fn cut(&self, exchange: u32) {
        if let Some(sink) = lock(&self.0).remove(&exchange) {
            sink.cut();
        }
    }

    pub(super) fn cut_all(&self) {
        lock(&self.0).values().for_each(Sink::cut);
    }
}

impl Sink {
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
