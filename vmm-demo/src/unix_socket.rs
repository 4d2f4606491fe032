//! Listening Unix socket that only its owner may use; removed with the server.

use crate::output::escaped_path;
use crate::output::failure::Failure;
use crate::socket_address::Address;
use rustix::fs::{Mode, Stat, fchmod, lstat};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
};
use std::fs::FileType;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Connections that wait for `accept`; the kernel's limit is `net.core.somaxconn`.
const BACKLOG: i32 = 128;

/// Listening socket; its file is removed at drop, if it still exists.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

/// File of a socket.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Error in listening at a path.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another program listens there.
    #[error(
        "cannot listen at `{}`: another program listens there; end it, or use another path",
        escaped_path(path)
    )]
    InUse {
        /// The socket's path.
        path: PathBuf,
    },
    /// The path is a file of another kind.
    #[error(
        "cannot listen at `{}`: there is {what} of this name; remove it, or use another path",
        escaped_path(path)
    )]
    NotASocket {
        /// The socket's path.
        path: PathBuf,
        /// The kind of file.
        what: &'static str,
    },
    /// A system call failed.
    #[error("cannot listen at `{}`", escaped_path(path))]
    Io {
        /// The socket's path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl From<SocketError> for Failure {
    fn from(error: SocketError) -> Self {
        Self::Socket(error.into())
    }
}

impl Socket {
    /// Creates a listening socket that only this user may connect to. Replaces a stale socket of a
    /// killed server at the same path.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if the path is in use, or a system call fails.
    pub fn bind(address: &Address) -> Result<Self, SocketError> {
        let path = address.path();
        let failed = |error: Errno| SocketError::Io {
            path: path.to_owned(),
            source: error.into(),
        };
        clear(path)?;
        let name = SocketAddrUnix::new(path).map_err(failed)?;
        let socket = new_socket().map_err(failed)?;
        // A socket is bound with its own mode, less the umask (Linux 7.2, net/unix/af_unix.c,
        // unix_bind_bsd): others can connect at no moment, and the umask, which all threads share,
        // stays as it is.
        fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(failed)?;
        bind(&socket, &name).map_err(|error| match error {
            // Another server has bound the path since it was cleared.
            Errno::ADDRINUSE => SocketError::InUse {
                path: path.to_owned(),
            },
            error => failed(error),
        })?;
        let file = SocketFile::of(path).map_err(failed)?;
        listen(&socket, BACKLOG).map_err(failed)?;
        Ok(Self {
            listener: socket.into(),
            file,
        })
    }

    /// Returns the listener, and the file that must be removed after it.
    pub(crate) fn into_parts(self) -> (UnixListener, SocketFile) {
        (self.listener, self.file)
    }
}

impl SocketFile {
    fn of(path: &Path) -> Result<Self, Errno> {
        let Stat { st_dev, st_ino, .. } = lstat(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: st_dev,
            inode: st_ino,
        })
    }
}

/// Removes the socket, but not a file that another server may have put in its place.
impl Drop for SocketFile {
    fn drop(&mut self) {
        let same = |stat: &Stat| (stat.st_dev, stat.st_ino) == (self.device, self.inode);
        if lstat(&self.path).as_ref().is_ok_and(same) {
            // An error at drop cannot be reported.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn new_socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// Removes a stale socket at the path; any other file there is an error.
fn clear(path: &Path) -> Result<(), SocketError> {
    let failed = |source: io::Error| SocketError::Io {
        path: path.to_owned(),
        source,
    };
    // `bind` reports a path that cannot be used.
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    let file_type = metadata.file_type();
    if !file_type.is_socket() {
        return Err(SocketError::NotASocket {
            path: path.to_owned(),
            what: kind(file_type),
        });
    }
    let name = SocketAddrUnix::new(path).map_err(|error| failed(error.into()))?;
    let probe = new_socket().map_err(|error| failed(error.into()))?;
    match connect(&probe, &name) {
        Err(Errno::CONNREFUSED) => std::fs::remove_file(path).map_err(failed),
        // EAGAIN: the backlog is full; EPROTOTYPE: a datagram socket.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Err(SocketError::InUse {
            path: path.to_owned(),
        }),
        Err(error) => Err(failed(error.into())),
    }
}

fn kind(file_type: FileType) -> &'static str {
    if file_type.is_file() {
        "a file"
    } else if file_type.is_dir() {
        "a directory"
    } else if file_type.is_symlink() {
        "a symbolic link"
    } else {
        "a special file"
    }
}
