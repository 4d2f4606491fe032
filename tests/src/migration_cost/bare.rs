//! The same number of bytes, copied by `memcpy` and sent through a socket, without a guest.

use super::MigrationCostError;
use super::vmm::Transport;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of a write.
const CHUNK: usize = 1 << 20;

/// The times of the bare work.
#[derive(Clone, Copy, Debug)]
pub(super) struct BareTimes {
    /// A copy to memory that was written before, and then all of it through a socket.
    pub(super) total: Duration,
    /// The copy alone.
    pub(super) copy: Duration,
}

/// Copies this memory, and sends the copy to a thread that reads it.
pub(super) fn bare(mib: u32, transport: Transport) -> Result<BareTimes, MigrationCostError> {
    let chunks: Vec<Vec<u8>> = (0..mib).map(contents).collect();
    let mut copies = chunks.clone();
    let started = Instant::now();
    for (copy, chunk) in copies.iter_mut().zip(&chunks) {
        copy.copy_from_slice(black_box(chunk));
    }
    let copy = started.elapsed();
    let sent = match transport {
        Transport::Unix => UnixStream::pair().and_then(|(to, from)| send(&copies, to, from)),
        Transport::Tcp => connect().and_then(|(to, from)| send(&copies, to, from)),
    };
    let sent = sent.map_err(MigrationCostError::Bare)?;
    Ok(BareTimes {
        total: copy + sent,
        copy,
    })
}

fn connect() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let to = TcpStream::connect(listener.local_addr()?)?;
    Ok((to, listener.accept()?.0))
}

/// The time until the last byte has been read.
fn send(
    chunks: &[Vec<u8>],
    mut to: impl Write,
    mut from: impl Read + Send,
) -> io::Result<Duration> {
    let started = Instant::now();
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut received = vec![0; CHUNK];
            for _chunk in chunks {
                from.read_exact(&mut received)?;
            }
            Ok::<_, io::Error>(())
        });
        for chunk in chunks {
            to.write_all(chunk)?;
        }
        let read = reading.join();
        read.unwrap_or_else(|panic| resume_unwind(panic))
    })?;
    Ok(started.elapsed())
}

/// A chunk that is no zeros.
fn contents(index: u32) -> Vec<u8> {
    let [byte, ..] = index.to_le_bytes();
    vec![byte | 1; CHUNK]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_goes_through_both_kinds_of_sockets() {
        for transport in Transport::ALL {
            let times = bare(3, transport).unwrap();
            assert!(times.total > times.copy, "{times:?}");
        }
    }
}
