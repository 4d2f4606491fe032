//! The source of a migration.

use super::channel::{Channel, expect_kind};
use super::control::Control;
use super::dirty_bitmap::DirtyBitmap;
use super::doubt::SourceDoubt;
use super::end::SourceEnd;
use super::failure::MigrationFailure;
use super::guest::SourceGuest;
use super::hello::{HelloAnswer, HelloOffer, MemoryMode, VERSION};
use super::inquiry::{AttemptEnd, EndAnswer};
use super::lease::{Lease, LeaseHolder};
use super::memory_map::{GRANULE, MemoryMap, RamSlot};
use super::message::MessageKind;
use super::objection::PeerError;
use super::payload;
use super::progress::MigrationStep;
use super::streams::{PageStreams, StreamSource, StreamStart};
use super::token::Token;
use super::transport::Transport;
use super::{MigrationTimeouts, PROGRAM};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// The settings of a source.
pub struct SourceOptions {
    /// The identity of this attempt: random, and another one for the next attempt.
    pub token: Token,
    /// The way of the memory.
    pub memory: MemoryMode,
    /// True if pages are compressed with zstd, if the destination can read that.
    pub zstd: bool,
    /// Further connections for memory, if the destination takes them.
    pub streams: Option<StreamSource>,
    /// The lease, if there is one; the destination must have the same.
    pub lease: Option<Box<dyn Lease>>,
    /// The timeouts.
    pub timeouts: MigrationTimeouts,
}

impl std::fmt::Debug for SourceOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceOptions")
            .field("token", &self.token)
            .field("memory", &self.memory)
            .field("zstd", &self.zstd)
            .field("streams", &self.streams)
            .field("lease", &self.lease.is_some())
            .field("timeouts", &self.timeouts)
            .finish()
    }
}

/// Migrates a guest through a connection, and returns when it is known who may run it, or that this
/// is not known.
///
/// The guest is ended, resumed or left paused, as the result says. Its dirty log is off afterwards.
pub fn migrate<G: SourceGuest + ?Sized>(
    guest: &mut G,
    transport: Box<dyn Transport>,
    options: SourceOptions,
    control: &Arc<Control>,
) -> SourceEnd {
    let channel = Channel::new(transport, Arc::clone(control), options.timeouts.link);
    let mut source = SourceSide {
        guest,
        channel,
        options,
        control,
        slots: Vec::new(),
        page_size: GRANULE,
        zstd: false,
        stream_count: 1,
        streams: None,
        sent: Arc::default(),
        pending: Vec::new(),
        chunk: Vec::new(),
        round: 0,
        logging: false,
        throttled: false,
        paused: None,
        started: Instant::now(),
    };
    let mut step = MigrationStep::Hello;
    while step != MigrationStep::HandOver {
        control.enter(step);
        step = match source.perform(step) {
            Ok(next) => next,
            Err(failure) => return source.give_up(failure),
        };
    }
    control.enter(step);
    source.hand_over()
}

pub(super) struct SourceSide<'m, G: ?Sized> {
    pub(super) guest: &'m mut G,
    pub(super) channel: Channel,
    pub(super) options: SourceOptions,
    pub(super) control: &'m Arc<Control>,
    pub(super) slots: Vec<RamSlot>,
    pub(super) page_size: u64,
    /// True if pages are compressed with zstd.
    pub(super) zstd: bool,
    stream_count: u32,
    /// The further connections for memory.
    pub(super) streams: Option<PageStreams>,
    /// The bytes of memory that were sent.
    pub(super) sent: Arc<AtomicU64>,
    /// The pages of each slot that the destination does not have.
    pub(super) pending: Vec<DirtyBitmap>,
    /// The pages that are being sent.
    pub(super) chunk: Vec<u8>,
    /// The number of the next round.
    pub(super) round: u64,
    /// True if the dirty log may be on.
    pub(super) logging: bool,
    /// True if vCPUs may be slowed down.
    pub(super) throttled: bool,
    /// The time of the guest's pause.
    paused: Option<Instant>,
    pub(super) started: Instant,
}

