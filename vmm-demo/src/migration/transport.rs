//! Connections that carry a migration: byte streams whose calls return after a short time.

use rustix::io::retry_on_intr;
use rustix::net::sockopt::{set_socket_send_buffer_size, set_socket_send_buffer_size_force};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The longest time that a read or write of a [`Transport`] blocks.
pub const TICK: Duration = Duration::from_millis(50);

/// The size of a Unix socket's buffer in bytes, if the kernel allows it: the source reads pages
/// while the destination writes those before them. TCP's buffers grow by themselves.
const UNIX_BUFFER: usize = 4 << 20;

/// A stream of bytes in both directions.
///
/// Reads and writes that cannot proceed fail with [`ErrorKind::WouldBlock`] or
/// [`ErrorKind::TimedOut`] after about a [`TICK`], so that deadlines and cancellation are seen.
pub trait Transport: Read + Write + Send {
    /// Sends bytes, at least one, and a descriptor with the first of them. Returns the number of
    /// bytes that were sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] if the transport cannot pass descriptors; those of the kernel.
    fn send_descriptor(&mut self, bytes: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<usize> {
        let _ = (bytes, descriptor);
        Err(ErrorKind::Unsupported.into())
    }

    /// Takes the last descriptor that came with the bytes read so far.
    fn take_descriptor(&mut self) -> Option<OwnedFd> {
        None
    }
}

/// A connected Unix socket, which passes descriptors.
#[derive(Debug)]
pub struct UnixTransport {
    stream: UnixStream,
    descriptor: Option<OwnedFd>,
}

impl UnixTransport {
    /// Makes a transport of a connected socket.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        // More than `net.core.wmem_max` needs CAP_NET_ADMIN.
        set_socket_send_buffer_size_force(&stream, UNIX_BUFFER)
            .or_else(|_| set_socket_send_buffer_size(&stream, UNIX_BUFFER))?;
        Ok(Self {
            stream,
            descriptor: None,
        })
    }
}

impl Read for UnixTransport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Descriptors beyond the first do not fit, and the kernel closes them.
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(buffer)];
        let received = retry_on_intr(|| {
            recvmsg(
                &self.stream,
                &mut parts,
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )
        })?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                for descriptor in descriptors {
                    self.descriptor = Some(descriptor);
                }
            }
        }
        Ok(received.bytes)
    }
}

impl Write for UnixTransport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for UnixTransport {
    fn send_descriptor(&mut self, bytes: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<usize> {
        let descriptors = [descriptor];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let parts = [IoSlice::new(bytes)];
        let flags = SendFlags::NOSIGNAL;
        let sent = retry_on_intr(|| sendmsg(&self.stream, &parts, &mut control, flags))?;
        Ok(sent)
    }

    fn take_descriptor(&mut self) -> Option<OwnedFd> {
        self.descriptor.take()
    }
}

/// A connected TCP socket without encryption.
#[derive(Debug)]
pub struct TcpTransport {
    stream: TcpStream,
}

impl TcpTransport {
    /// Makes a transport of a connected socket.
    ///
    /// # Errors
    ///
    /// Those of the kernel.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TICK))?;
        stream.set_write_timeout(Some(TICK))?;
        Ok(Self { stream })
    }
}

impl Read for TcpTransport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer)
    }
}

impl Write for TcpTransport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for TcpTransport {}
