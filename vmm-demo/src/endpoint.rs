//! The address of a migration's destination.

use crate::output::escaped;
use crate::socket_address::{Address, InvalidAddress};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The address of a destination: `unix:PATH` or `tcp:HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket, which only its user reaches.
    Unix(Address),
    /// A TCP port.
    Tcp {
        /// The name or IP address of the host.
        host: String,
        /// The port.
        port: u16,
    },
}

/// An address of another form.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// The address begins with neither `unix:` nor `tcp:`.
    #[error("the form is `unix:PATH` or `tcp:HOST:PORT`")]
    Form,
    /// The path is wrong.
    #[error(transparent)]
    Unix(#[from] InvalidAddress),
    /// The port is wrong.
    #[error("the port is not a number from 0 to 65535; the form is `tcp:HOST:PORT`")]
    Port,
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if text.starts_with("unix:") {
            return Ok(Self::Unix(text.parse()?));
        }
        let rest = text.strip_prefix("tcp:").ok_or(InvalidEndpoint::Form)?;
        let (host, port) = rest.rsplit_once(':').ok_or(InvalidEndpoint::Form)?;
        let port = port.parse().map_err(|_| InvalidEndpoint::Port)?;
        // An IPv6 address is in brackets, as in a URL.
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(InvalidEndpoint::Form);
        }
        let host = host.to_owned();
        Ok(Self::Tcp { host, port })
    }
}

/// Shows the address as it is parsed, escaped for messages.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(address) => address.fmt(f),
            Self::Tcp { host, port } if host.contains(':') => {
                write!(f, "tcp:[{}]:{port}", escaped(host))
            }
            Self::Tcp { host, port } => write!(f, "tcp:{}:{port}", escaped(host)),
        }
    }
}
