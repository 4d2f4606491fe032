//! The memory that arrives at a destination, and its counters.

use super::destination::DestinationSide;
use super::failure::MigrationFailure;
use super::guest::DestinationGuest;
use super::memory_map::GRANULE;
use super::message::Message;
use super::pages::ZeroRuns;

impl<G: DestinationGuest + ?Sized> DestinationSide<'_, G> {
    pub(super) fn write(
        &mut self,
        round: u64,
        address: u64,
        contents: &[u8],
    ) -> Result<(), MigrationFailure> {
        let written = self.guest.write(address, contents);
        written.map_err(MigrationFailure::of_guest("writing the guest's memory"))?;
        self.report_pages(round, false, contents.len() as u64);
        Ok(())
    }

    pub(super) fn zero(&mut self, round: u64, zeros: &ZeroRuns) -> Result<(), MigrationFailure> {
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
    pub(super) fn report_message(&self, message: &Message) {
        let length = message.payload.len() as u64;
        self.control
            .update(|progress| progress.ram.transferred += length);
    }

    /// Reports the end of a round, of which nothing is left.
    pub(super) fn report_round(&self, round: u64) {
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
