//! The further connections of a destination, each with a thread that receives and decompresses
//! pages.

use super::buffers::Buffers;
use super::channel::Channel;
use super::control::Control;
use super::failure::MigrationFailure;
use super::hello::StreamGreeting;
use super::memory_map::MemoryMap;
use super::message::{InvalidMessage, MessageKind};
use super::pages::{PREFIX, PageEncoding, PageRun, ZeroRuns};
use super::payload;
use super::streams::{AcceptStream, StreamStart};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// The number of strangers that may connect before the migration ends.
const MAX_STRANGERS: u32 = 100;

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
