//! Connections to sockets of commands.

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_to};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;

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