impl<G: SourceGuest + ?Sized> SourceSide<'_, G> {
    /// Performs a step before the hand-over and returns the next one.
    fn perform(&mut self, step: MigrationStep) -> Result<MigrationStep, MigrationFailure> {
        match (step, self.options.memory) {
            (MigrationStep::Hello, _) => self.greet(),
            (MigrationStep::View, _) => self.offer_view(),
            (MigrationStep::Memory, MemoryMode::Copy) => self.announce_memory(),
            (MigrationStep::Memory, MemoryMode::Shared) => self.share_memory(),
            (MigrationStep::Rounds, _) => self.copy_rounds(),
            (MigrationStep::State, _) => self.send_state(),
            _ => self.await_ready(),
        }
    }

    fn greet(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let token = self.options.token;
        if let Some(lease) = &mut self.options.lease {
            lease.offer(token)?;
        }
        let offer = HelloOffer {
            program: PROGRAM.to_owned(),
            versions: vec![VERSION],
            token,
            memory: self.options.memory,
            lease: self.options.lease.is_some(),
            streams: self.options.streams.as_ref().map_or(1, StreamSource::count),
            zstd: self.options.zstd,
        };
        self.channel.send(
            MessageKind::Hello,
            &payload::to_json(MessageKind::Hello, &offer)?,
        )?;
        let answer = self
            .channel
            .expect(MessageKind::Hello, self.options.timeouts.answer)?;
        let answer: HelloAnswer = payload::from_json(MessageKind::Hello, &answer)?;
        if answer.version != VERSION {
            let reason = format!("version {} was not on offer", answer.version);
            return Err(payload::invalid(MessageKind::Hello, &reason).into());
        }
        self.zstd = answer.zstd && offer.zstd;
        if answer.streams > offer.streams {
            let reason = format!("{} connections were not on offer", answer.streams);
            return Err(payload::invalid(MessageKind::Hello, &reason).into());
        }
        self.stream_count = answer.streams;
        Ok(MigrationStep::View)
    }

    fn offer_view(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let view = self.guest.view();
        let view = view.map_err(MigrationFailure::of_guest("reading the guest's view"))?;
        let json = payload::to_json(MessageKind::View, &view)?;
        self.channel.send(MessageKind::View, &json)?;
        self.channel
            .expect(MessageKind::Accept, self.options.timeouts.answer)?;
        Ok(MigrationStep::Memory)
    }

    fn memory_map(&mut self) -> Result<Vec<u8>, MigrationFailure> {
        let slots = self.guest.slots();
        self.slots = slots.map_err(MigrationFailure::of_guest("listing the guest's memory"))?;
        self.page_size = self.guest.page_size();
        let map = MemoryMap {
            slots: self.slots.clone(),
        };
        self.control.update(|progress| {
            progress.ram.total = map.size();
            progress.ram.page_size = self.page_size;
        });
        Ok(payload::to_json(MessageKind::Memory, &map)?)
    }

    fn announce_memory(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let map = self.memory_map()?;
        self.channel.send(MessageKind::Memory, &map)?;
        self.channel
            .expect(MessageKind::Allocated, self.options.timeouts.answer)?;
        if let Some(streams) = self
            .options
            .streams
            .as_mut()
            .filter(|_| self.stream_count > 1)
        {
            let start = StreamStart {
                token: self.options.token,
                count: self.stream_count,
                zstd: self.zstd,
                timeout: self.options.timeouts.link,
            };
            self.streams = Some(PageStreams::start(
                streams,
                start,
                self.control,
                &self.sent,
            )?);
        }
        Ok(MigrationStep::Rounds)
    }

    fn share_memory(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let map = self.memory_map()?;
        let file = self.guest.memory_file();
        let file = file.map_err(MigrationFailure::of_guest("sharing the guest's memory"))?;
        self.channel
            .send_descriptor(MessageKind::Memory, &map, file)?;
        self.channel
            .expect(MessageKind::Allocated, self.options.timeouts.answer)?;
        let setup = self.started.elapsed();
        self.control
            .update(|progress| progress.setup_time = Some(setup));
        Ok(MigrationStep::State)
    }

    /// Pauses the guest and sends what is left of it.
    fn send_state(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let pausing = Instant::now();
        let paused = self.guest.pause();
        paused.map_err(MigrationFailure::of_guest("pausing the guest"))?;
        self.paused = Some(pausing);
        let state = match self.options.memory {
            MemoryMode::Copy => self.copy_last_rounds()?,
            MemoryMode::Shared => self.save()?,
        };
        self.channel.send(MessageKind::State, &state)?;
        Ok(MigrationStep::Ready)
    }

    fn await_ready(&mut self) -> Result<MigrationStep, MigrationFailure> {
        self.channel
            .expect(MessageKind::Ready, self.options.timeouts.answer)?;
        Ok(MigrationStep::HandOver)
    }

    /// Goes on with the guest after a failure before the hand-over.
    fn give_up(mut self, failure: MigrationFailure) -> SourceEnd {
        let reasons = failure.objections();
        if let Ok(json) = payload::to_json(MessageKind::Error, &PeerError { reasons }) {
            self.channel.last_word(MessageKind::Error, &json);
        }
        self.resume();
        self.remove_lease();
        SourceEnd::Continues(failure)
    }

    /// Removes the lease of an attempt that can no longer be claimed.
    fn remove_lease(&mut self) {
        let token = self.options.token;
        if let Some(lease) = &mut self.options.lease {
            lease.remove(token);
        }
    }

    /// Hands over. From the first call on, the guest may not run here unless the destination says
    /// that it has ended there, or the lease does.
    fn hand_over(mut self) -> SourceEnd {
        let token = self.options.token;
        let recorded = match &mut self.options.lease {
            Some(lease) => lease.hand_over(token).map_err(MigrationFailure::from),
            None => Ok(()),
        };
        let running = recorded
            .and_then(|()| self.channel.hand_over())
            .and_then(|()| self.await_running());
        match running {
            Ok(()) => self.complete(),
            // Its last word: it has not run the guest, and never will.
            Err(failure @ MigrationFailure::Peer(_)) => {
                self.resume();
                SourceEnd::Continues(failure)
            }
            Err(failure) => self.decide(failure),
        }
    }

    fn await_running(&mut self) -> Result<(), MigrationFailure> {
        let timeout = self.options.timeouts.answer;
        let message = self.channel.receive_always(timeout)?;
        Ok(expect_kind(&message, MessageKind::Running)?)
    }

    fn complete(mut self) -> SourceEnd {
        let downtime = self.paused.map(|paused| paused.elapsed());
        let total = self.started.elapsed();
        self.control.update(|progress| {
            progress.step = MigrationStep::Running;
            progress.downtime = downtime;
            progress.total_time = total;
        });
        self.guest.end();
        self.remove_lease();
        let end = AttemptEnd::Discarded;
        if let Ok(json) = payload::to_json(MessageKind::End, &EndAnswer { end }) {
            self.channel.last_word(MessageKind::End, &json);
        }
        SourceEnd::Completed
    }

    /// Ends a migration whose link was lost after the hand-over.
    fn decide(mut self, failure: MigrationFailure) -> SourceEnd {
        let token = self.options.token;
        let Some(lease) = &mut self.options.lease else {
            self.restore_speed();
            return SourceEnd::InDoubt(SourceDoubt::new(failure, token, None));
        };
        match lease.revoke(token) {
            Ok(LeaseHolder::Source) => {
                self.resume();
                SourceEnd::Continues(failure)
            }
            Ok(LeaseHolder::Destination) => {
                self.guest.end();
                SourceEnd::Completed
            }
            Err(error) => {
                tracing::warn!(%error, "the lease does not settle the migration");
                self.restore_speed();
                let lease = self.options.lease.take();
                SourceEnd::InDoubt(SourceDoubt::new(failure, token, lease))
            }
        }
    }

    /// Takes back what slows the guest down.
    fn restore_speed(&mut self) {
        if std::mem::take(&mut self.logging)
            && let Err(error) = self.guest.stop_dirty_log()
        {
            tracing::warn!(%error, "the dirty log stays on, and slows the guest down");
        }
        if std::mem::take(&mut self.throttled)
            && let Err(error) = self.guest.throttle(0)
        {
            tracing::warn!(%error, "the guest stays slowed down");
        }
    }

    fn resume(&mut self) {
        self.restore_speed();
        if self.paused.take().is_some() {
            self.guest.resume();
        }
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }
}
