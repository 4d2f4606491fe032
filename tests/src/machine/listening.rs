//! A socket of a host, which waits for a connection of a command.

use super::{Error, Machine};
use crate::link::Exchange;
use std::os::unix::net::UnixStream;
use std::time::Duration;

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
