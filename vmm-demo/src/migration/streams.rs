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
use super::memory_map::MemoryMap;
use super::message::{InvalidMessage, MessageKind};
use super::pages::{PREFIX, PageEncoding, PageRun, ZeroRuns, compressed};
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

/// The number of strangers that may connect before the migration ends.
const MAX_STRANGERS: u32 = 100;

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

/// What both sides have agreed on.
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

/// A message of a connection of the destination.
#[derive(Debug)]
pub(super) enum StreamEvent {
    Pages(ArrivedPages),
    Zeros(ZeroRuns),
    RoundEnd(u64),
    Failed(MigrationFailure),
}

/// Pages that came on a connection.
#[derive(Debug)]
pub(super) struct ArrivedPages {
    pub(super) address: u64,
    buffer: Vec<u8>,
    /// The offset of the contents in the buffer.
    start: usize,
}

impl ArrivedPages {
    pub(super) fn contents(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }
}

/// The accepted connections of a destination.
pub(super) struct ArrivingStreams {
    events: Receiver<StreamEvent>,
    /// The buffers of pages that were written.
    buffers: Arc<Buffers>,
    timeout: Duration,
}

impl ArrivingStreams {
    /// Accepts the connections of this attempt. Other clients are left out.
    pub(super) fn accept(
        accept: &mut AcceptStream,
        start: StreamStart,
        map: &MemoryMap,
        control: &Arc<Control>,
        deadline: Instant,
    ) -> Result<Self, MigrationFailure> {
        let (sender, events) = sync_channel(start.count as usize);
        let buffers = Arc::<Buffers>::default();
        let mut waiting: Vec<u32> = (0..start.count).collect();
        let mut strangers = 0;
        while !waiting.is_empty() {
            let transport = accept(control, deadline).map_err(MigrationFailure::Link)?;
            let mut channel = Channel::new(transport, Arc::clone(control), start.timeout);
            let number = greeting(&mut channel, start)
                .ok()
                .and_then(|number| waiting.iter().position(|waits| *waits == number));
            let Some(index) = number else {
                strangers += 1;
                if strangers > MAX_STRANGERS {
                    return Err(MigrationFailure::Closed);
                }
                tracing::warn!("a connection is not of this migration");
                continue;
            };
            waiting.swap_remove(index);
            let (sender, map, control) = (sender.clone(), map.clone(), Arc::clone(control));
            let buffers = Arc::clone(&buffers);
            let run = move || receive_events(channel, &sender, &map, start, (&control, &buffers));
            let thread = thread::Builder::new().name("migration".into()).spawn(run);
            thread.map_err(MigrationFailure::Link)?;
        }
        let timeout = start.timeout;
        Ok(Self {
            events,
            buffers,
            timeout,
        })
    }

    /// Takes back pages that were written, so that the next ones need no new memory.
    pub(super) fn recycle(&self, pages: ArrivedPages) {
        self.buffers.give(pages.buffer);
    }

    /// Waits for the next event of any connection.
    pub(super) fn next(&mut self) -> Result<StreamEvent, MigrationFailure> {
        match self.events.recv() {
            Ok(event) => Ok(event),
            Err(_) => Err(MigrationFailure::Stalled {
                after: self.timeout,
            }),
        }
    }
}

fn greeting(channel: &mut Channel, start: StreamStart) -> Result<u32, MigrationFailure> {
    let kind = MessageKind::Stream;
    let greeting = channel.expect(kind, start.timeout)?;
    let greeting: StreamGreeting = payload::from_json(kind, &greeting)?;
    if greeting.token == start.token {
        return Ok(greeting.number);
    }
    Err(payload::invalid(kind, "it is of another attempt").into())
}

/// Passes on what comes until the connection fails or the destination no longer listens.
fn receive_events(
    mut channel: Channel,
    events: &SyncSender<StreamEvent>,
    map: &MemoryMap,
    start: StreamStart,
    (control, buffers): (&Control, &Buffers),
) {
    loop {
        if let Some(buffer) = buffers.take() {
            channel.recycle(buffer);
        }
        let event = match receive_event(&mut channel, map, start, control) {
            Ok(None) => continue,
            Ok(Some(event)) => event,
            Err(failure) => StreamEvent::Failed(failure),
        };
        let last = matches!(event, StreamEvent::Failed(_));
        if events.send(event).is_err() || last {
            return;
        }
    }
}

/// The next event, or `None` for KEEP-ALIVE.
fn receive_event(
    channel: &mut Channel,
    map: &MemoryMap,
    start: StreamStart,
    control: &Control,
) -> Result<Option<StreamEvent>, MigrationFailure> {
    let message = channel.receive(start.timeout)?;
    let payload = &message.payload;
    let kind = message.kind;
    if matches!(kind, MessageKind::Pages | MessageKind::Zeros) {
        let length = payload.len() as u64;
        control.update(|progress| progress.ram.add_stream_message(length));
    }
    Ok(match kind {
        MessageKind::Pages => Some(StreamEvent::Pages(arrived(message.payload, map, start)?)),
        MessageKind::Zeros => Some(StreamEvent::Zeros(ZeroRuns::parse(payload, map)?)),
        MessageKind::RoundEnd => {
            let round = payload::round_number(kind, payload)?;
            Some(StreamEvent::RoundEnd(round))
        }
        MessageKind::KeepAlive => None,
        found => {
            let expected = "PAGES, ZEROS, ROUND-END or KEEP-ALIVE";
            return Err(InvalidMessage::Unexpected { found, expected }.into());
        }
    })
}

/// The pages of a payload of PAGES.
fn arrived(
    payload: Vec<u8>,
    map: &MemoryMap,
    start: StreamStart,
) -> Result<ArrivedPages, MigrationFailure> {
    let run = PageRun::parse(&payload, map, start.zstd)?;
    let address = run.address;
    let (buffer, start) = match run.encoding {
        PageEncoding::Raw => (payload, PREFIX),
        PageEncoding::Zstd => (run.contents()?.into_owned(), 0),
    };
    Ok(ArrivedPages {
        address,
        buffer,
        start,
    })
}
