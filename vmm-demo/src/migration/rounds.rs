//! Pre-copy: rounds of memory, sent while the guest runs and once more when it is paused.

use super::channel::expect_kind;
use super::convergence::{self, Convergence, RoundDecision, RoundMeasurement};
use super::dirty_bitmap::DirtyBitmap;
use super::failure::MigrationFailure;
use super::guest::SourceGuest;
use super::memory_map::GRANULE;
use super::message::{InvalidMessage, MAX_CHUNK, MessageKind};
use super::pages::{PageRun, ZeroRuns, compressed};
use super::payload;
use super::progress::MigrationStep;
use super::source::SourceSide;
use super::streams::StreamJob;
use super::transport::TICK;
use crate::vmm::pages::runs;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The number of bytes of memory that are read at once, if pages are no larger: one chunk is read
/// while the destination writes the one before, and both are in the processors' caches.
const CHUNK: u64 = 256 << 10;

/// The share of the link's timeout after which an idle source sends KEEP-ALIVE.
const KEEP_ALIVES: u32 = 4;

const READING: &str = "reading the guest's memory";

const READING_STATE: &str = "reading the machine's state";

/// The start of a round.
#[derive(Clone, Copy, Debug)]
struct RoundStart {
    time: Instant,
    /// The bytes that were sent before, as messages.
    sent: u64,
    /// The bytes of pages that were sent before, but for zeros.
    normal_bytes: u64,
}

