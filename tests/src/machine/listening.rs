//! Sockets of a host for which one side waits.

use super::{Error, Machine};
use crate::link::Exchange;
use std::os::unix::net::UnixStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Interval between attempts to connect.
const RETRY: Duration = Duration::from_millis(100);

/// A UNIX socket that [`Machine::listen`] has made.
#[derive(Debug)]
pub struct Listening<'m> {
    pub(super) machine: &'m Machine,
    pub(super) exchange: Exchange<'m>,
    pub(super) action: String,
}

impl Listening<'_> {
    /// Waits for the connection of a command. It is cut if either end reads too slowly.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`], [`Error::TimeLimit`] or [`Error::Lost`].
    pub fn accept(self, limit: Duration) -> Result<UnixStream, Error> {
        let connected = self.exchange.connected(limit);
        connected.map_err(|error| self.machine.error(&self.action, error))
    }
}

impl Machine {
    /// Connects as [`connect`](Self::connect) does, as soon as a command listens there.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect), the last one before the limit.
    pub fn connect_within(&self, name: &str, limit: Duration) -> Result<UnixStream, Error> {
        let deadline = Instant::now() + limit;
        loop {
            match self.connect(name) {
                Err(Error::Failed { .. }) if Instant::now() < deadline => sleep(RETRY),
                connected => return connected,
            }
        }
    }
}
