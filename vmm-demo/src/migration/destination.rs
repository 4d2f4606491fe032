//! The destination of a migration.

use super::arriving_streams::ArrivingStreams;
use super::channel::{Channel, expect_kind};
use super::control::Control;
use super::doubt::DestinationDoubt;
use super::end::DestinationEnd;
use super::failure::MigrationFailure;
use super::guest::DestinationGuest;
use super::hello::{HelloAnswer, HelloOffer, MAX_STREAMS, MemoryMode, VERSION};
use super::inquiry::{AttemptEnd, EndAnswer};
use super::lease::{Lease, LeaseError, LeaseHolder};
use super::memory_map::MemoryMap;
use super::message::MessageKind;
use super::objection::{Objection, PeerError};
use super::payload;
use super::progress::MigrationStep;
use super::streams::{AcceptStream, StreamStart};
use super::token::Token;
use super::transport::Transport;
use super::{MigrationTimeouts, PROGRAM};
use idreg_runtime::view::View;
use std::sync::Arc;
use std::time::Instant;

/// The settings of a destination.
#[derive(Default)]
pub struct DestinationOptions {
    /// Accepts further connections for memory; without it there are none.
    pub streams: Option<AcceptStream>,
    /// The lease, if there is one; the source must have the same.
    pub lease: Option<Box<dyn Lease>>,
    /// The timeouts.
    pub timeouts: MigrationTimeouts,
}

impl std::fmt::Debug for DestinationOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DestinationOptions")
            .field("streams", &self.streams.is_some())
            .field("lease", &self.lease.is_some())
            .field("timeouts", &self.timeouts)
            .finish()
    }
}

/// Receives a guest through a connection, and returns when it is known who may run it, or that this
/// is not known.
///
/// The guest runs, is discarded or is left paused, as the result says.
pub fn receive<G: DestinationGuest + ?Sized>(
    guest: &mut G,
    transport: Box<dyn Transport>,
    options: DestinationOptions,
    control: &Arc<Control>,
) -> DestinationEnd {
    let channel = Channel::new(transport, Arc::clone(control), options.timeouts.link);
    let started = Instant::now();
    let mut destination = DestinationSide {
        guest,
        channel,
        options,
        token: Token::new([0; 16]),
        memory: MemoryMode::Copy,
        map: MemoryMap { slots: Vec::new() },
        zstd: false,
        stream_count: 1,
        streams: None,
        control,
        state: Vec::new(),
        started,
    };
    let mut step = MigrationStep::Hello;
    while step != MigrationStep::HandOver {
        control.enter(step);
        step = match destination.perform(step) {
            Ok(next) => next,
            Err(failure) => return destination.give_up(failure),
        };
    }
    control.enter(step);
    destination.take_over()
}

pub(super) struct DestinationSide<'m, G: ?Sized> {
    pub(super) guest: &'m mut G,
    pub(super) channel: Channel,
    pub(super) options: DestinationOptions,
    /// The identity of the attempt, from the source's HELLO.
    token: Token,
    /// The way of the memory, from the source's HELLO.
    memory: MemoryMode,
    pub(super) map: MemoryMap,
    pub(super) zstd: bool,
    pub(super) stream_count: u32,
    pub(super) streams: Option<ArrivingStreams>,
    pub(super) control: &'m Arc<Control>,
    pub(super) state: Vec<u8>,
    pub(super) started: Instant,
}