impl<G: SourceGuest + ?Sized> SourceSide<'_, G> {
    /// Sends all pages, then those that were written meanwhile, until the rest fits the downtime
    /// limit.
    pub(super) fn copy_rounds(&mut self) -> Result<MigrationStep, MigrationFailure> {
        self.start()?;
        let mut convergence = Convergence::default();
        loop {
            let begun = self.begin_round()?;
            let memory = self.send_pending(begun)?;
            // Also a round that was cut short: a page of the next round must not overtake it.
            self.end_round()?;
            let elapsed = self.started.elapsed();
            let parameters = self.control.parameters();
            if let Some(RoundDecision::Stop) = convergence::time_out(elapsed, &parameters) {
                return Ok(MigrationStep::State);
            }
            let duration = begun.time.elapsed();
            self.collect_dirty_pages()?;
            let round = RoundMeasurement {
                memory,
                sent: self.control.progress().ram.normal_bytes - begun.normal_bytes,
                duration,
                dirty: self.pending_bytes(),
                elapsed,
            };
            self.report_round(&round);
            match convergence.decide(&round, &parameters) {
                RoundDecision::Stop => return Ok(MigrationStep::State),
                RoundDecision::Continue { throttle } => self.throttle(throttle)?,
                RoundDecision::TimedOut => return Err(timed_out(&round)),
            }
        }
    }

    /// Sends what was written since the last round of the running guest while the machine's state
    /// is read, and then what that has written: KVM flushes parts of the state to RAM.
    pub(super) fn copy_last_rounds(&mut self) -> Result<Vec<u8>, MigrationFailure> {
        self.collect_dirty_pages()?;
        let started = self.guest.start_saving();
        started.map_err(MigrationFailure::of_guest(READING_STATE))?;
        let begun = self.begin_round()?;
        self.send_pending(begun)?;
        self.channel.flush()?;
        let state = self.save()?;
        self.collect_dirty_pages()?;
        if self.pending_bytes() > 0 {
            self.end_round()?;
            let begun = self.begin_round()?;
            self.send_pending(begun)?;
        }
        self.end_round()?;
        self.streams = None;
        Ok(state)
    }

    pub(super) fn save(&mut self) -> Result<Vec<u8>, MigrationFailure> {
        let state = self.guest.save();
        state.map_err(MigrationFailure::of_guest(READING_STATE))
    }

    fn begin_round(&mut self) -> Result<RoundStart, MigrationFailure> {
        if self.streams.is_some() {
            let number = self.round.to_le_bytes();
            self.channel.send(MessageKind::RoundBegin, &number)?;
        }
        Ok(RoundStart {
            time: Instant::now(),
            sent: self.sent.load(Ordering::Relaxed),
            normal_bytes: self.control.progress().ram.normal_bytes,
        })
    }

    fn sent_since(&self, begun: RoundStart) -> u64 {
        self.sent.load(Ordering::Relaxed) - begun.sent
    }

    /// Starts the dirty log and marks all pages, in every attempt anew: the log of an attempt that
    /// failed is gone.
    fn start(&mut self) -> Result<(), MigrationFailure> {
        self.logging = true;
        let started = self.guest.start_dirty_log();
        started.map_err(MigrationFailure::of_guest("starting the dirty log"))?;
        let invalid = || InvalidMessage::Payload {
            kind: MessageKind::Memory,
            reason: "a slot is no multiple of the page size, or exceeds this machine".into(),
        };
        let chunk = MAX_CHUNK as u64;
        if !self.page_size.is_multiple_of(GRANULE) || self.page_size > chunk {
            return Err(invalid().into());
        }
        let slots = self.slots.iter().map(|slot| {
            let pages = slot.size / self.page_size;
            let exact = slot.size.is_multiple_of(self.page_size);
            let pages = usize::try_from(pages).ok().filter(|_| exact);
            pages.map(DirtyBitmap::full).ok_or_else(invalid)
        });
        self.pending = slots.collect::<Result<_, _>>()?;
        let setup = self.started.elapsed();
        self.control
            .update(|progress| progress.setup_time = Some(setup));
        Ok(())
    }

    /// Sends the pending pages. Ends early if the time for the pre-copy is used up; what is not
    /// sent stays pending.
    fn send_pending(&mut self, begun: RoundStart) -> Result<u64, MigrationFailure> {
        self.control.begin_pass(self.pending_bytes());
        let mut memory = 0;
        let mut zeros = ZeroRuns::default();
        let most = usize::try_from(CHUNK / self.page_size).map_or(1, |most| most.max(1));
        for slot in 0..self.slots.len() {
            let mut from = 0;
            while let Some((first, pages)) = self.next_run(slot, from, most) {
                from = first + pages;
                memory += self.send_run(slot, (first, pages), &mut zeros)?;
                self.pace(begun)?;
                if self.must_end_round()? {
                    self.send_zeros(&mut zeros)?;
                    return Ok(memory);
                }
            }
        }
        self.send_zeros(&mut zeros)?;
        Ok(memory)
    }

    fn next_run(&mut self, slot: usize, from: usize, most: usize) -> Option<(usize, usize)> {
        self.pending.get_mut(slot)?.take_run(from, most)
    }

    /// Sends a run of pages of a slot as runs that are zero or not. Returns its length in bytes.
    fn send_run(
        &mut self,
        slot: usize,
        (first, pages): (usize, usize),
        zeros: &mut ZeroRuns,
    ) -> Result<u64, MigrationFailure> {
        let start = self.slots.get(slot).map_or(0, |slot| slot.address);
        let address = start + first as u64 * self.page_size;
        let length = pages as u64 * self.page_size;
        let untouched = self.untouched(address, length)?;
        if untouched > 0 {
            self.add_zeros(zeros, address, untouched)?;
        }
        if untouched < length {
            let mut buffer = std::mem::take(&mut self.chunk);
            let rest = (address + untouched, length - untouched);
            let sent = self.send_contents(rest, &mut buffer, zeros);
            self.chunk = buffer;
            sent?;
        }
        Ok(length)
    }

    /// The length of the pages of a run that nobody has written. Those of later rounds have been.
    fn untouched(&mut self, address: u64, length: u64) -> Result<u64, MigrationFailure> {
        if self.round > 0 {
            return Ok(0);
        }
        let untouched = self.guest.untouched(address, length);
        let untouched = untouched.map_err(MigrationFailure::of_guest(READING))?;
        Ok(untouched.min(length) / self.page_size * self.page_size)
    }

    /// Reads pages and sends them.
    fn send_contents(
        &mut self,
        (address, length): (u64, u64),
        buffer: &mut Vec<u8>,
        zeros: &mut ZeroRuns,
    ) -> Result<(), MigrationFailure> {
        let page = usize::try_from(self.page_size).unwrap_or(MAX_CHUNK);
        let length = usize::try_from(length).unwrap_or(MAX_CHUNK);
        buffer.resize(length.max(buffer.len()), 0);
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        let read = self.guest.read(address, buffer);
        read.map_err(MigrationFailure::of_guest(READING))?;
        for run in runs(buffer, page) {
            let address = address + run.offset;
            if run.is_zero {
                self.add_zeros(zeros, address, run.bytes.len() as u64)?;
            } else {
                self.send_pages(address, run.bytes)?;
                self.report_pages(false, run.bytes.len() as u64);
            }
        }
        Ok(())
    }

    /// Adds a run, together with the one before it if they are adjacent, and sends the runs if a
    /// message has no room for more.
    fn add_zeros(
        &mut self,
        zeros: &mut ZeroRuns,
        address: u64,
        length: u64,
    ) -> Result<(), MigrationFailure> {
        zeros.add(address, length);
        self.report_pages(true, length);
        if zeros.0.len() == ZeroRuns::MAX {
            self.send_zeros(zeros)?;
        }
        Ok(())
    }

    fn send_pages(&mut self, address: u64, bytes: &[u8]) -> Result<(), MigrationFailure> {
        if let Some(streams) = &mut self.streams {
            let sent = streams.send_pages(address, bytes);
            return sent.map_err(|failure| self.channel.reason_for(failure));
        }
        let compressed = if self.zstd { compressed(bytes) } else { None };
        let run = PageRun::new(address, bytes, compressed.as_deref());
        self.queue_memory(MessageKind::Pages, &[&run.prefix(), run.data])
    }

    fn send_zeros(&mut self, zeros: &mut ZeroRuns) -> Result<(), MigrationFailure> {
        if zeros.0.is_empty() {
            return Ok(());
        }
        let zeros = std::mem::take(zeros);
        if self.streams.is_some() {
            return self.dispatch(StreamJob::Zeros(zeros));
        }
        self.queue_memory(MessageKind::Zeros, &[&zeros.bytes()])
    }

    /// Gives work to the further connections.
    fn dispatch(&mut self, job: StreamJob) -> Result<(), MigrationFailure> {
        match self.streams.as_mut().map(|streams| streams.send(job)) {
            Some(Err(failure)) => Err(self.channel.reason_for(failure)),
            _ => Ok(()),
        }
    }

    fn queue_memory(
        &mut self,
        kind: MessageKind,
        payload: &[&[u8]],
    ) -> Result<(), MigrationFailure> {
        self.channel.queue_parts(kind, payload)?;
        let length = payload.iter().map(|part| part.len() as u64).sum();
        self.sent.fetch_add(length, Ordering::Relaxed);
        self.control.update(|progress| progress.add_sent(length));
        Ok(())
    }

    /// Waits while the round is faster than the bandwidth limit. A paused guest is not made to
    /// wait.
    fn pace(&mut self, begun: RoundStart) -> Result<(), MigrationFailure> {
        loop {
            let limit = self.control.parameters().bandwidth;
            let Some(limit) = limit.filter(|_| !self.is_paused()) else {
                return Ok(());
            };
            let milliseconds = self.sent_since(begun).saturating_mul(1000) / limit.max(1);
            let due = Duration::from_millis(milliseconds);
            let ahead = due.saturating_sub(begun.time.elapsed());
            if ahead.is_zero() || self.must_end_round()? {
                return Ok(());
            }
            self.channel.flush()?;
            self.channel
                .keep_alive(self.options.timeouts.link / KEEP_ALIVES)?;
            std::thread::sleep(ahead.min(TICK));
        }
    }

    /// True if the time for the pre-copy is used up and the guest must stop now.
    fn must_end_round(&self) -> Result<bool, MigrationFailure> {
        if self.control.is_cancelled() {
            return Err(MigrationFailure::Cancelled);
        }
        if self.is_paused() {
            return Ok(false);
        }
        let elapsed = self.started.elapsed();
        match convergence::time_out(elapsed, &self.control.parameters()) {
            Some(RoundDecision::TimedOut) => Err(MigrationFailure::TimedOut {
                after: elapsed,
                downtime: self.control.progress().expected_downtime,
            }),
            decision => Ok(decision.is_some()),
        }
    }

    /// Ends the round and waits until the destination has written it.
    fn end_round(&mut self) -> Result<(), MigrationFailure> {
        if self.streams.is_some() {
            self.dispatch(StreamJob::RoundEnd(self.round))?;
        } else {
            let number = self.round.to_le_bytes();
            self.channel.send(MessageKind::RoundEnd, &number)?;
        }
        let message = self.channel.receive(self.options.timeouts.answer)?;
        expect_kind(&message, MessageKind::RoundDone)?;
        let kind = MessageKind::RoundDone;
        if payload::round_number(kind, &message.payload)? != self.round {
            return Err(payload::invalid(kind, "the round is another one").into());
        }
        self.round += 1;
        Ok(())
    }

    fn collect_dirty_pages(&mut self) -> Result<(), MigrationFailure> {
        for (slot, pending) in self.pending.iter_mut().enumerate() {
            let log = self.guest.take_dirty_pages(slot);
            pending.add(&log.map_err(MigrationFailure::of_guest("reading the dirty log"))?);
        }
        Ok(())
    }

    fn pending_bytes(&self) -> u64 {
        let pages: u64 = self.pending.iter().map(DirtyBitmap::count).sum();
        pages * self.page_size
    }

    fn throttle(&mut self, percent: u8) -> Result<(), MigrationFailure> {
        if self.control.progress().throttle_percent == percent {
            return Ok(());
        }
        self.throttled = true;
        let throttled = self.guest.throttle(percent);
        throttled.map_err(MigrationFailure::of_guest("slowing the guest down"))?;
        self.control
            .update(|progress| progress.throttle_percent = percent);
        Ok(())
    }

    fn report_pages(&self, zero: bool, length: u64) {
        let elapsed = self.started.elapsed();
        self.control.update(|progress| {
            progress.ram.add_pages(zero, length);
            progress.total_time = elapsed;
        });
    }

    fn report_round(&self, round: &RoundMeasurement) {
        tracing::info!(?round, bandwidth = round.bandwidth(), "round of memory");
        self.control.update(|progress| {
            progress.ram.bandwidth = round.bandwidth();
            progress.ram.remaining = round.dirty;
            progress.ram.dirty_pages_rate = round.dirty_rate() / self.page_size.max(1);
            progress.expected_downtime = Some(round.expected_downtime());
            progress.total_time = round.elapsed;
        });
    }
}

fn timed_out(round: &RoundMeasurement) -> MigrationFailure {
    MigrationFailure::TimedOut {
        after: round.elapsed,
        downtime: Some(round.expected_downtime()),
    }
}
