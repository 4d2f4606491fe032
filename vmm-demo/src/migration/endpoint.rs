//! Connections to destinations: connecting and listening.

use super::control::Control;
use super::tls::{TlsClient, TlsError, TlsServer};
use super::transport::{TICK, TcpTransport, Transport, UnixTransport};
use crate::endpoint::Endpoint;
use crate::unix_socket::{Socket, SocketError, SocketFile};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The protection of TCP; a Unix socket needs none.
#[derive(Clone, Debug)]
pub enum Security<T> {
    /// Only TLS.
    Tls(T),
    /// No encryption, only on this machine.
    PlainLoopback,
}

/// A connection that cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// A system call failed.
    #[error("cannot {action} {endpoint}")]
    Io {
        /// The action.
        action: &'static str,
        /// The address.
        endpoint: Endpoint,
        /// The cause.
        source: io::Error,
    },
    /// The socket's file cannot be made.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// Without TLS, an address that other machines reach.
    #[error(
        "{endpoint} is not on this machine: give certificates for TLS; without, only addresses \
         such as 127.0.0.1 and [::1] are allowed"
    )]
    NotLoopback {
        /// The address.
        endpoint: Endpoint,
    },
    /// TLS failed.
    #[error("cannot connect to {endpoint}")]
    Tls {
        /// The address.
        endpoint: Endpoint,
        /// The cause.
        source: TlsError,
    },
    /// The user has cancelled the migration.
    #[error("cancelled")]
    Cancelled,
}

impl Endpoint {
    /// Connects to a destination, in this time for each of its addresses and for the handshake.
    ///
    /// # Errors
    ///
    /// [`EndpointError`].
    pub fn connect(
        &self,
        security: &Security<TlsClient>,
        timeout: Duration,
    ) -> Result<Box<dyn Transport>, EndpointError> {
        let failed = |source| self.io("connect to", source);
        match self {
            Self::Unix(address) => {
                let stream = UnixStream::connect(address.path()).map_err(failed)?;
                Ok(Box::new(UnixTransport::new(stream).map_err(failed)?))
            }
            Self::Tcp { host, .. } => {
                let addresses = self.addresses(security)?;
                let stream = connect_any(&addresses, timeout).map_err(failed)?;
                match security {
                    Security::Tls(client) => {
                        let connected = client.connect(stream, host, timeout);
                        connected.map_err(|source| self.tls(source))
                    }
                    Security::PlainLoopback => {
                        Ok(Box::new(TcpTransport::new(stream).map_err(failed)?))
                    }
                }
            }
        }
    }

    /// Listens for a source.
    ///
    /// # Errors
    ///
    /// [`EndpointError`].
    pub fn listen(self, security: Security<TlsServer>) -> Result<EndpointListener, EndpointError> {
        let socket = match &self {
            Self::Unix(address) => {
                let (listener, file) = Socket::bind(address)?.into_parts();
                ListeningSocket::Unix {
                    listener,
                    _file: file,
                }
            }
            Self::Tcp { .. } => {
                let addresses = self.addresses(&security)?;
                let bound = TcpListener::bind(addresses.as_slice()).and_then(|listener| {
                    listener.set_nonblocking(true)?;
                    Ok(listener)
                });
                ListeningSocket::Tcp(bound.map_err(|source| self.io("listen at", source))?)
            }
        };
        Ok(EndpointListener {
            endpoint: self,
            security,
            socket,
        })
    }

    /// The addresses of a TCP port, which are all on this machine unless there is TLS.
    fn addresses<T>(&self, security: &Security<T>) -> Result<Vec<SocketAddr>, EndpointError> {
        let Self::Tcp { host, port } = self else {
            return Ok(Vec::new());
        };
        let addresses = (host.as_str(), *port).to_socket_addrs();
        let addresses = addresses.map_err(|source| self.io("find the host of", source))?;
        let addresses: Vec<_> = addresses.collect();
        let on_this_machine = addresses.iter().all(|address| address.ip().is_loopback());
        if matches!(security, Security::PlainLoopback) && !on_this_machine {
            let endpoint = self.clone();
            return Err(EndpointError::NotLoopback { endpoint });
        }
        Ok(addresses)
    }