impl<G: DestinationGuest + ?Sized> DestinationSide<'_, G> {
    /// Performs a step before READY and returns the next one.
    fn perform(&mut self, step: MigrationStep) -> Result<MigrationStep, MigrationFailure> {
        match step {
            MigrationStep::Hello => self.answer(),
            MigrationStep::View => self.judge(),
            MigrationStep::Memory => self.take_memory(),
            MigrationStep::Rounds => self.take_rounds(),
            _ => self.load(),
        }
    }

    fn answer(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let timeout = self.options.timeouts.answer;
        let offer = self.channel.expect(MessageKind::Hello, timeout)?;
        let offer: HelloOffer = payload::from_json(MessageKind::Hello, &offer)?;
        self.check_offer(&offer)?;
        (self.token, self.memory) = (offer.token, offer.memory);
        let token = Some(offer.token);
        self.control.update(|progress| progress.token = token);
        self.zstd = offer.zstd;
        self.stream_count = match self.options.streams {
            Some(_) => offer.streams.clamp(1, MAX_STREAMS),
            None => 1,
        };
        let answer = HelloAnswer {
            program: PROGRAM.to_owned(),
            version: VERSION,
            streams: self.stream_count,
            zstd: self.zstd,
        };
        let answer = payload::to_json(MessageKind::Hello, &answer)?;
        self.channel.send(MessageKind::Hello, &answer)?;
        Ok(MigrationStep::View)
    }

    fn check_offer(&mut self, offer: &HelloOffer) -> Result<(), MigrationFailure> {
        let mut reasons = Vec::new();
        if !offer.versions.contains(&VERSION) {
            let (offered, source) = (&offer.versions, payload::shown_text(&offer.program));
            let reason = format!("{source} speaks versions {offered:?} of the migration protocol");
            let possible = format!("version {VERSION}, which {PROGRAM} speaks");
            reasons.push(Objection::new(reason).but(possible));
        }
        match &mut self.options.lease {
            Some(lease) if offer.lease => {
                if let Err(error) = lease.check_offer(offer.token) {
                    let failure = MigrationFailure::from(error);
                    reasons.extend(failure.objections());
                }
            }
            None if !offer.lease => {}
            lease => {
                let (with, without) = match lease {
                    Some(_) => ("destination", "source"),
                    None => ("source", "destination"),
                };
                let reason = format!("the {with} has a lease and the {without} has none");
                reasons.push(Objection::new(reason).but("the same `--lease PATH` on both sides"));
            }
        }
        if reasons.is_empty() {
            return Ok(());
        }
        Err(MigrationFailure::Refuses { reasons })
    }

    fn judge(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let timeout = self.options.timeouts.answer;
        let view = self.channel.expect(MessageKind::View, timeout)?;
        let view: View = payload::from_json(MessageKind::View, &view)?;
        let judged = self.guest.judge(&view);
        judged.map_err(|reasons| MigrationFailure::Refuses { reasons })?;
        self.channel.send(MessageKind::Accept, &[])?;
        Ok(MigrationStep::Memory)
    }

    fn take_memory(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let timeout = self.options.timeouts.answer;
        let map = self.channel.expect(MessageKind::Memory, timeout)?;
        self.map = MemoryMap::parse(&map)?;
        let next = if self.shares_memory() {
            let memory = self.channel.take_descriptor();
            let memory = memory.ok_or(MigrationFailure::NoDescriptor)?;
            let adopted = self.guest.adopt(memory, &self.map.slots);
            adopted.map_err(MigrationFailure::of_guest("mapping the source's memory"))?;
            MigrationStep::State
        } else {
            let allocated = self.guest.allocate(&self.map.slots);
            allocated.map_err(MigrationFailure::of_guest("allocating the guest's memory"))?;
            MigrationStep::Rounds
        };
        self.report_memory();
        self.channel.send(MessageKind::Allocated, &[])?;
        if let Some(accept) = self
            .options
            .streams
            .as_mut()
            .filter(|_| self.stream_count > 1)
            && next == MigrationStep::Rounds
        {
            let start = StreamStart {
                token: self.token,
                count: self.stream_count,
                zstd: self.zstd,
                timeout: self.options.timeouts.link,
            };
            let deadline = Instant::now() + timeout;
            let streams = ArrivingStreams::accept(accept, start, &self.map, self.control, deadline);
            self.streams = Some(streams?);
        }
        Ok(next)
    }

    pub(super) fn shares_memory(&self) -> bool {
        self.memory == MemoryMode::Shared
    }

    fn load(&mut self) -> Result<MigrationStep, MigrationFailure> {
        if self.shares_memory() {
            let timeout = self.options.timeouts.answer;
            self.state = self.channel.expect(MessageKind::State, timeout)?;
        }
        let state = std::mem::take(&mut self.state);
        let loaded = self.guest.load(&state);
        loaded.map_err(MigrationFailure::of_guest("loading the machine's state"))?;
        Ok(MigrationStep::HandOver)
    }

    /// Discards the guest after a failure before READY, and says so.
    fn give_up(mut self, failure: MigrationFailure) -> DestinationEnd {
        self.guest.discard();
        let (kind, reasons) = match &failure {
            MigrationFailure::Refuses { reasons } => (MessageKind::Refuse, reasons.clone()),
            other => (MessageKind::Error, other.objections()),
        };
        if let Ok(json) = payload::to_json(kind, &PeerError { reasons }) {
            self.channel.last_word(kind, &json);
        }
        DestinationEnd::Discarded(failure)
    }

    /// Says READY and waits for HANDOVER.
    fn take_over(mut self) -> DestinationEnd {
        // Of a message that could not be sent the source has a part at most: it hands nothing over.
        // If TLS sends the rest with the last word, that word follows, and the source resumes.
        if let Err(failure) = self.channel.send(MessageKind::Ready, &[]) {
            return self.give_up(failure);
        }
        match self.await_hand_over() {
            Ok(()) => self.claim(None),
            // The source keeps the guest, or the user of this side gives it back.
            Err(failure @ (MigrationFailure::Peer(_) | MigrationFailure::Cancelled)) => {
                self.give_up(failure)
            }
            Err(failure) => self.decide(failure),
        }
    }

    fn await_hand_over(&mut self) -> Result<(), MigrationFailure> {
        let message = self.channel.receive(self.options.timeouts.answer)?;
        Ok(expect_kind(&message, MessageKind::HandOver)?)
    }

    /// Ends a migration whose link was lost after READY. The source may have recorded with the
    /// lease that it hands over, which counts as HANDOVER.
    fn decide(mut self, failure: MigrationFailure) -> DestinationEnd {
        let token = self.token;
        match &mut self.options.lease {
            None => DestinationEnd::InDoubt(DestinationDoubt::new(failure, token, None)),
            Some(lease) => match lease.is_handed_over(token) {
                Ok(true) => self.claim(Some(failure)),
                Ok(false) => self.give_up(failure),
                Err(error) => self.doubt(Some(failure), error),
            },
        }
    }

    /// Runs the guest unless there is a lease that forbids it. `lost` is the failure of the link.
    fn claim(mut self, lost: Option<MigrationFailure>) -> DestinationEnd {
        let token = self.token;
        let claimed = match &mut self.options.lease {
            Some(lease) => lease.claim(token),
            None => Ok(LeaseHolder::Destination),
        };
        match claimed {
            Ok(LeaseHolder::Destination) => self.run(),
            Ok(LeaseHolder::Source) => self.give_up(MigrationFailure::LeaseLost),
            Err(error) => self.doubt(lost, error),
        }
    }

    fn doubt(mut self, lost: Option<MigrationFailure>, error: LeaseError) -> DestinationEnd {
        tracing::warn!(%error, "the lease does not settle the migration");
        let failure = lost.unwrap_or_else(|| error.into());
        let lease = self.options.lease.take();
        DestinationEnd::InDoubt(DestinationDoubt::new(failure, self.token, lease))
    }

    fn run(mut self) -> DestinationEnd {
        self.guest.run();
        let total = self.started.elapsed();
        self.control.update(|progress| progress.total_time = total);
        self.control.enter(MigrationStep::Running);
        let running = self.channel.send(MessageKind::Running, &[]);
        match running.and_then(|()| self.await_end()) {
            Ok(()) => self
                .control
                .update(|progress| progress.source_has_ended = true),
            Err(error) => {
                tracing::info!(%error, "the source may not know that the guest runs here");
            }
        }
        DestinationEnd::Runs
    }

    /// Waits until the source has ended its guest. It is asked for nothing any more, so that the
    /// result decides only if it may ask.
    fn await_end(&mut self) -> Result<(), MigrationFailure> {
        let end = self
            .channel
            .expect(MessageKind::End, self.options.timeouts.link)?;
        let EndAnswer { end } = payload::from_json(MessageKind::End, &end)?;
        match end {
            AttemptEnd::Discarded => Ok(()),
            _ => Err(payload::invalid(MessageKind::End, "the guest runs here").into()),
        }
    }
}
