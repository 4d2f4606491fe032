//! Sockets of this machine or of a host, forwarded to sockets of a host.

use crate::machine::{self, Listening, Machine};
use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::fs;
use std::io;
use std::net::Shutdown;
use std::ops::Deref;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Backlog of connections that are not accepted yet.
const BACKLOG: i32 = 16;

/// A UNIX socket whose connections are forwarded to a socket of a host; dropping this removes it.
#[derive(Debug)]
pub struct Forward {
    path: PathBuf,
}

impl Forward {
    /// Listens at `path`, to which only this user may connect, and forwards each connection to the
    /// socket `name` in the host's working directory. `machine` is a host that outlives this call:
    /// [shared](crate::machine::shared) or in an `Arc`.
    ///
    /// # Errors
    ///
    /// Any that the operating system has for making the socket; it must not exist yet.
    pub fn listen<M>(machine: M, name: String, path: &Path) -> io::Result<Self>
    where
        M: Deref<Target = Machine> + Send + 'static,
    {
        let socket = rustix::net::socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        // The file gets the mode that the socket has when it is bound.
        fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        let forward = Self {
            path: path.to_owned(),
        };
        rustix::net::listen(&socket, BACKLOG)?;
        let listener = UnixListener::from(socket);
        thread::Builder::new()
            .name("testbed forward".into())
            .spawn(move || accept(&machine, &name, &listener))?;
        Ok(forward)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // Another process may have removed it.
        let _gone = fs::remove_file(&self.path);
    }
}

/// Forwards the next connection of a command to the socket `name` of another host, where a command
/// listens within the limit too. Returns once both are connected.
///
/// # Errors
///
/// [`RelayError`].
pub fn relay(
    from: Listening<'_>,
    to: &Machine,
    name: &str,
    limit: Duration,
) -> Result<(), RelayError> {
    let client = from.accept(limit)?;
    let server = to.connect_within(name, limit)?;
    Ok(exchange(client, server)?)
}

/// Errors of a connection between two hosts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// One of the hosts has no connection.
    #[error(transparent)]
    Host(#[from] machine::Error),
    /// This machine cannot pass it on.
    #[error("cannot pass on a connection between two hosts")]
    PassOn(#[from] io::Error),
}

fn accept(machine: &Machine, name: &str, listener: &UnixListener) {
    for client in listener.incoming().flatten() {
        match machine.connect(name) {
            Ok(server) => {
                if let Err(error) = exchange(client, server) {
                    eprintln!("testbed: cannot forward a connection: {error}");
                }
            }
            // With its causes; the client sees the end of its connection.
            Err(error) => eprintln!("testbed: {error:?}"),
        }
    }
}

/// Copies each direction in a thread, until both have ended.
fn exchange(client: UnixStream, server: UnixStream) -> io::Result<()> {
    let (from_client, to_client) = (client.try_clone()?, client);
    let (from_server, to_server) = (server.try_clone()?, server);
    for (from, to) in [(from_client, to_server), (from_server, to_client)] {
        thread::Builder::new()
            .name("testbed forward".into())
            .spawn(move || pass_on(from, to))?;
    }
    Ok(())
}

/// Copies one direction to its end; after a failure both directions are shut down.
fn pass_on(mut from: UnixStream, mut to: UnixStream) {
    let complete = io::copy(&mut from, &mut to).is_ok();
    let how = if complete {
        Shutdown::Write
    } else {
        Shutdown::Both
    };
    let _ended_already = to.shutdown(how);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::Artifacts;
    use crate::machine::Options;
    use crate::program::Program;
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    /// This machine as a host with the shell as program, and the working directory of its commands.
    fn host() -> (Arc<Machine>, PathBuf) {
        let artifacts = Artifacts {
            hardware: true,
            programs: [(Program::Idreg, "/bin/sh".into())].into(),
            emulation: None,
            guests: None,
            list: PathBuf::new(),
        };
        let machine = Machine::boot_from(&artifacts, &Options::default()).unwrap();
        let directory = machine.run(["-c", "pwd"]).unwrap();
        let directory = PathBuf::from(directory.stdout().trim());
        (Arc::new(machine), directory)
    }

    #[test]
    fn clients_reach_the_socket_in_the_host() {
        let (machine, directory) = host();
        let server = UnixListener::bind(directory.join("qmp")).unwrap();
        thread::spawn(move || {
            for mut client in server.incoming().flatten() {
                let mut read = String::new();
                client.write_all(b"greeting ").unwrap();
                client.read_to_string(&mut read).unwrap();
                client.write_all(read.to_uppercase().as_bytes()).unwrap();
            }
        });
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("socket");
        let forward = Forward::listen(Arc::clone(&machine), "qmp".into(), &path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for word in ["one", "two"] {
            let mut client = UnixStream::connect(&path).unwrap();
            client.write_all(word.as_bytes()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut read = String::new();
            client.read_to_string(&mut read).unwrap();
            assert_eq!(read, format!("greeting {}", word.to_uppercase()));
        }
        let taken = Forward::listen(machine, "qmp".into(), &path).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        drop(forward);
        assert!(!path.exists());
    }

    #[test]
    fn a_client_sees_that_nobody_listens_in_the_host() {
        let (machine, _directory) = host();
        let here = tempfile::tempdir().unwrap();
        let path = here.path().join("socket");
        let _forward = Forward::listen(machine, "missing".into(), &path).unwrap();
        let mut client = UnixStream::connect(&path).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}