    fn io(&self, action: &'static str, source: io::Error) -> EndpointError {
        EndpointError::Io {
            action,
            endpoint: self.clone(),
            source,
        }
    }

    fn tls(&self, source: TlsError) -> EndpointError {
        EndpointError::Tls {
            endpoint: self.clone(),
            source,
        }
    }
}

/// A destination that waits for its source. Dropping it removes the file of a Unix socket.
#[derive(Debug)]
pub struct EndpointListener {
    endpoint: Endpoint,
    security: Security<TlsServer>,
    socket: ListeningSocket,
}

#[derive(Debug)]
enum ListeningSocket {
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
    Tcp(TcpListener),
}

impl EndpointListener {
    /// The address, with the port that the kernel has chosen.
    #[must_use]
    pub fn address(&self) -> Endpoint {
        match (&self.endpoint, self.port()) {
            (Endpoint::Tcp { host, .. }, Some(port)) => Endpoint::Tcp {
                host: host.clone(),
                port,
            },
            (endpoint, _) => endpoint.clone(),
        }
    }

    /// The port, if the address has one: the kernel chooses it for port 0.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match &self.socket {
            ListeningSocket::Unix { .. } => None,
            ListeningSocket::Tcp(listener) => Some(listener.local_addr().ok()?.port()),
        }
    }

    /// Waits for a source. A client whose TLS handshake fails is not one, and is left out.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Io`] or [`EndpointError::Cancelled`].
    pub fn accept(
        &self,
        control: &Control,
        timeout: Duration,
    ) -> Result<Box<dyn Transport>, EndpointError> {
        loop {
            if control.is_cancelled() {
                return Err(EndpointError::Cancelled);
            }
            match self.try_accept(timeout) {
                Ok(transport) => return Ok(transport),
                Err(EndpointError::Io { source, .. }) if source.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(TICK);
                }
                Err(EndpointError::Tls { source, .. }) => {
                    let cause = std::error::Error::source(&source).map(ToString::to_string);
                    tracing::warn!(error = %source, ?cause, "a client is not the source");
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for a further connection of the source until a deadline.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] after the deadline, [`ErrorKind::Interrupted`] if the user has
    /// cancelled the migration, or the kernel's error.
    pub fn accept_stream(
        &self,
        control: &Control,
        deadline: Instant,
    ) -> io::Result<Box<dyn Transport>> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            if control.is_cancelled() {
                return Err(ErrorKind::Interrupted.into());
            }
            match self.try_accept(left) {
                Ok(transport) => return Ok(transport),
                Err(EndpointError::Io { source, .. }) if source.kind() == ErrorKind::WouldBlock => {
                    thread::sleep(TICK.min(left));
                }
                Err(EndpointError::Tls { .. }) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    fn try_accept(&self, timeout: Duration) -> Result<Box<dyn Transport>, EndpointError> {
        let failed = |source| self.endpoint.io("accept a connection at", source);
        match (&self.socket, &self.security) {
            (ListeningSocket::Unix { listener, .. }, _) => {
                let (stream, _) = listener.accept().map_err(failed)?;
                Ok(Box::new(UnixTransport::new(stream).map_err(failed)?))
            }
            (ListeningSocket::Tcp(listener), Security::PlainLoopback) => {
                let (stream, _) = listener.accept().map_err(failed)?;
                Ok(Box::new(TcpTransport::new(stream).map_err(failed)?))
            }
            (ListeningSocket::Tcp(listener), Security::Tls(server)) => {
                let (stream, _) = listener.accept().map_err(failed)?;
                let accepted = server.accept(stream, timeout);
                accepted.map_err(|source| self.endpoint.tls(source))
            }
        }
    }
}

fn connect_any(addresses: &[SocketAddr], timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
