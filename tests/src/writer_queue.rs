//! Bounded queue with a writer thread.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// Limit of the queue, in bytes: more than the memory of a guest that goes from host to host.
const LIMIT: usize = 256 << 20;

/// Cost of a piece beside its bytes, so that many small ones reach the limit too.
const OVERHEAD: usize = 64;

/// A queue that a thread of its own writes to a sink, so that [`push`](Self::push) never blocks.
/// The thread still writes the rest after this is dropped.
#[derive(Debug)]
pub(crate) struct WriterQueue {
    sender: Sender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

/// The sink has failed, or is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueFull;

impl WriterQueue {
    /// Starts the thread. It passes the sink to `ended` after the last piece, with the error if not
    /// everything was written.
    ///
    /// # Errors
    ///
    /// Errors of the operating system for starting threads.
    pub(crate) fn start<W: Write + Send + 'static>(
        mut sink: W,
        ended: impl FnOnce(W, io::Result<()>) + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, pieces) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waiting);
        thread::Builder::new()
            .name("testbed queue".into())
            .spawn(move || {
                let written = write_all(&mut sink, &pieces, &counter);
                drop(pieces);
                ended(sink, written);
            })?;
        Ok(Self { sender, waiting })
    }

    /// Adds a piece.
    ///
    /// # Errors
    ///
    /// [`QueueFull`] if the queue is at its limit or the sink has failed.
    pub(crate) fn push(&self, bytes: Vec<u8>) -> Result<(), QueueFull> {
        let cost = bytes.len() + OVERHEAD;
        let waiting = self.waiting.fetch_add(cost, Ordering::Relaxed);
        if waiting + cost > LIMIT {
            return Err(QueueFull);
        }
        self.sender.send(bytes).map_err(|_| QueueFull)
    }
}

/// A socket that one thread writes and another reads, until both directions have ended.
#[derive(Debug)]
pub(crate) struct Connection {
    queue: Option<WriterQueue>,
    stream: UnixStream,
    read: bool,
}

impl Connection {
    /// A connection of `stream`, which `queue` writes.
    pub(crate) fn new(queue: WriterQueue, stream: UnixStream) -> Self {
        Self {
            queue: Some(queue),
            stream,
            read: true,
        }
    }

    /// Writes to the socket, unless that direction has ended.
    ///
    /// # Errors
    ///
    /// As for [`WriterQueue::push`].
    pub(crate) fn push(&self, bytes: Vec<u8>) -> Result<(), QueueFull> {
        self.queue
            .as_ref()
            .map_or(Ok(()), |queue| queue.push(bytes))
    }

    /// Ends the written direction. True if the other one has ended too.
    pub(crate) fn end_write(&mut self) -> bool {
        self.queue = None;
        !self.read
    }

    /// Ends the read direction. True if the other one has ended too.
    pub(crate) fn end_read(&mut self) -> bool {
        self.read = false;
        self.queue.is_none()
    }

    /// Ends both directions at once and drops the queued bytes.
    pub(crate) fn cut(&self) {
        let _cut_already = self.stream.shutdown(Shutdown::Both);
    }
}

fn write_all(
    sink: &mut impl Write,
    pieces: &Receiver<Vec<u8>>,
    waiting: &AtomicUsize,
) -> io::Result<()> {
    for bytes in pieces {
        sink.write_all(&bytes)?;
        waiting.fetch_sub(bytes.len() + OVERHEAD, Ordering::Relaxed);
    }
    sink.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    #[test]
    fn queued_pieces_are_written_after_the_end() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let queue = WriterQueue::start(near, |_, written| written.unwrap()).unwrap();
        for piece in [&b"one "[..], b"", b"two"] {
            queue.push(piece.to_vec()).unwrap();
        }
        drop(queue);
        let mut read = String::new();
        far.read_to_string(&mut read).unwrap();
        assert_eq!(read, "one two");
    }

    #[test]
    fn a_reader_that_does_not_read_is_given_up() {
        let (near, far) = UnixStream::pair().unwrap();
        let (say, heard) = mpsc::channel();
        let queue = WriterQueue::start(near, move |_, written| say.send(written).unwrap()).unwrap();
        let pieces = (0..2 * LIMIT / 65_536).map(|_| queue.push(vec![0; 65_536]));
        assert!(pieces.filter(Result::is_err).count() > 0);
        drop(far);
        let written = heard.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(written.is_err());
        assert_eq!(queue.push(vec![1]), Err(QueueFull));
    }
}
