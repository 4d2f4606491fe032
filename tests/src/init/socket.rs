//! Connections to sockets of commands, and from commands.

use crate::guard::lock;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_to};
use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Connects to a UNIX socket. A full backlog is an error, since this thread must not wait.
pub(super) fn connect(path: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect_to(&socket, &SocketAddrUnix::new(path)?) {
        Err(Errno::AGAIN) => {
            let reason = "too many connections wait to be accepted there";
            return Err(io::Error::new(io::ErrorKind::WouldBlock, reason));
        }
        connected => connected?,
    }
    rustix::fs::fcntl_setfl(&socket, OFlags::empty())?;
    Ok(socket.into())
}

/// The sockets at which connections of commands are taken, by their paths. They stay until the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Listeners(Arc<Mutex<BTreeMap<PathBuf, UnixListener>>>);

impl Listeners {
    /// The socket at this path, which is made if it is not there.
    pub(super) fn at(&self, path: PathBuf) -> io::Result<UnixListener> {
        let mut listeners = lock(&self.0);
        if let Some(listener) = listeners.get(&path) {
            return listener.try_clone();
        }
        let listener = UnixListener::bind(&path)?;
        let clone = listener.try_clone()?;
        listeners.insert(path, listener);
        Ok(clone)
    }
}
