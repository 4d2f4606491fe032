//! A listening Unix socket that only its owner may use, and that is gone when the server is.

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

/// Connections that wait to be accepted; the kernel takes no more than `net.core.somaxconn`.
const BACKLOG: i32 = 128;

/// A socket that listens; removed at drop, if it is still there.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

/// A socket's place in the file system.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Why a server cannot listen at a path.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another program listens there.
    #[error(
        "cannot listen at `{}`: another program listens there; end it, or use another path", path.display()
    )]
    InUse {
        /// The socket's path.
        path: PathBuf,
    },
    /// There is a file of another kind.
    #[error(
        "cannot listen at `{}`: there is {what} of this name; remove it, or use another path", path.display()
    )]
    NotASocket {
        /// The socket's path.
        path: PathBuf,
        /// The kind of file.
        what: &'static str,
    },
    /// The kernel refuses.
    #[error("cannot listen at `{}`", path.display())]
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
    /// Makes a socket that only this user may connect to, and listens. One of the same name that nobody listens
    /// at, as a server leaves that was killed, is replaced.
    ///
    /// # Errors
    ///
    /// [`SocketError`] if something else has the name, or the kernel refuses.
    pub fn bind(address: &Address) -> Result<Self, SocketError> {
        let path = address.path();
        let failed = |error: Errno| SocketError::Io {
            path: path.to_owned(),
            source: error.into(),
        };
        clear(path)?;
        let name = SocketAddrUnix::new(path).map_err(failed)?;
        let socket = new_socket().map_err(failed)?;
        // A socket is bound with its own mode, less the umask (Linux 7.2, net/unix/af_unix.c, unix_bind_bsd): so
        // there is no moment in which others could connect, and no umask that other threads would share.
        fchmod(&socket, Mode::RUSR | Mode::WUSR).map_err(failed)?;
        bind(&socket, &name).map_err(|error| match error {
            // Another server was faster.
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

    /// The listener, and the file that is to be removed after it.
    pub(super) fn into_parts(self) -> (UnixListener, SocketFile) {
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

/// Removes the socket, but not what another server may have put in its place.
impl Drop for SocketFile {
    fn drop(&mut self) {
        let same = |stat: &Stat| (stat.st_dev, stat.st_ino) == (self.device, self.inode);
        if lstat(&self.path).as_ref().is_ok_and(same) {
            // Nobody is left who could be told.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn new_socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// Removes a socket that nobody listens at; anything else of this name is an error.
fn clear(path: &Path) -> Result<(), SocketError> {
    let failed = |source: io::Error| SocketError::Io {
        path: path.to_owned(),
        source,
    };
    let file_type = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
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
        // With a full backlog the answer is EAGAIN, and EPROTOTYPE from a socket of datagrams.
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
        "something else than a socket"
    }
}
