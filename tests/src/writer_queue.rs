//! Bytes on their way to somebody who may be slow to take them.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// How much may wait, in bytes.
const LIMIT: usize = 16 << 20;

/// What a piece costs beside its bytes, so that many small ones do not go uncounted.
const OVERHEAD: usize = 64;

/// A queue that a thread of its own writes to a sink, so that whoever fills it is never held up. When it is
/// dropped, what waits is still written.
#[derive(Debug)]
pub(crate) struct WriterQueue {
    sender: Sender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

/// The sink takes nothing any more, or too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueueFull;

impl WriterQueue {
    /// Starts the thread. In the end it hands the sink to `ended`, with the error if not everything was written.
    ///
    /// # Errors
    ///
    /// Any that the operating system has for starting threads.
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
    /// [`QueueFull`] if too much waits already, or the sink has failed.
    pub(crate) fn push(&self, bytes: Vec<u8>) -> Result<(), QueueFull> {
        let cost = bytes.len() + OVERHEAD;
        let waiting = self.waiting.fetch_add(cost, Ordering::Relaxed);
        if waiting + cost > LIMIT {
            return Err(QueueFull);
        }
        self.sender.send(bytes).map_err(|_| QueueFull)
    }
}

/// A socket that is fed by one thread and read by another, until both have ended.
#[derive(Debug)]
pub(crate) struct Connection {
    queue: Option<WriterQueue>,
    stream: UnixStream,
    read: bool,
}

impl Connection {
    /// `queue` is what writes to `stream`.
    pub(crate) fn new(queue: WriterQueue, stream: UnixStream) -> Self {
        Self {
            queue: Some(queue),
            stream,
            read: true,
        }
    }

    /// Feeds the socket, unless that has ended.
    ///
    /// # Errors
    ///
    /// As for [`WriterQueue::push`].
    pub(crate) fn push(&self, bytes: Vec<u8>) -> Result<(), QueueFull> {
        self.queue
            .as_ref()
            .map_or(Ok(()), |queue| queue.push(bytes))
    }

    /// Nothing more is fed. Returns whether that was the last.
    pub(crate) fn end_write(&mut self) -> bool {
        self.queue = None;
        !self.read
    }

    /// Nothing more is read. Returns whether that was the last.
    pub(crate) fn end_read(&mut self) -> bool {
        self.read = false;
        self.queue.is_none()
    }

    /// Ends both directions at once, whatever waits.
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
    fn what_waits_is_written_after_the_end() {
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
