//! Further connections for memory, each with a thread that compresses and checks it.
//!
//! With them no memory comes on the first connection: there the source announces each round with
//! ROUND-BEGIN, and the destination answers ROUND-DONE when all connections have said ROUND-END.
//! Pages of a round may come on any of them, since none is sent twice in a round.

use super::buffers::Buffers;
use super::channel::Channel;
use super::control::Control;
use super::failure::MigrationFailure;
use super::hello::{MAX_STREAMS, StreamGreeting};
use super::message::MessageKind;
use super::pages::{PREFIX, PageRun, ZeroRuns, compressed};
use super::payload;
use super::token::Token;
use super::transport::Transport;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The number of chunks that wait for a connection.
const QUEUE: usize = 2;

/// The share of the link's timeout after which an idle connection sends KEEP-ALIVE.
const KEEP_ALIVES: u32 = 4;

/// Opens a connection to the destination.
pub type OpenStream = Box<dyn FnMut() -> io::Result<Box<dyn Transport>> + Send>;

/// Accepts a connection of the source before a deadline; [`io::ErrorKind::TimedOut`] after it.
pub type AcceptStream = Box<dyn FnMut(&Control, Instant) -> io::Result<Box<dyn Transport>> + Send>;

/// The further connections that a source can open.
pub struct StreamSource {
    count: u32,
    open: OpenStream,
}

impl StreamSource {
    /// Offers up to this number of connections, from 2 to [`MAX_STREAMS`].
    #[must_use]
    pub fn new(count: u32, open: OpenStream) -> Self {
        let count = count.clamp(2, MAX_STREAMS);
        Self { count, open }
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }
}

impl fmt::Debug for StreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamSource").field(&self.count).finish()
    }
}

/// The terms that both sides have agreed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct StreamStart {
    pub(super) token: Token,
    pub(super) count: u32,
    pub(super) zstd: bool,
    pub(super) timeout: Duration,
}

/// Work for a connection of the source.
#[derive(Debug)]
pub(super) enum StreamJob {
    Pages(u64, Vec<u8>),
    Zeros(ZeroRuns),
    RoundEnd(u64),
}

/// The open connections of a source. They are closed when it is dropped.
pub(super) struct PageStreams {
    streams: Vec<SendingStream>,
    next: usize,
    /// The buffers of pages that were sent.
    buffers: Arc<Buffers>,
}

struct SendingStream {
    jobs: SyncSender<StreamJob>,
    thread: JoinHandle<Result<(), MigrationFailure>>,
}

impl PageStreams {
    /// Opens the connections.
    pub(super) fn start(
        source: &mut StreamSource,
        start: StreamStart,
        control: &Arc<Control>,
        sent: &Arc<AtomicU64>,
    ) -> Result<Self, MigrationFailure> {
        let buffers = Arc::<Buffers>::default();
        let streams = (0..start.count).map(|number| {
            let transport = (source.open)().map_err(MigrationFailure::Link)?;
            let mut channel = Channel::new(transport, Arc::clone(control), start.timeout);
            let token = start.token;
            let greeting = StreamGreeting { token, number };
            let kind = MessageKind::Stream;
            channel.send(kind, &payload::to_json(kind, &greeting)?)?;
            let (jobs, queue) = sync_channel(QUEUE);
            let counters = (Arc::clone(control), Arc::clone(sent));
            let buffers = Arc::clone(&buffers);
            let run = move || {
                let (control, sent) = &counters;
                send_jobs(channel, &queue, start, &buffers, (control, sent))
            };
            let thread = thread::Builder::new().name("migration".into()).spawn(run);
            let thread = thread.map_err(MigrationFailure::Link)?;
            Ok(SendingStream { jobs, thread })
        });
        let streams = streams.collect::<Result<_, MigrationFailure>>()?;
        Ok(Self {
            streams,
            next: 0,
            buffers,
        })
    }

    /// Gives a copy of these pages to the next connection that has room.
    pub(super) fn send_pages(
        &mut self,
        address: u64,
        pages: &[u8],
    ) -> Result<(), MigrationFailure> {
        let mut copy = self.buffers.take().unwrap_or_default();
        copy.clear();
        copy.extend(pages);
        self.send(StreamJob::Pages(address, copy))
    }

    /// Gives memory to the next connection that has room, or the end of a round to all.
    pub(super) fn send(&mut self, job: StreamJob) -> Result<(), MigrationFailure> {
        if let StreamJob::RoundEnd(round) = job {
            return self.end_round(round);
        }
        let count = self.streams.len().max(1);
        let mut job = job;
        for _ in 0..count {
            self.next = (self.next + 1) % count;
            let Some(stream) = self.streams.get(self.next) else {
                break;
            };
            match stream.jobs.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => job = back,
            }
        }
        let stream = self.streams.get(self.next);
        match stream.map(|stream| stream.jobs.send(job)) {
            Some(Ok(())) => Ok(()),
            _ => Err(self.failure()),
        }
    }

    /// Ends a round on all connections.
    fn end_round(&mut self, round: u64) -> Result<(), MigrationFailure> {
        let mut streams = self.streams.iter();
        if streams.all(|stream| stream.jobs.send(StreamJob::RoundEnd(round)).is_ok()) {
            return Ok(());
        }
        Err(self.failure())
    }

    /// The failure of a connection whose thread has ended.
    fn failure(&mut self) -> MigrationFailure {
        let ended = |stream: &SendingStream| stream.thread.is_finished();
        // A thread that has closed its queue is about to end.
        let ended = self.streams.iter().position(ended).unwrap_or(self.next);
        if ended >= self.streams.len() {
            return MigrationFailure::Closed;
        }
        let stream = self.streams.swap_remove(ended);
        drop(stream.jobs);
        match stream.thread.join() {
            Ok(Err(failure)) => failure,
            _ => MigrationFailure::Closed,
        }
    }
}

/// Sends jobs until the queue is closed.
fn send_jobs(
    mut channel: Channel,
    queue: &Receiver<StreamJob>,
    start: StreamStart,
    buffers: &Buffers,
    (control, sent): (&Control, &AtomicU64),
) -> Result<(), MigrationFailure> {
    let idle = start.timeout / KEEP_ALIVES;
    loop {
        let length = match queue.recv_timeout(idle) {
            Ok(StreamJob::Pages(address, pages)) => {
                let length = send_pages(&mut channel, address, &pages, start.zstd)?;
                buffers.give(pages);
                length
            }
            Ok(StreamJob::Zeros(zeros)) => {
                let payload = zeros.bytes();
                channel.queue(MessageKind::Zeros, &payload)?;
                payload.len()
            }
            Ok(StreamJob::RoundEnd(round)) => {
                channel.send(MessageKind::RoundEnd, &round.to_le_bytes())?;
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {
                channel.flush()?;
                channel.keep_alive(idle)?;
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return channel.flush(),
        };
        sent.fetch_add(length as u64, Ordering::Relaxed);
        control.update(|progress| progress.ram.add_stream_message(length as u64));
    }
}

/// Sends pages and returns the length of the payload.
fn send_pages(
    channel: &mut Channel,
    address: u64,
    pages: &[u8],
    zstd: bool,
) -> Result<usize, MigrationFailure> {
    let compressed = if zstd { compressed(pages) } else { None };
    let run = PageRun::new(address, pages, compressed.as_deref());
    channel.queue_parts(MessageKind::Pages, &[&run.prefix(), run.data])?;
    Ok(PREFIX + run.data.len())
}
