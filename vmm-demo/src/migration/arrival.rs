//! The memory that arrives at a destination, and its counters.

use super::arriving_streams::StreamEvent;
use super::destination::DestinationSide;
use super::failure::MigrationFailure;
use super::guest::DestinationGuest;
use super::memory_map::GRANULE;
use super::message::{InvalidMessage, Message, MessageKind};
use super::pages::{PageRun, ZeroRuns};
use super::payload;
use super::progress::MigrationStep;

impl<G: DestinationGuest + ?Sized> DestinationSide<'_, G> {
    /// Takes rounds of memory until STATE comes.
    pub(super) fn take_rounds(&mut self) -> Result<MigrationStep, MigrationFailure> {
        let mut round = 0;
        let timeouts = self.options.timeouts;
        let mut timeout = timeouts.link;
        loop {
            let message = self.channel.receive(timeout)?;
            // After a round the source may pause the guest and read its state, and says nothing.
            timeout = match message.kind {
                MessageKind::RoundEnd | MessageKind::RoundBegin => timeouts.answer,
                _ => timeouts.link,
            };
            match message.kind {
                MessageKind::Pages => {
                    self.report_message(&message);
                    let run = PageRun::parse(&message.payload, &self.map, self.zstd)?;
                    self.write(round, run.address, &run.contents()?)?;
                    self.channel.recycle(message.payload);
                }
                MessageKind::Zeros => {
                    self.report_message(&message);
                    self.zero(round, &ZeroRuns::parse(&message.payload, &self.map)?)?;
                }
                kind @ (MessageKind::RoundEnd | MessageKind::RoundBegin) => {
                    if payload::round_number(kind, &message.payload)? != round {
                        return Err(payload::invalid(kind, "the round is another one").into());
                    }
                    if kind == MessageKind::RoundBegin {
                        self.take_streams(round)?;
                    }
                    self.report_round(round);
                    self.channel
                        .send(MessageKind::RoundDone, &round.to_le_bytes())?;
                    round += 1;
                }
                MessageKind::KeepAlive => {}
                MessageKind::State if round > 0 => {
                    self.state = message.payload;
                    self.streams = None;
                    return Ok(MigrationStep::Ready);
                }
                found => {
                    let expected = "PAGES, ZEROS, ROUND-END, KEEP-ALIVE, or STATE after a round";
                    return Err(InvalidMessage::Unexpected { found, expected }.into());
                }
            }
        }
    }

    /// Takes a round of the further connections.
    fn take_streams(&mut self, round: u64) -> Result<(), MigrationFailure> {
        let mut open = self.stream_count;
        while open > 0 {
            let Some(streams) = &mut self.streams else {
                let reason = "there are no further connections";
                return Err(payload::invalid(MessageKind::RoundBegin, reason).into());
            };
            match streams.next()? {
                StreamEvent::Pages(pages) => {
                    self.write(round, pages.address, pages.contents())?;
                    if let Some(streams) = &self.streams {
                        streams.recycle(pages);
                    }
                }
                StreamEvent::Zeros(zeros) => self.zero(round, &zeros)?,
                StreamEvent::RoundEnd(number) if number == round => open -= 1,
                StreamEvent::RoundEnd(_) => {
                    let reason = "the round is another one";
                    return Err(payload::invalid(MessageKind::RoundEnd, reason).into());
                }
                StreamEvent::Failed(failure) => return Err(self.channel.reason_for(failure)),
            }
        }
        Ok(())
    }

    fn write(&mut self, round: u64, address: u64, contents: &[u8]) -> Result<(), MigrationFailure> {
        let written = self.guest.write(address, contents);
        written.map_err(MigrationFailure::of_guest("writing the guest's memory"))?;
        self.report_pages(round, false, contents.len() as u64);
        Ok(())
    }

    fn zero(&mut self, round: u64, zeros: &ZeroRuns) -> Result<(), MigrationFailure> {
        for (address, length) in &zeros.0 {
            let zeroed = self.guest.zero(*address, *length);
            zeroed.map_err(MigrationFailure::of_guest("writing the guest's memory"))?;
            self.report_pages(round, true, *length);
        }
        Ok(())
    }

    /// Reports the size of the memory, before any of it comes.
    pub(super) fn report_memory(&self) {
        let (total, elapsed) = (self.map.size(), self.started.elapsed());
        self.control.update(|progress| {
            progress.ram.total = total;
            progress.ram.remaining = if self.shares_memory() { 0 } else { total };
            progress.ram.page_size = GRANULE;
            progress.setup_time = Some(elapsed);
            progress.total_time = elapsed;
        });
    }

    /// Reports a message for memory on the first connection.
    fn report_message(&self, message: &Message) {
        let length = message.payload.len() as u64;
        self.control
            .update(|progress| progress.ram.transferred += length);
    }

    /// Reports the end of a round, of which nothing is left.
    fn report_round(&self, round: u64) {
        let elapsed = self.started.elapsed();
        self.control.update(|progress| {
            progress.ram.dirty_sync_count = round + 1;
            progress.ram.remaining = 0;
            progress.total_time = elapsed;
        });
    }

    fn report_pages(&self, round: u64, is_zero: bool, length: u64) {
        let elapsed = self.started.elapsed();
        self.control.update(|progress| {
            progress.ram.dirty_sync_count = round + 1;
            progress.ram.add_pages(is_zero, length);
            progress.total_time = elapsed;
        });
    }
}
